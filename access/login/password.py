"""AUTH_MODE=password: a login page, accounts in a file.

Chainlit's login is a signed cookie that nobody can call back for 15 days. So each request, and
each event of an open page, is looked at: without its account, or from before the last change of
the password, it is none.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

import anyio.to_thread
import chainlit as cl
import jwt
from anyio import CapacityLimiter
from chainlit.auth import get_token_from_cookies
from chainlit.auth.jwt import get_jwt_secret
from chainlit.server import sio
from chainlit.session import WebsocketSession
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from access.login.accounts import LONGEST_NAME, Account, UsersFile, folded
from access.login.throttle import Throttle, TooManyTries

Event = Callable[..., Awaitable[Any]]

HASHING_THREADS = 2  # a hash takes 64 MiB and a core for a moment
# Where the request comes from: Chainlit's callback for logins is not told.
_place: ContextVar[str] = ContextVar("place", default="")


def register_login(users: UsersFile) -> None:
    """Let Chainlit's login page ask for accounts of this file."""
    login = Login(users)

    @cl.password_auth_callback
    async def password_auth(name: str, password: str) -> cl.User | None:
        account = await login.account(name, password)
        return cl.User(identifier=account.name) if account else None


class Login:
    """Answers the login page."""

    def __init__(self, users: UsersFile) -> None:
        self._users = users
        self._throttle = Throttle()
        self._threads = CapacityLimiter(HASHING_THREADS)

    async def account(self, name: str, password: str) -> Account | None:
        """Return the account if this is its password; slower and slower while it is not.

        Each address waits for its own failures only, so that nobody keeps others out.
        """
        if len(name) > LONGEST_NAME:
            return None
        try:
            async with self._throttle.turn((folded(name), _place.get())) as attempt:
                account = await anyio.to_thread.run_sync(
                    self._users.verify, name, password, limiter=self._threads
                )
                attempt.failed = account is None
                if account:
                    await asyncio.sleep(account.wait_s)
                return account
        except TooManyTries:
            return None


class PasswordAccess:
    """The middleware: takes logins away that do not count any more."""

    def __init__(self, app: ASGIApp, users: UsersFile) -> None:
        self._app = app
        self._users = users

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _place.set(_place_of(scope))
        if scope["type"] in ("http", "websocket") and not self._counts(scope):
            scope = without_login(scope)
        await self._app(scope, receive, send)

    def _counts(self, scope: Scope) -> bool:
        token = _token(HTTPConnection(scope))
        return token is None or is_valid(token, self._users)


def is_valid(token: str, users: UsersFile) -> bool:
    """Tell whether a login is signed by us and its account is as it was."""
    try:
        login: dict[str, Any] = jwt.decode(token, get_jwt_secret() or "", algorithms=["HS256"])
        account = users.find(str(login["identifier"]))
        return account is not None and account.honours(float(login["iat"]))
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
        return False


def guard_events(users: UsersFile) -> None:
    """Disconnect an open page at its next event once its login does not count any more."""
    for event, handler in list(sio.handlers["/"].items()):
        if event not in ("connect", "disconnect"):
            sio.on(event, signed_in(handler, users))


def signed_in(original: Event, users: UsersFile) -> Event:
    """Return a handler that lets only those through who are still signed in."""

    async def handle(sid: str, *sent: Any) -> Any:
        session = WebsocketSession.get(sid)
        if session is not None and not is_valid(session.token or "", users):
            await sio.disconnect(sid)
            return None
        return await original(sid, *sent)

    return handle


def without_login(scope: Scope) -> Scope:
    """Return the request without the cookies and headers that sign it in."""
    stripped = {**scope, "headers": list(scope["headers"])}
    headers = MutableHeaders(scope=stripped)
    for name in ("cookie", "authorization"):
        if name in headers:
            del headers[name]
    return stripped


def _place_of(scope: Scope) -> str:
    """Return the client's address, of IPv6 the network: one client has all of its addresses."""
    host: str = (scope.get("client") or ("",))[0]
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address) or address.ipv4_mapped:
        return str(getattr(address, "ipv4_mapped", None) or address)
    return str(IPv6Network((int(address), 64), strict=False))


def _token(request: HTTPConnection) -> str | None:
    if token := get_token_from_cookies(request.cookies):
        return str(token)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else None
