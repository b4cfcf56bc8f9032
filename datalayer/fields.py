"""The fields of steps and elements as Chainlit names them, and how each is made storable.

One table for all: conversion, the SQL tables and the other stores take it from here. What a later
Chainlit adds and is not listed is kept under `extra`.
"""

from collections.abc import Callable, Mapping

from datalayer.values import (
    LARGEST_INTEGER,
    REVISION,
    Json,
    as_id,
    clean_json,
    clean_text,
    clean_time,
)


def _text(value: object) -> Json:
    return None if value is None else clean_text(value if isinstance(value, str) else str(value))


def _flag(value: object) -> Json:
    if isinstance(value, str):
        return value.strip().lower() in ("true", "1")
    return None if value is None else bool(value)


def _number(value: object) -> Json:
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if abs(number) <= LARGEST_INTEGER else None


def _object(value: object) -> Json:
    return clean_json(value) if isinstance(value, Mapping) else None


def _labels(value: object) -> Json:
    return [clean_text(str(item)) for item in value] if isinstance(value, list | tuple) else None


def _flag_or_text(value: object) -> Json:
    """Return a flag for what says one: text is how most databases keep it."""
    if isinstance(value, bool):
        return value
    text = _text(value)
    return _FLAGS.get(text, text) if isinstance(text, str) else text


_FLAGS: Mapping[str, Json] = {"true": True, "false": False, "": None}


Cleaner = Callable[[object], Json]

STEP_FIELDS: Mapping[str, Cleaner] = {
    "name": _text,
    "type": _text,
    "parentId": as_id,
    "streaming": _flag,
    "waitForAnswer": _flag,
    "isError": _flag,
    "metadata": _object,
    "tags": _labels,
    "input": _text,
    "output": _text,
    "createdAt": clean_time,
    "start": clean_time,
    "end": clean_time,
    "generation": _object,
    "showInput": _flag_or_text,
    "language": _text,
    "command": _text,
    "modes": _object,
    "defaultOpen": _flag,
    "autoCollapse": _flag,
    # Ours, not Chainlit's: what has an alternative that is shown in its stead (`siblings.py`).
    "hidden": _flag,
}

ELEMENT_FIELDS: Mapping[str, Cleaner] = {
    "type": _text,
    "name": _text,
    "display": _text,
    "url": _text,
    "chainlitKey": _text,
    "objectKey": _text,
    "size": _text,
    "page": _number,
    "language": _text,
    "forId": as_id,
    "mime": _text,
    "props": _object,
    "autoPlay": _flag,
    "playerConfig": _object,
}

SHARE = ("is_shared", "shared_at", "shared_by")
"""What the metadata of a thread says of who else may read it."""

# Said by the row itself, never a field of it.
_IDENTITY = frozenset({"id", "threadId", REVISION, "feedback", "path", "content"})


def clean_fields(raw: Mapping[str, object], known: Mapping[str, Cleaner]) -> dict[str, Json]:
    """Return the storable fields: known ones by name, all others together under `extra`."""
    fields = {name: known[name](value) for name, value in raw.items() if name in known}
    unknown = {
        name: clean_json(value)
        for name, value in raw.items()
        if name not in known and name not in _IDENTITY and name != "extra"
    }
    given = raw.get("extra")
    extra = {**(given if isinstance(given, Mapping) else {}), **unknown}
    return fields | ({"extra": clean_json(extra)} if extra else {})
