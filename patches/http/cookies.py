"""How cookies are read, which everybody may send."""

import http.cookies
import re

from patches.patch import Parts

_ESCAPED = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))")


def read_in_one_pass(_parts: Parts) -> None:
    """Undo a quoted cookie's backslashes from its beginning to its end."""
    http.cookies._unquote = unquote  # type: ignore[assignment]


def unquote(value: str) -> str:
    """Return what a cookie's value is without its quotation marks; others are as they are."""
    if len(value) < 2 or not (value[0] == value[-1] == '"'):
        return value
    return _ESCAPED.sub(_plain, value[1:-1])


def _plain(escaped: re.Match[str]) -> str:
    return chr(int(escaped[1], 8)) if escaped[1] else escaped[2]
