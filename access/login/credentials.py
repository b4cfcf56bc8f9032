"""What a request or a socket says of who sends it: read once, for our guard and for Chainlit alike.

What could be read in two ways is refused. Who is judged by one reading could else act by another.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chainlit.auth.cookie import _auth_cookie_name as COOKIE  # noqa: N812 - as it is set
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

_PART = re.compile(rf"{re.escape(COOKIE)}_([0-9]{{1,4}})")
_NAMES = ("cookie", "authorization")

TWINS = "A request says once who sends it: this one has {what}. Sign in again."


class Ambiguous(Exception):
    """A request says in several ways who sends it; `names` are those of the login's cookies."""

    def __init__(self, what: str, names: Sequence[str] = ()) -> None:
        super().__init__(TWINS.format(what=what))
        self.names = names


@dataclass(frozen=True, slots=True)
class Credentials:
    """The login's token, the names of the cookies that it came in, and all other cookies."""

    token: str | None
    names: Sequence[str] = ()
    others: Sequence[str] = ()

    def cookie(self, name: str) -> str | None:
        """Return another cookie's value. Raises `Ambiguous` where there are two of the name."""
        found = [value for one in self.others for key, value in _read(one) if key == name]
        if len(found) > 1:
            message = f"two cookies {name}"
            raise Ambiguous(message, [name])
        return found[0] if found else None

    def given_as(self, token: str | None, scope: Scope) -> Scope:
        """Return the request as it goes on: with this token in one cookie, or with none."""
        kept = [(name, value) for name, value in scope["headers"] if _name(name) not in _NAMES]
        cookies = [*self.others, *([f"{COOKIE}={token}"] if token else [])]
        if cookies:
            kept.append((b"cookie", "; ".join(cookies).encode("latin-1")))
        return {**scope, "headers": kept}


def read(scope: Scope, *, takes_bearer: bool = True) -> Credentials:
    """Return what a request has. Raises `Ambiguous`."""
    headers = Headers(scope=scope)
    for name in _NAMES:
        if len(headers.getlist(name)) > 1:
            message = f"two {name.title()} headers"
            raise Ambiguous(message)
    chunks = [one.strip() for one in headers.get("cookie", "").split(";") if one.strip()]
    ours = [pair for one in chunks for pair in _read(one) if is_login_cookie(pair[0])]
    others = [one for one in chunks if not any(is_login_cookie(name) for name, _ in _read(one))]
    names = list(dict.fromkeys(name for name, _ in ours))
    cookie = _token([pair for pair in ours if pair[1]], names)
    bearer = _bearer(headers.get("authorization", "")) if takes_bearer else None
    if cookie and bearer and cookie != bearer:
        message = "one login in a cookie and another one in its Authorization header"
        raise Ambiguous(message, names)
    return Credentials(cookie or bearer, names, others)


def is_login_cookie(name: str) -> bool:
    """Tell whether a cookie is Chainlit's login, or a part of it."""
    return name == COOKIE or _PART.fullmatch(name) is not None


def _token(pairs: Sequence[tuple[str, str]], names: Sequence[str]) -> str | None:
    values = dict(pairs)
    if len(values) < len(pairs):
        message = "two cookies of a login"
        raise Ambiguous(message, names)
    if COOKIE in values and len(values) > 1:
        message = "a login whole and in parts"
        raise Ambiguous(message, names)
    if COOKIE in values or not values:
        return values.get(COOKIE)
    return "".join(_in_order(values, names))


def _in_order(parts: dict[str, str], names: Sequence[str]) -> Iterable[str]:
    wanted = [f"{COOKIE}_{number}" for number in range(len(parts))]
    if set(wanted) != set(parts):
        message = "parts of a login without the others"
        raise Ambiguous(message, names)
    return (parts[name] for name in wanted)


def _bearer(header: str) -> str | None:
    scheme, _, token = header.strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _read(chunk: str) -> Iterator[tuple[str, str]]:
    """Read what stands between two semicolons as Starlette does."""
    yield from cookie_parser(chunk).items()


def _name(raw: bytes) -> str:
    return raw.decode("latin-1").lower()
