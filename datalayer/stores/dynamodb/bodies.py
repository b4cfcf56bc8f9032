"""Bodies of items: any JSON, as bytes that fit into items. Pure.

Numbers keep their kind, keys may be empty: what DynamoDB's own types do not give.
"""

import zlib
from typing import Any

import msgspec

from datalayer.errors import WriteRejected

PART_SIZE = 380_000  # bytes; an item may have 400 KB
_DEFLATED = b"\x78"  # how zlib begins, and no JSON
_REFUSALS = (TypeError, ValueError, OverflowError, RecursionError)


def pack(value: object, about: str) -> bytes:
    """Return JSON as bytes, deflated where that is smaller.

    Raises `WriteRejected`, which names what it is `about`, for what is no JSON.
    """
    try:
        plain = msgspec.json.encode(value)
    except _REFUSALS as exc:
        message = f"{about} has a value that cannot be stored ({type(exc).__name__})."
        raise WriteRejected(message) from None
    deflated = zlib.compress(plain)
    return deflated if len(deflated) < len(plain) else plain


def unpack(data: bytes) -> Any:
    """Return what `pack` was given."""
    return msgspec.json.decode(zlib.decompress(data) if data[:1] == _DEFLATED else data)


def split(data: bytes) -> list[bytes]:
    """Return the parts of a body that is too large for one item; none for others."""
    if len(data) <= PART_SIZE:
        return []
    return [data[at : at + PART_SIZE] for at in range(0, len(data), PART_SIZE)]
