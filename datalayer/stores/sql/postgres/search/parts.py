"""What the index of the search is to hold for some texts: rows of `search_parts`. Pure.

A process of its own imports this: nothing but ngrams and what comes with Python.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import attrgetter, or_
from typing import Any, NamedTuple

from datalayer.stores.sql.ngrams import SIGNATURE_BITS, Ngrams, ngrams_of

PART_CHARACTERS = 16_000  # from here on the next text of a thread begins another part
FEW = 4  # small parts of a thread, which are put together when there are more


class PendingText(NamedTuple):
    """A folded text that the index does not hold as it is, and whose it is."""

    thread_id: str
    id: str
    user_id: str | None
    text: str


@dataclass(frozen=True, slots=True)
class IndexPart:
    """Texts of one thread, so many characters: their ids and their ngrams."""

    thread_id: str
    characters: int
    entries: set[str]
    ngrams: Ngrams

    def columns(self) -> dict[str, Any]:
        """Return the part as PostgreSQL makes a row of it."""
        return {
            "threadId": self.thread_id,
            "characters": self.characters,
            "entries": list(self.entries),
            # As an array's text, which PostgreSQL reads sooner than JSON.
            "grams": f"{{{','.join(map(str, self.ngrams.numbers))}}}",
            "signature": f"{int.from_bytes(self.ngrams.signature):0{SIGNATURE_BITS}b}",
        }

    def __or__(self, other: "IndexPart") -> "IndexPart":
        """Return both as one."""
        characters = self.characters + other.characters
        entries = self.entries | other.entries
        return IndexPart(self.thread_id, characters, entries, self.ngrams | other.ngrams)


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A small part of the index: its row's number, and what it holds."""

    id: int
    part: IndexPart

    @property
    def thread_id(self) -> str:
        """The thread that it is of."""
        return self.part.thread_id


@dataclass(frozen=True, slots=True)
class IndexPlan:
    """Parts to be stored, and the rows of the small ones in whose place they come."""

    parts: Sequence[IndexPart]
    replaced: Sequence[int]


def plan_document(document: bytes) -> bytes:
    """Return the plan for a document of two lists: pending texts and small parts; both are JSON."""
    texts, small = json.loads(document)
    plan = plan_parts([PendingText(*text) for text in texts], [_stored(*part) for part in small])
    rows = {"parts": [part.columns() for part in plan.parts], "replaced": plan.replaced}
    return json.dumps(rows).encode()


def _stored(
    row: int, thread_id: str, characters: int, entries: list[str], numbers: list[int], bits: str
) -> StoredPart:
    ngrams = Ngrams(set(numbers), int(bits, 2).to_bytes(SIGNATURE_BITS // 8))
    return StoredPart(row, IndexPart(thread_id, characters, set(entries), ngrams))


def plan_parts(pending: Iterable[PendingText], small: Iterable[StoredPart]) -> IndexPlan:
    """Return what makes the index hold the pending texts."""
    parts: list[IndexPart] = []
    replaced: list[int] = []
    known = {thread_id: list(group) for thread_id, group in _by_thread(small)}
    for thread_id, texts in _by_thread(pending):
        new = [_part(thread_id, share) for share in _shares(texts)]
        if len(old := known.get(thread_id, [])) >= FEW:
            replaced += [stored.id for stored in old]
            new[-1] = reduce(or_, [stored.part for stored in old], new[-1])
        parts += new
    return IndexPlan(parts, replaced)


def _by_thread(items: Iterable[Any]) -> Iterable[tuple[str, Iterable[Any]]]:
    return groupby(sorted(items, key=attrgetter("thread_id")), attrgetter("thread_id"))


def _shares(texts: Iterable[PendingText]) -> Iterator[list[PendingText]]:
    """Yield texts of a thread together until they make a part."""
    share: list[PendingText] = []
    for text in texts:
        share.append(text)
        if sum(len(text.text) for text in share) >= PART_CHARACTERS:
            yield share
            share = []
    if share:
        yield share


def _part(thread_id: str, texts: Sequence[PendingText]) -> IndexPart:
    ngrams = ngrams_of([text.text for text in texts], texts[0].user_id or "")
    characters = sum(len(text.text) for text in texts)
    return IndexPart(thread_id, characters, {text.id for text in texts}, ngrams)
