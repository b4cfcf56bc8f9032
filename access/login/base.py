"""The LoginMode contract: one way to come in. AUTH_MODE chooses it, and nothing outside of
`access/login/` asks which one it is.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from chainlit.user import User
from fastapi import APIRouter
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Scope

from access.login.credentials import Credentials
from access.login.sessions import Refused, Sessions
from access.login.tokens import Login
from access.told import wants_page
from datalayer.stores.accounts import Account

READING = ("GET", "HEAD")
HEALTH_PATHS = ("/health", "/health/live", "/health/ready", "/metrics")
"""What whoever watches over the program asks; the last judges by itself who may."""
FindOwner = Callable[[str], Awaitable[object | None]]
"""Finds the owner of conversations by identifier. Raises `StoreUnavailable`."""


@dataclass(frozen=True, slots=True)
class LoginState:
    """Whether those who should come in can, and nobody else; `remedy` says what to do if not.

    The program does not start while it is `failed`.
    """

    status: Literal["ok", "warning", "failed"]
    message: str
    remedy: str = ""


def is_health_check(scope: Scope, prefix: str) -> bool:
    """Tell whether a request asks how the program is, which needs no login."""
    path: str = scope["path"]
    is_one = path.startswith(prefix) and path.removeprefix(prefix) in HEALTH_PATHS
    return is_one and scope.get("method") in READING


@dataclass(frozen=True, slots=True)
class Visit:
    """A request, or a socket that opens, with what it says of who sends it, already judged.

    `connection` is as it came, with the peer's address as the server knows it and all headers;
    `login` is None where there is none that counts.
    """

    connection: HTTPConnection
    credentials: Credentials
    login: Login | None
    address: str
    """Where it comes from, of IPv6 the network; empty where that is not known."""

    @property
    def is_socket(self) -> bool:
        """Whether a socket opens, which can be given no cookies."""
        return bool(self.connection.scope["type"] == "websocket")

    @property
    def wants_page(self) -> bool:
        """Whether a browser loads a page, and not one of its parts."""
        return wants_page(self.connection.scope)

    @property
    def is_reading(self) -> bool:
        """Whether it changes nothing."""
        return self.connection.scope.get("method") in READING

    def asks(self, method: str, path: str) -> bool:
        """Tell whether it is a request of this method for this path."""
        scope = self.connection.scope
        return bool(scope.get("method") == method and scope["path"] == path)

    def is_health_check(self, prefix: str) -> bool:
        """Tell whether it asks how the program is, which needs no login."""
        return is_health_check(self.connection.scope, prefix)

    @property
    def client(self) -> str:
        """What the browser says it is."""
        return self.connection.headers.get("user-agent", "")


@dataclass(frozen=True, slots=True)
class Admission:
    """What becomes of a visit: it goes on as `login`, or as nobody; or `answer` is all it gets.

    A socket with an answer is closed. `cookies` are values of `Set-Cookie` that are added to the
    answer, whichever it is; that of a login which differs from the visit's is among them anyway.
    """

    login: Login | None = None
    answer: Response | None = None
    cookies: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Button:
    """A button of Chainlit's login page, which leads to `/auth/oauth/{id}`.

    `label` is what it calls where it leads to; empty for what the page's language has for that.
    """

    id: str
    label: str = ""


class LoginMode(ABC):
    """How people come in, who they then are, and until when."""

    is_personal: ClassVar[bool] = False
    """One person uses the program, on this computer: whatever model is on it will do."""

    users_are_operators: ClassVar[bool] = False
    """Whoever reads the page runs the program too, and can mend its settings."""

    has_accounts: ClassVar[bool] = False
    """Who has an account of `manage.py user` is who signs in, or may not if it is closed."""

    has_passwords: ClassVar[bool] = False
    """People have a password here, which they can change."""

    takes_bearer: ClassVar[bool] = True
    """A token of ours may come in the Authorization header; else that header is for others, and
    goes no further.
    """

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    @property
    def button(self) -> Button | None:
        """The button of the login page, where people do not sign in by a form."""
        return None

    @abstractmethod
    def state(self, host: str) -> LoginState:
        """Judge whether the program may listen on a host, before it does."""

    async def people(self) -> LoginState | None:
        """Say who can sign in, as far as that is known here. Raises `StoreUnavailable`."""
        return None

    async def admit(self, visit: Visit) -> Admission:
        """Judge a visit, before anything else of the program sees it.

        Raises `StoreUnavailable`, which is answered with 503.
        """
        return Admission(visit.login)

    async def sign_in(self, visit: Visit, user: User, account: Account | None = None) -> Login:
        """Begin a session for who has proved who they are; the browser's one before it ends.

        Raises `Refused` unless the account is stored as it is here, `StoreUnavailable`.
        """
        login = await self.sessions.begin(
            user, account=account, client=visit.client, address=visit.address
        )
        if visit.login:
            await self.sessions.leave(visit.login, address=visit.address)
        return login

    def router(self, prefix: str) -> APIRouter:
        """Return the routes by which people sign in, to be placed before Chainlit's own."""
        return APIRouter(prefix=prefix, include_in_schema=False)

    async def change_password(
        self, login: Login, current: str, new: str, *, address: str = ""
    ) -> None:
        """Change a person's password, which ends all their sessions but this one.

        Raises `Refused` where the current one is another, `PoorPassword` for a poor one,
        `TooManyAttempts`, `StoreUnavailable`. Where nobody has a password, none is the current one.
        """
        raise Refused

    def link(self, address: str) -> str:
        """Return the address that whoever starts the program opens, for one of the page."""
        return address

    def farewell(self, login: Login) -> str | None:
        """Return where a browser goes after its logout, None for the login page."""
        return None

    @abstractmethod
    def register(self) -> None:
        """Register what Chainlit's login page asks; done again at each load of the code."""
