"""Pure functions that make a value storable everywhere: ids, text, times, JSON."""

import math
import re
import reprlib
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

Json = None | bool | int | float | str | list[Any] | dict[str, Any]

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
EXACT_FLOATS = 2**53  # from here on every float is a whole number
MAX_NAME = 200  # characters of a thread's name; the first message is one until a title is found
MAX_DEPTH = 100  # of JSON; every JSON library that reads it back has a limit of its own
MOST_BITS = 14_000  # of a whole number in JSON
REVISION = "keepchatRevision"  # under this name a step that was read tells its own
LARGEST_INTEGER = 2**31 - 1  # of a column of whole numbers
NAMESPACE = uuid.UUID("8f5b7a52-2f0e-5c8e-9d0e-6b2f3f7b1c11")

_TEMPORARY = "74656d70"  # "temp"; after it comes what says of a UUID that its form is one's own
_CANONICAL = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def as_id(value: object) -> str | None:
    """Return the canonical form of a UUID, or None when the value is not one."""
    if value is None or (isinstance(value, str) and _CANONICAL.fullmatch(value)):
        return value  # as nearly all are, many times a write
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        return None


def new_temporary_id() -> str:
    """Return an id for a thread of which nothing is stored."""
    made = str(uuid.uuid4())
    return f"{_TEMPORARY}{made[8:14]}8{made[15:]}"


def is_temporary(thread_id: str) -> bool:
    """Tell whether a thread is one of which nothing is stored, be it there or not."""
    return thread_id.startswith(_TEMPORARY) and thread_id[14:15] == "8"


def derived_id(*parts: str) -> str:
    """Return the same UUID for the same parts, on every machine."""
    return str(uuid.uuid5(NAMESPACE, "\x1f".join(parts)))


def clean_text(text: str) -> str:
    """Replace what no database can hold (NUL, lone surrogates) with U+FFFD."""
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub(REPLACEMENT, text)


def short_name(name: str) -> str:
    """Return a thread's name as one line of at most `MAX_NAME` characters."""
    line = " ".join(name.split())
    return line if len(line) <= MAX_NAME else line[: MAX_NAME - 1] + "…"


def clean_json(value: object, depth: int = 0) -> Json:
    """Return the value as plain JSON; what JSON cannot say, or nests too deep, becomes text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):  # Python writes and reads no more than 4,300 digits
        return value if value.bit_length() <= MOST_BITS else hex(value)
    if isinstance(value, float):
        return _clean_float(value)
    if isinstance(value, str):
        return clean_text(value)
    if depth > MAX_DEPTH:
        return clean_text(reprlib.repr(value))
    if isinstance(value, Mapping):
        return {clean_text(str(key)): clean_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [clean_json(item, depth + 1) for item in value]
    return clean_text(str(value))


def _clean_float(value: float) -> Json:
    if not math.isfinite(value):
        return None
    # Databases that keep decimal numbers give these back without a fraction.
    return int(value) if abs(value) >= EXACT_FLOATS and value.is_integer() else value


def iso_time(timestamp: datetime) -> str:
    """Format as UTC, ISO 8601 with microseconds and Z; a naive time is taken as UTC."""
    aware = timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)
    utc = aware.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "Z"


def clean_time(value: object) -> str | None:
    """Return a time in the one stored form, or None when the value is no time."""
    if isinstance(value, str):
        return _clean_time(value)
    try:
        return iso_time(value) if isinstance(value, datetime) else None
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=100)  # a message has the same time in several fields, and is saved twice
def _clean_time(text: str) -> str | None:
    try:
        return iso_time(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=100)  # asked of each save for its row, its thread and what may make them
def time_of_revision(revision: int) -> str:
    """Return the time that a revision (microseconds of UTC) stands for."""
    seconds, micros = divmod(revision, 1_000_000)
    return iso_time(datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros))


def revision_of_time(moment: str) -> int:
    """Return the revision that stands for a stored time; 0 for none."""
    if not moment:
        return 0
    since_1970 = datetime.fromisoformat(moment) - datetime.fromtimestamp(0, UTC)
    return since_1970 // timedelta(microseconds=1)
