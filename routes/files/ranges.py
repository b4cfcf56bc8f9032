"""Range and conditional requests, RFC 9110, as pure functions of header values."""

import re

from storage.base import ByteRange
from storage.errors import RangeNotSatisfiable

# 18 digits are more than any file has bytes, and few enough to be turned into a number.
_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?("[^"]*")')


def etag(sha256: str | None) -> str | None:
    """Return the strong entity tag of bytes with this hash."""
    return f'"{sha256}"' if sha256 else None


def is_unchanged(if_none_match: str | None, tag: str | None) -> bool:
    """Return whether the client's copy is still right (304)."""
    if if_none_match is None or tag is None:
        return False
    # Compared weakly, as for every GET: a proxy that compresses makes our tags weak.
    return if_none_match.strip() == "*" or tag in _TAG.findall(if_none_match)


def wanted_range(header: str | None, if_range: str | None, tag: str | None) -> str | None:
    """Return the Range header if it counts: with If-Range only for the very same bytes."""
    return header if if_range is None or (tag is not None and if_range.strip() == tag) else None


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """Return the one range asked for, or None for the whole: no, several or malformed ranges.

    Raises `RangeNotSatisfiable`.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        return _suffix(int(last), size)
    if last and int(last) < int(first):
        return None
    _check_start(int(first), size)
    return ByteRange(int(first), min(int(last), size - 1) if last else size - 1)


def _suffix(length: int, size: int) -> ByteRange | None:
    if length and not size:
        return None
    start = size - length
    _check_start(start, size)
    return ByteRange(max(0, start), size - 1)


def _check_start(start: int, size: int) -> None:
    if start >= size:
        message = f"The range begins at byte {start} of {size}; ask for an earlier one."
        raise RangeNotSatisfiable(message)


def content_range(start: int, length: int, size: int) -> str:
    """Return the header of a 206 answer."""
    return f"bytes {start}-{start + length - 1}/{size}"
