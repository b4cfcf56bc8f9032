"""Writes on their way, by what keeps them in order: mostly the id of a thread."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from datalayer.pipeline.journal.journal import Receipt
from datalayer.records import Result
from datalayer.writes import Write


@dataclass(slots=True, eq=False)
class Entry:
    """A write that was submitted, or comes from the journal, as its `receipt` says."""

    write: Write
    number: int  # in the order of the calls
    since: float  # by the loop's clock
    done: asyncio.Future[Result]  # the caller's, who may cancel it
    receipt: Receipt | None = None  # where it is in the journal
    is_handed_out: bool = False  # it comes from there
    is_taken: bool = False  # it is being stored
    told: asyncio.Event = field(default_factory=asyncio.Event)  # whether it is durable
    resolved: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def key(self) -> str:
        return self.write.order_key


ByKey = dict[str, list[Entry]]
"""Entries by key, the keys and their entries in the order of arrival."""


class Queues:
    """What waits and what is being stored: of each key one batch at a time."""

    def __init__(self) -> None:
        self.ready: ByKey = {}
        self.in_flight: ByKey = {}
        self._held: ByKey = {}  # what waits for others with its key that are being stored
        self._behind: ByKey = {}  # what waits for others with its key that are in the journal

    def put(self, entry: Entry, *, behind: bool = False) -> None:
        """Add an entry after all others of its key that wait for the same."""
        if behind:
            self._behind.setdefault(entry.key, []).append(entry)
        else:
            waiting = self._held if entry.key in self.in_flight else self.ready
            waiting.setdefault(entry.key, []).append(entry)

    def entries(self, key: str | None = None) -> Iterator[Entry]:
        """Iterate over all entries, or over those of a key."""
        for queues in (self.in_flight, self.ready, self._held, self._behind):
            for entries in [queues.get(key, [])] if key else queues.values():
                yield from entries

    def take(self, capacity: int, most: int) -> ByKey:
        """Take what is ready, the oldest first, up to `most` of a key; the rest waits on."""
        taken: ByKey = {}
        while self.ready and capacity:
            key = next(iter(self.ready))
            entries = self.ready.pop(key)
            limit = min(capacity, most)
            taken[key] = self.in_flight[key] = entries[:limit]
            capacity -= len(taken[key])
            for entry in taken[key]:
                entry.is_taken = True
            if len(entries) > limit:
                self._held[key] = entries[limit:]
        return taken

    def release(self, key: str) -> None:
        """Let what waited for others of its key be ready: they are stored."""
        del self.in_flight[key]
        if key in self._held:
            self.ready[key] = self._held.pop(key)

    # What is in the journal

    def postpone(self, key: str) -> None:
        """Let what waits with a key wait for the journal, and drop what went into it."""
        left: list[Entry] = []
        for queues in (self.ready, self._held, self._behind):
            waiting = queues.pop(key, [])
            left += [entry for entry in waiting if entry.receipt is None]
            if handed_out := [entry for entry in waiting if entry.is_handed_out]:
                queues[key] = handed_out
        if left:
            self._behind[key] = left

    def resume(self, key: str) -> None:
        """Let what waited for the journal be stored: nothing of its key is in there any more."""
        for entry in self._behind.pop(key, []):
            self.put(entry)

    def behind(self) -> list[str]:
        """Return the keys of what waits for the journal."""
        return list(self._behind)


# Parts of batches


def only(entries: Iterable[Entry], keys: set[str]) -> list[Entry]:
    """Return the entries with these keys."""
    return [entry for entry in entries if entry.key in keys]


def without(entries: Iterable[Entry], keys: set[str]) -> list[Entry]:
    """Return the entries with other keys."""
    return [entry for entry in entries if entry.key not in keys]


def halves(entries: list[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Return the first half and the rest."""
    middle = len(entries) // 2
    return entries[:middle], entries[middle:]


def balanced(queues: ByKey, count: int) -> list[ByKey]:
    """Return the queues in so many shares of about the same size."""
    shares: list[ByKey] = [{} for _ in range(count)]
    sizes = [0] * count
    for key, entries in sorted(queues.items(), key=lambda item: -len(item[1])):
        smallest = sizes.index(min(sizes))
        shares[smallest][key] = entries
        sizes[smallest] += len(entries)
    return [share for share in shares if share]
