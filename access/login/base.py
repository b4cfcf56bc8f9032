"""The LoginMode contract: one way to come in. AUTH_MODE chooses it, and nothing outside of
`access/login/` asks which one it is.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from starlette.types import ASGIApp


@dataclass(frozen=True, slots=True)
class LoginState:
    """Whether those who should come in can, and nobody else; `remedy` says what to do if not.

    The program does not start while it is `failed`.
    """

    status: Literal["ok", "warning", "failed"]
    message: str
    remedy: str = ""


class LoginMode(ABC):
    """How people come in, who they then are, and until when."""

    is_personal: ClassVar[bool] = False
    """One person uses the program, on this computer: whatever model is on it will do."""

    users_are_operators: ClassVar[bool] = False
    """Whoever reads the page runs the program too, and can mend its settings."""

    has_accounts: ClassVar[bool] = False
    """Those sign in who have an account of `manage.py user`."""

    @abstractmethod
    def state(self, host: str) -> LoginState:
        """Judge whether the program may listen on a host, before it does."""

    @abstractmethod
    def guard(self, app: ASGIApp) -> ASGIApp:
        """Return the app behind what judges how each request, and each socket, says who it is.

        It signs in, refuses, or takes away a login that does not count any more.
        """

    @abstractmethod
    def register(self) -> None:
        """Register what Chainlit's login page asks; done again at each load of the code."""

    @abstractmethod
    def honours(self, token: str) -> bool:
        """Tell whether a login still counts: the token that an open page came with, empty where
        it came with none. Asked at each event of the page, so it must not block.
        """
