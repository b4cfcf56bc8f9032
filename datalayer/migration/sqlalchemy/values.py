"""Values as Chainlit's layer left them, in whatever type people gave their columns. Pure.

None means that nothing can be made of a value.
"""

import csv
import io
import json
import uuid
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from datalayer.values import LARGEST_INTEGER, as_id, clean_text, clean_time, derived_id

_ENCODED = 3  # how often JSON is found encoded within JSON
_YES = frozenset({"true", "t", "1", "yes", "y", "on"})
_NO = frozenset({"false", "f", "0", "no", "n", "off"})


def plain(raw: object) -> Any:
    """Return a driver's value as text, number, list and the like: no bytes, no UUID objects."""
    if raw is None or isinstance(raw, str):
        return raw
    if isinstance(raw, bytes | bytearray | memoryview):
        return bytes(raw).decode("utf-8", "replace")
    if isinstance(raw, uuid.UUID):
        return str(raw)
    return raw


def row_id(kind: str, raw: object) -> str | None:
    """Return the UUID of a row: what is no UUID becomes one, the same everywhere."""
    if isinstance(raw, bytes) and len(raw) == 16:
        return str(uuid.UUID(bytes=raw))
    text = clean_text(str(plain(raw))) if raw is not None else ""
    return (as_id(text) or derived_id(kind, text)) if text else None


def is_derived(raw: object, found: str) -> bool:
    """Tell whether an id had to be made up, so that the old one has to be kept beside it."""
    return not isinstance(raw, bytes) and as_id(plain(raw)) != found


def parsed(raw: object) -> Any:
    """Return JSON that may be kept as text, even within text; other text as it is."""
    value = plain(raw)
    for _ in range(_ENCODED):
        if not isinstance(value, str):
            break
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            break
    return value


def labels(raw: object) -> list[Any] | None:
    """Return a list that may be kept as JSON or as PostgreSQL writes arrays: `{a,"b c"}`."""
    value = parsed(raw)
    if isinstance(value, list | tuple):
        return list(value)
    if value == {}:
        return []
    is_array = isinstance(value, str) and value.startswith("{") and value.endswith("}")
    return _array(value[1:-1]) if is_array else None


def _array(inner: str) -> list[str] | None:
    lines = io.StringIO(inner, newline="")
    try:
        rows = list(csv.reader(lines, escapechar="\\", doublequote=False, strict=True))
    except csv.Error:
        return None
    return [item for item in rows[0] if item != "NULL"] if len(rows) == 1 else None


def flag(raw: object) -> bool | None:
    """Return a flag that may be kept as a number or as a word."""
    if isinstance(raw, bool) or raw is None:
        return raw
    word = str(plain(raw)).strip().lower()
    return True if word in _YES else False if word in _NO else None


def flag_or_text(raw: object) -> object:
    """Return `showInput`: a flag, or the name of a language."""
    value = plain(raw)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return bool(value) if isinstance(value, int) else value


def integer(raw: object) -> int | None:
    """Return a whole number that every database can hold as one."""
    try:
        number = int(str(plain(raw)))
    except ValueError:
        return None
    return number if abs(number) <= LARGEST_INTEGER else None


def thumb(raw: object) -> int | None:
    """Return a feedback's value as 0 or 1: what is more than nothing is a thumb up."""
    if (known := flag(raw)) is not None:
        return int(known)
    try:
        return int(float(str(plain(raw))) > 0)
    except ValueError:
        return None


def timestamp(raw: object, zone: tzinfo | None = None) -> str | None:
    """Return a time in the one stored form.

    With a zone, a time without one, or marked `Z`, is taken for a local time of that zone: so
    Chainlit's layer writes those that it takes from the clock itself.
    """
    value = plain(raw)
    if zone is None:
        return clean_time(value)
    try:
        read = value if isinstance(value, datetime) else datetime.fromisoformat(_unmarked(value))
    except ValueError:
        return None
    return clean_time(read if read.tzinfo else read.replace(tzinfo=zone))


def _unmarked(value: object) -> str:
    text = str(value)
    return text[:-1] if text[-1:] in ("Z", "z") else text


def storable(value: object) -> object:
    """Return a value with what a driver gives made plain, in lists and dicts too."""
    if isinstance(value, Mapping):
        return {str(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return plain(value)
