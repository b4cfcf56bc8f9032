"""What a browser keeps of a login at a provider: its key, and what it needs to sign out there."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.responses import Response

from access.login.base import Visit
from access.login.credentials import Ambiguous
from access.login.modes.oidc.attempt import LIVES_S, is_key, new_key

KEY = "keepchat_oidc"
HINT = "keepchat_oidc_hint"
MOST_OF_HINT = 3_800  # characters; browsers refuse cookies of more than 4,096 bytes
OVER = 0


@dataclass(frozen=True, slots=True)
class Address:
    """Where browsers see the program; `base` is the origin with the prefix of its paths."""

    base: str

    @property
    def is_secure(self) -> bool:
        """Whether browsers come by HTTPS."""
        return self.base.startswith("https:")

    @property
    def callback(self) -> str:
        """Where the provider sends people back to: what is registered there."""
        return f"{self.base}/auth/oauth/oidc/callback"

    @property
    def login_page(self) -> str:
        """Where who has signed out at the provider comes to."""
        return f"{self.base}/login"


def address_of(connection: HTTPConnection, public_url: str, prefix: str) -> Address:
    """Return where the browser sees us; the request says it where no setting does.

    What a request says of its host and scheme harms nobody but who sends it: the provider sends
    people to the addresses alone that are registered there.
    """
    if public_url:
        return Address(public_url + prefix)
    return Address(f"{connection.url.scheme}://{connection.url.netloc}{prefix}")


def key_of(visit: Visit, address: Address) -> str:
    """Return the browser's key; empty where it has none, or more than one."""
    try:
        given = visit.credentials.cookie(_key_name(address)) or ""
    except Ambiguous:
        return ""
    return given if is_key(given) else ""


def keep_key(answer: Response, visit: Visit, address: Address) -> str:
    """Let the browser keep its key for one more attempt, or a new one, and return it."""
    key = key_of(visit, address) or new_key()
    answer.set_cookie(
        _key_name(address),
        key,
        max_age=LIVES_S,
        httponly=True,
        samesite="lax",
        secure=address.is_secure,
    )
    return key


def keep_hint(answer: Response, id_token: str, address: Address, prefix: str, max_age: int) -> None:
    """Let the browser keep the ID token for the way out; the page cannot read it.

    One that is too long is none: the provider asks then who signs out.
    """
    lives = max_age if len(id_token) <= MOST_OF_HINT else OVER
    answer.set_cookie(
        HINT,
        id_token if lives else "",
        max_age=lives,
        path=_way_out(prefix),
        httponly=True,
        samesite="lax",
        secure=address.is_secure,
    )


def drop_hint(answer: Response, address: Address, prefix: str) -> None:
    """Let the browser forget it."""
    keep_hint(answer, "", address, prefix, OVER)


def hint_of(visit: Visit) -> str:
    """Return the ID token that a browser has kept, empty for none."""
    try:
        return visit.credentials.cookie(HINT) or ""
    except Ambiguous:
        return ""


def _key_name(address: Address) -> str:
    # So named a cookie can be set by this host alone, and by no other of its domain.
    return f"__Host-{KEY}" if address.is_secure else KEY


def _way_out(prefix: str) -> str:
    return f"{prefix}/auth/oauth/oidc/logout"
