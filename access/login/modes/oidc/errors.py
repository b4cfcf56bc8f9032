"""Why nobody was signed in."""

from enum import Enum


class Refusal(Enum):
    """What the login page says; the value is its name in `chat.wording.logins`."""

    EXPIRED = "oidcExpired"
    CANCELLED = "oidcCancelled"
    UNAVAILABLE = "oidcUnavailable"
    FAILED = "oidcFailed"
    NOT_ALLOWED = "oidcNotAllowed"
    DISABLED = "oidcDisabled"
    DATABASE = "oidcDatabase"


class LoginRefused(Exception):
    """Nobody is signed in. The message says why, for the log, and holds no secret."""

    def __init__(self, refusal: Refusal, why: str) -> None:
        super().__init__(why)
        self.refusal = refusal
