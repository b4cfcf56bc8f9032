"""What a proxy says in headers: each once and in one spelling, or not at all. Pure."""

import hmac
import unicodedata
from collections.abc import Iterable
from email.errors import HeaderParseError
from email.header import decode_header, make_header

from starlette.types import Scope

from access.login.modes.header.errors import NotByProxy

MOST_NAME = 255
"""Characters of who it is."""
MOST_SHOWN = 100
"""Characters that are shown of a name."""


def only(scope: Scope, name: str) -> str | None:
    """Return the value of a header, None where it is missing.

    Raises `NotByProxy` where it is there more than once, or under a name that some servers take
    for the same, with underscores: one of them may be the visitor's own.
    """
    wanted = name.lower().encode()
    found = [
        (key.lower(), value)
        for key, value in scope["headers"]
        if key.lower().replace(b"_", b"-") == wanted
    ]
    if not found:
        return None
    if len(found) > 1 or found[0][0] != wanted:
        message = f"{name} is there more than once, or is spelled otherwise."
        raise NotByProxy(message)
    value: bytes = found[0][1]
    try:
        return value.decode("utf-8").strip()
    except UnicodeDecodeError as exc:
        message = f"{name} is no UTF-8."
        raise NotByProxy(message) from exc


def without(scope: Scope, name: str) -> list[tuple[bytes, bytes]]:
    """Return the headers of a request without one."""
    wanted = name.lower().encode()
    return [pair for pair in scope["headers"] if pair[0].lower() != wanted]


def is_secret(given: str | None, secret: str) -> bool:
    """Tell whether it is the secret, in constant time."""
    return hmac.compare_digest((given or "").encode(), secret.encode())


def name_of(given: str, where: str) -> str:
    """Return who it is, as it is kept. Raises `NotByProxy` for what names nobody.

    With a comma it may be two of the header that a server in between has joined.
    """
    name = unicodedata.normalize("NFC", given).strip()
    if not name or len(name) > MOST_NAME or not name.isprintable() or "," in name:
        message = f"{where} names nobody: {given[:MOST_SHOWN]!r}."
        raise NotByProxy(message)
    return name


def shown_name(given: str) -> str:
    """Return a name as it is shown; headers that know ASCII alone have others encoded."""
    try:
        decoded = str(make_header(decode_header(given)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        decoded = given
    return "".join(filter(str.isprintable, decoded)).strip()[:MOST_SHOWN]


def parts_of(given: str | Iterable[object]) -> frozenset[str]:
    """Return groups, from a list that commas separate or from a claim."""
    found = given.split(",") if isinstance(given, str) else map(str, given)
    return frozenset(filter(None, (one.strip() for one in found)))
