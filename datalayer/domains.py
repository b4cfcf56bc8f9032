"""What each field of a write may hold. Pure.

A value comes back storable; one that is outside of the field's domain is a `ValueError`, which says
what it must be. Names mean the same in every write.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from datalayer.fields import ELEMENT_FIELDS, STEP_FIELDS, clean_fields
from datalayer.values import Json, as_id, clean_json, clean_text

LAST_REVISION = 253_402_300_799_999_999  # microseconds until the year 10000
MOST_BYTES = 2**63 - 1  # of a file, as every database can count them

Domain = Callable[[Any], Any]

_SHA256 = re.compile("[0-9a-f]{64}")


def _must_be(what: str) -> ValueError:
    return ValueError(f"must be {what}")


def _id(value: object) -> str:
    if found := as_id(value):
        return found
    raise _must_be(f"a UUID, not {value!r}")


def _revision(value: object) -> int:
    if type(value) is int and 0 < value <= LAST_REVISION:
        return value
    raise _must_be(f"microseconds of UTC, from 1 to {LAST_REVISION}, not {value!r}")


def _text(value: object) -> str:
    if isinstance(value, str):
        return clean_text(value)
    raise _must_be("text")


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        return tuple(map(_text, value))
    raise _must_be("a list of texts")


def _object(value: object) -> Json:
    if isinstance(value, Mapping):
        return clean_json(value)
    raise _must_be("a mapping")


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _must_be("true or false")


def _thumb(value: object) -> int:
    if value in (0, 1):
        return int(value == 1)
    raise _must_be("0 or 1")


def _size(value: object) -> int:
    if type(value) is int and 0 <= value <= MOST_BYTES:
        return value
    raise _must_be(f"a number of bytes, from 0 to {MOST_BYTES}")


def _sha256(value: object) -> str:
    if isinstance(value, str) and _SHA256.fullmatch(value):
        return value
    raise _must_be("64 hexadecimal digits in lower case")


def _key(value: object) -> str:
    if isinstance(value, str) and value and clean_text(value) == value:
        return value  # never cleaned: it would name another file
    raise _must_be("text that every database can hold, and not empty")


def _keys(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        return tuple(map(_key, value))
    raise _must_be("a list of keys")


DOMAINS: Mapping[str, Domain] = {
    "id": _id,
    "step_id": _id,
    "thread_id": _id,
    "revision": _revision,
    "identifier": _text,
    "owner": _text,
    "name": _text,
    "comment": _text,
    "tags": _texts,
    "metadata": _object,
    "extra": _object,
    "preferences": _object,
    "creates": _flag,
    "favorite": _flag,
    "ready": _flag,
    "value": _thumb,
    "size": _size,
    "sha256": _sha256,
    "object_key": _key,
    "object_keys": _keys,
}
"""The domains of fields by their names, but for `fields`, which is one of those below."""


def step_fields(value: object) -> dict[str, Json]:
    """Return the storable fields of a step."""
    if isinstance(value, Mapping):
        return clean_fields(value, STEP_FIELDS)
    raise _must_be("a mapping")


def element_fields(value: object) -> dict[str, Json]:
    """Return the storable fields of an element."""
    if isinstance(value, Mapping):
        return clean_fields(value, ELEMENT_FIELDS)
    raise _must_be("a mapping")
