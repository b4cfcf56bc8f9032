"""Writes as bytes and back, for whatever keeps one longer than the process lives.

JSON: `{"version": 1, "kind": "SaveStep", "write": {...}}`. Where only kinds are added, or fields
with a default, older versions are read as they are; any other change makes a new number.
"""

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from datalayer.errors import NewerWrite, UnreadableWrite
from datalayer.writes import Write

VERSION = 1


class _Envelope(msgspec.Struct):
    version: int
    kind: str
    write: msgspec.Raw


_KINDS: Mapping[str, type[Any]] = {kind.__name__: kind for kind in get_args(Write)}
_ENVELOPE = msgspec.json.Decoder(_Envelope)
_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in _KINDS.items()}


def encode(write: Write) -> bytes:
    """Return a write as one line of JSON, UTF-8."""
    return msgspec.json.encode({"version": VERSION, "kind": type(write).__name__, "write": write})


def decode(line: bytes) -> Write:
    """Return the write that `encode` made. Raises `UnreadableWrite` for anything else.

    That is `NewerWrite` for one of a version or kind that is not known here.
    """
    try:
        envelope = _ENVELOPE.decode(line)
        if envelope.version > VERSION or envelope.kind not in _DECODERS:
            message = (
                f"A {envelope.kind} of version {envelope.version} was written by a newer Keepchat: "
                "start that one."
            )
            raise NewerWrite(message)
        write: Write = _DECODERS[envelope.kind].decode(envelope.write)
    except (msgspec.MsgspecError, ValueError, RecursionError) as exc:
        message = f"{len(line)} bytes are no write ({type(exc).__name__}): they were damaged."
        raise UnreadableWrite(message) from exc
    return write
