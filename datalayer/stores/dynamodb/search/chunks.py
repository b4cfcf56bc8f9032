"""Chunks: the folded text of a thread, cut, deflated and named by what is in them. Pure.

A thread's text is the outputs of its steps that are not hidden, oldest first, and then its name,
each apart from the next by what no text has: so nothing is found across two of them. It is cut
anywhere, since a search has all chunks of a thread. What is added to a thread changes its last
chunk alone.
"""

import hashlib
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from datalayer.stores.dynamodb import keys
from datalayer.stores.dynamodb.items import Head, rows_in, searched
from datalayer.stores.dynamodb.reads.things import said_in
from datalayer.stores.dynamodb.requests import Items
from datalayer.values import FOLDING, fold

_BETWEEN = b"\0"  # the contract keeps it out of every text
_SIZE = 16 * 1024  # bytes before they are deflated
_LARGEST = 256 * 1024  # fits into an item, whatever is in it
_MOST = 64  # as many names keep most heads below 1 KB, the unit of writes; then chunks are larger


class Chunks(NamedTuple):
    """The chunks of a thread: all their names, in order, and those that are not there yet."""

    folding: int
    names: Sequence[str]
    new: Mapping[str, bytes]


def is_fresh(head: Head) -> bool:
    """Tell whether the chunks of a thread are what it says now, folded as it is today."""
    return head.folding == FOLDING


def text_of(head: Head, items: Items) -> bytes:
    """Return the text of a thread that has been read whole."""
    steps = [row for row in rows_in(items, head) if row.kind == "step"]
    steps.sort(key=lambda row: (row.body["sequence"], row.id))
    said = [searched(row.body) for row in steps]
    name = said_in(items, head).get("name")
    return _BETWEEN.join(fold(text).encode() for text in (*said, name) if text)


def cut(text: bytes, there: Collection[str]) -> Chunks:
    """Return a text as chunks, of which some are there."""
    size = _SIZE
    while size < _LARGEST and len(text) > _MOST * size:
        size *= 2
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    names = [hashlib.sha256(piece).hexdigest()[: keys.CHUNK_NAME] for piece in pieces]
    missing = {name: at for at, name in enumerate(names) if name not in there}
    return Chunks(FOLDING, names, {name: zlib.compress(pieces[at]) for name, at in missing.items()})


def say(heads: Iterable[Head], items: Items, needle: bytes) -> dict[str, bool | None]:
    """Return of each thread whether its chunks have a needle; None where one of them is missing."""
    return {head.thread_id: _says(head, items, needle) for head in heads}


def _says(head: Head, items: Items, needle: bytes) -> bool | None:
    found = [items.get(keys.chunk(head.thread_id, name)) for name in head.chunks]
    if None in found:
        return None
    return contains((zlib.decompress(chunk["b"]["B"]) for chunk in found if chunk), needle)


def contains(pieces: Iterable[bytes], needle: bytes) -> bool:
    """Tell whether a text that comes in pieces contains a needle."""
    rest = b""
    for piece in pieces:
        rest += piece
        if needle in rest:
            return True
        rest = rest[max(0, len(rest) - len(needle) + 1) :]
    return False
