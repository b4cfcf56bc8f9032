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

from datalayer.search.folding import FOLDING, fold
from datalayer.search.terms import SearchTerms
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import Head, Row, rows_in, searched
from datalayer.stores.dynamodb.reads.things import said_in
from datalayer.stores.dynamodb.requests import Items
from datalayer.stores.hits import FoundText, best_text

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
    return _BETWEEN.join(fold(it.text).encode() for it in _texts(head, items) if it.text)


def _texts(head: Head, items: Items) -> list[FoundText]:
    steps = [row for row in rows_in(items, head) if row.kind == "step"]
    steps.sort(key=lambda row: (row.body["sequence"], row.id))
    said = [_said(row) for row in steps if searched(row.body)]
    return [*said, FoundText(said_in(items, head).get("name") or "")]


def _said(row: Row) -> FoundText:
    body = row.body
    return FoundText(body["output"], row.id, body.get("createdAt"), body["sequence"])


def cut(text: bytes, there: Collection[str]) -> Chunks:
    """Return a text as chunks, of which some are there."""
    size = _SIZE
    while size < _LARGEST and len(text) > _MOST * size:
        size *= 2
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    names = [hashlib.sha256(piece).hexdigest()[: keys.CHUNK_NAME] for piece in pieces]
    missing = {name: at for at, name in enumerate(names) if name not in there}
    return Chunks(FOLDING, names, {name: zlib.compress(pieces[at]) for name, at in missing.items()})


def say(heads: Iterable[Head], items: Items, terms: SearchTerms) -> dict[str, bool | None]:
    """Return of each thread whether its chunks have all terms; None where a chunk is missing."""
    return {head.thread_id: _says(head, items, terms) for head in heads}


def _says(head: Head, items: Items, terms: SearchTerms) -> bool | None:
    found = [items.get(keys.chunk(head.thread_id, name)) for name in head.chunks]
    if None in found:
        return None
    return contains((zlib.decompress(chunk["b"]["B"]) for chunk in found if chunk), terms)


def contains(pieces: Iterable[bytes], terms: SearchTerms) -> bool:
    """Tell whether a text that comes in pieces contains all terms."""
    missing = [term.encode() for term in terms.needed]
    longest = max(map(len, missing), default=0)
    rest = b""
    for piece in pieces:
        rest += piece
        missing = [needle for needle in missing if needle not in rest]
        if not missing:
            return True
        rest = rest[max(0, len(rest) - longest + 1) :]
    return not missing


def best_of(head: Head, items: Items, terms: SearchTerms) -> FoundText:
    """Return what shows best that a thread, which has been read whole, says the terms."""
    return best_text(_texts(head, items), terms)
