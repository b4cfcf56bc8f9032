"""File names as people gave them, made harmless, and as headers carry them. Pure functions."""

import unicodedata
from urllib.parse import quote

_LONGEST_NAME = 180
_LONGEST_SUFFIX = 20
_SEPARATORS = "/\\"
# Attribute characters of RFC 8187; quote() lets letters, digits and `_.-~` through by itself.
_UNQUOTED = "!#$&+^`|"
_RIGHT_TO_LEFT = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def content_disposition(name: object, *, inline: bool) -> str:
    """Return the header of RFC 6266, in ASCII, with the name as far as it is harmless."""
    safe = safe_name(name)
    plain = "".join(char if char.isascii() and char != "%" else "_" for char in safe)
    quoted = plain.replace('"', '\\"')
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{quoted}\"; filename*=UTF-8''{quote(safe, safe=_UNQUOTED)}"


def safe_name(name: object) -> str:
    """Return a file name without what could mislead people, browsers or file systems."""
    text = "".join(map(_safe_char, str(name or ""))).strip(" .")
    stem, dot, suffix = text.rpartition(".")
    if len(text) > _LONGEST_NAME and stem and len(suffix) < _LONGEST_SUFFIX:
        return stem[: _LONGEST_NAME - len(suffix) - 1] + dot + suffix
    return text[:_LONGEST_NAME] or "file"


def _safe_char(char: str) -> str:
    is_harmful = (
        char in _SEPARATORS
        or char in _RIGHT_TO_LEFT
        or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")
    )
    return "_" if is_harmful else char
