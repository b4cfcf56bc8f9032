"""Stores what is read of a source, some rows at a time, and knows what became of each."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

from datalayer.errors import SourceUnusable
from datalayer.migration.importing import phrases
from datalayer.migration.importing.report import ImportOutcome, ImportReport, RowResult, Tally
from datalayer.migration.importing.rows import ConvertedRow
from datalayer.migration.sqlalchemy import phrases as adopted_phrases
from datalayer.migration.sqlalchemy.rows import Raw, as_leftover
from datalayer.values import Json

WINDOW_CHARACTERS = 4_000_000  # of the rows that are on their way together

# What becomes of what is in a thread, by the thread's own outcome, if it is not stored on its own.
_INSIDE: Mapping[ImportOutcome, RowResult | None] = {
    ImportOutcome.STORED: None,
    ImportOutcome.KNOWN: None,
    ImportOutcome.GONE: (ImportOutcome.GONE, phrases.GONE),
    ImportOutcome.LEFT: (ImportOutcome.LEFT, phrases.THREAD_LEFT),
}

RowsByThread = AsyncIterator[tuple[str, ConvertedRow]]  # the thread's id in theirs, and the row
Closed = Mapping[str, RowResult | None]
"""By the ids of threads what becomes of all in them; None where it is stored."""
KeepLeftover = Callable[[str, Json], None]
Progress = Callable[[int, int], None]


class Target(Protocol):
    """Where rows go, `window` of them at a time."""

    @property
    def window(self) -> int: ...

    async def store(self, window: Sequence[ConvertedRow]) -> list[RowResult]:
        """Store rows, and return what became of each and what is to be said of it."""


class Importer:
    """Stores rows, in memory that does not grow with them.

    `keep_leftover` is given each row that cannot be held, with its kind; `progress` how many rows
    are done, and of how many: that is `total`.
    """

    def __init__(self, target: Target, keep_leftover: KeepLeftover, progress: Progress) -> None:
        self.tally = Tally()
        self.total = 0
        self._target = target
        self._keep_leftover = keep_leftover
        self._progress = progress

    async def store(self, found: AsyncIterator[ConvertedRow]) -> None:
        """Store rows, many short ones or a few long ones at a time."""
        window: list[ConvertedRow] = []
        weight = 0
        async for one in found:
            window.append(one)
            weight += sum(len(value) for value in one.raw.values() if isinstance(value, str))
            if len(window) >= self._target.window or weight >= WINDOW_CHARACTERS:
                await self.store_window(window)
                window, weight = [], 0
        if window:
            await self.store_window(window)

    async def store_threads(self, threads: Sequence[ConvertedRow]) -> Closed:
        """Store threads, and return which of them were not taken."""
        outcomes = await self.store_window(threads)
        found = zip(threads, outcomes, strict=True)
        return {one.old_id: _INSIDE[outcome] for one, outcome in found}

    async def store_inside(self, found: RowsByThread, closed: Closed) -> None:
        """Store what is in threads; where a thread was not taken, all in it shares its outcome."""
        await self.store(_shut_out(found, closed))

    async def store_window(self, window: Sequence[ConvertedRow]) -> list[ImportOutcome]:
        """Store rows, all together, and return what became of each."""
        results = await self._target.store(window)
        for one, result in zip(window, results, strict=True):
            for note in one.notes:
                self.tally.notes.add(note, one.old_id)
            self._record_all(one, result)
        self._progress(sum(self.tally.recorded.values()), self.total)
        return [outcome for outcome, _ in results]

    def report(self, schema: str, counts: Mapping[str, int], *, dry_run: bool) -> ImportReport:
        """Say what was done, `counts` being how many rows there are of each kind.

        Raises `SourceUnusable` unless of every row something is known.
        """
        if self.tally.recorded != counts:
            message = (
                f"Of {dict(counts)} rows it is known of {self.tally.recorded} what became of "
                "them. Report it, with your Chainlit's version."
            )
            raise SourceUnusable(message)
        return ImportReport(schema, counts, self.tally.outcomes, self.tally.notes.listed(), dry_run)

    def _record_all(self, one: ConvertedRow, result: RowResult) -> None:
        """Record what became of a row, and of those that its write holds too."""
        self._record(one.kind, one.raw, one.old_id, result)
        outcome, why = result
        if outcome in (ImportOutcome.STORED, ImportOutcome.KNOWN):
            outcome, why = ImportOutcome.MERGED, adopted_phrases.OTHERS
        for other in one.others:
            self._record(one.kind, other, other["id"], (outcome, why or phrases.LEFT))

    def _record(self, kind: str, raw: Raw, old_id: object, result: RowResult) -> None:
        outcome, why = result
        self.tally.add(kind, outcome)
        if why:
            self.tally.notes.add(why.format(table=kind), old_id)
        if outcome is ImportOutcome.LEFT:
            self._keep_leftover(kind, as_leftover(raw))


async def _shut_out(found: RowsByThread, closed: Closed) -> AsyncIterator[ConvertedRow]:
    async for thread_id, one in found:
        result = closed.get(thread_id)
        yield one.shut_out(result) if result else one
