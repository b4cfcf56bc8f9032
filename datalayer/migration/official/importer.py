"""An import from beginning to end: what is read is written through the contract of every store."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import tzinfo

from datalayer.errors import SourceUnusable
from datalayer.migration.official import phrases, rows
from datalayer.migration.official.clocks import SourceClocks
from datalayer.migration.official.report import ImportOutcome, ImportReport, Tally
from datalayer.migration.official.rows import DELETED, HOME, OWNER, ConvertedRow
from datalayer.migration.official.schema import remarks
from datalayer.migration.official.source import OfficialDatabase, open_database
from datalayer.migration.official.streams import RowsByThread, ThreadContents
from datalayer.migration.official.target import DryRunTarget, ImportTarget, RowResult
from datalayer.migration.sqlalchemy import phrases as adopted_phrases
from datalayer.migration.sqlalchemy.rows import Raw
from datalayer.stores.base import Store
from datalayer.values import Json
from datalayer.writes import SaveThread

WINDOW_CHARACTERS = 4_000_000  # of the rows that are on their way together
NAMED = 1_000  # ids of threads that somebody may want to delete in ours too

# What becomes of what is in a thread, by the thread's own outcome, if it is not stored on its own.
_INSIDE: Mapping[ImportOutcome, RowResult | None] = {
    ImportOutcome.STORED: None,
    ImportOutcome.KNOWN: None,
    ImportOutcome.GONE: (ImportOutcome.GONE, phrases.GONE),
    ImportOutcome.LEFT: (ImportOutcome.LEFT, phrases.THREAD_LEFT),
}

KeepLeftover = Callable[[str, Json], None]
Progress = Callable[[int, int], None]


async def import_from(
    url: str,
    store: Store | None,
    *,
    zone: tzinfo,
    now: int,
    keep_leftover: KeepLeftover,
    progress: Progress,
) -> ImportReport:
    """Import the database that a URL names into a store; without one only say what would be done.

    Doubles nothing when it runs again: ids and revisions are the same each time (`clocks.py`). What
    was changed or deleted in the store stays so, what only theirs has changed arrives
    (`refresh.py`). It is no single transaction: after an interruption it has to run again.

    `zone` is that of the program's clock, `now` the present as a revision. `keep_leftover` is given
    each row that cannot be held, with its kind; `progress` how many rows are done, and of how
    many. Raises `SourceUnusable`, and what the store raises.
    """
    async with open_database(url) as source:
        server, name = await source.zone()
        target = ImportTarget(store) if store else DryRunTarget()
        clocks = SourceClocks(zone, server, now)
        importing = Import(source, target, clocks, keep_leftover, progress)
        if str(server) != name:
            importing.tally.notes.add(phrases.ZONE.format(zone=name), count=0)
        try:
            return await importing.run(dry_run=store is None)
        finally:
            await target.close()


class Import:
    """One import on its way."""

    def __init__(
        self,
        source: OfficialDatabase,
        target: ImportTarget | DryRunTarget,
        clocks: SourceClocks,
        keep_leftover: KeepLeftover,
        progress: Progress,
    ) -> None:
        self.tally = Tally()
        self._source = source
        self._target = target
        self._clocks = clocks
        self._keep_leftover = keep_leftover
        self._progress = progress
        self._counts: Mapping[str, int] = {}

    async def run(self, *, dry_run: bool) -> ImportReport:
        """Import everything, users first, then thread by thread, and say what was done."""
        self._counts = await self._source.counts()
        for remark in remarks(await self._source.columns()):
            self.tally.notes.add(remark, count=0)
        await self._store(self._users())
        async for threads in self._source.threads():
            await self._import_threads(threads)
        await self._import_homeless()
        await self._count_deleted()
        self._check()
        return ImportReport(self._counts, self.tally.outcomes, self.tally.notes.listed(), dry_run)

    def _check(self) -> None:
        """Make sure that of every row something is known."""
        if self.tally.recorded != self._counts:
            message = (
                f"Of {dict(self._counts)} rows it is known of {self.tally.recorded} what became of "
                "them. Report it, with your Chainlit's version."
            )
            raise SourceUnusable(message)

    # What there is

    async def _users(self) -> AsyncIterator[ConvertedRow]:
        async for raw in self._source.users():
            yield rows.user(raw, self._clocks)

    async def _import_threads(self, found: Sequence[Raw]) -> None:
        """Import threads, and then all that is in them."""
        alive = [raw for raw in found if raw["deletedAt"] is None]
        for raw in found:
            if raw["deletedAt"] is not None:
                await self._record_deleted(raw)
        outcomes = await self._store_window([rows.thread(raw, self._clocks) for raw in alive])
        closed = {raw["id"]: _INSIDE[outcome] for raw, outcome in zip(alive, outcomes, strict=True)}
        owners = {raw["id"]: raw[OWNER] for raw in alive}
        inside = ThreadContents(self._source, self._clocks, owners)
        for kind in (inside.steps(), inside.elements(), inside.feedbacks()):
            await self._store(self._in_open_threads(kind, closed))

    async def _record_deleted(self, raw: Raw) -> None:
        """Leave out a thread that theirs has deleted, and say so if an earlier import took it."""
        write = rows.thread(raw, self._clocks).write
        is_here = isinstance(write, SaveThread) and await self._target.has_thread(write.id)
        self._record("threads", raw, ImportOutcome.DELETED, "" if is_here else phrases.DELETED)
        if is_here:
            self.tally.notes.add(phrases.STILL_HERE, raw["id"], shown=NAMED)

    async def _in_open_threads(
        self, found: RowsByThread, closed: Mapping[str, RowResult | None]
    ) -> AsyncIterator[ConvertedRow]:
        """Yield what is in threads that were taken; all else shares the outcome of its thread."""
        async for thread_id, one in found:
            if result := closed[thread_id]:
                self._record_converted(one, *result)
            else:
                yield one

    async def _import_homeless(self) -> None:
        """Import what names no thread: an element may be where its step is, all else is left."""
        for kind in ("steps", "feedbacks"):
            async for raw in self._source.homeless(kind):
                self._record(kind, raw, ImportOutcome.LEFT, phrases.NO_HOME)
        await self._store(self._homeless_elements())

    async def _homeless_elements(self) -> AsyncIterator[ConvertedRow]:
        async for raw in self._source.homeless("elements"):
            if raw[DELETED] is not None:
                self._record("elements", raw, ImportOutcome.DELETED, phrases.DELETED)
            elif raw[HOME] is None:
                self._record("elements", raw, ImportOutcome.LEFT, phrases.NO_HOME)
            else:
                yield rows.element(raw, self._clocks, raw[OWNER], 0)

    async def _count_deleted(self) -> None:
        for kind, count in (await self._source.deleted()).items():
            if count:
                self.tally.add(kind, ImportOutcome.DELETED, count)
                self.tally.notes.add(phrases.IN_DELETED.format(table=kind), count=count)

    # What becomes of it

    async def _store(self, found: AsyncIterator[ConvertedRow]) -> None:
        """Store rows, many short ones or a few long ones at a time."""
        window: list[ConvertedRow] = []
        weight = 0
        async for one in found:
            window.append(one)
            weight += sum(len(value) for value in one.raw.values() if isinstance(value, str))
            if len(window) >= self._target.window or weight >= WINDOW_CHARACTERS:
                await self._store_window(window)
                window, weight = [], 0
        await self._store_window(window)

    async def _store_window(self, window: Sequence[ConvertedRow]) -> list[ImportOutcome]:
        results = await self._target.store(window)
        for one, (outcome, why) in zip(window, results, strict=True):
            for note in one.notes:
                self.tally.notes.add(note, one.old_id)
            self._record_converted(one, outcome, why)
        self._progress(sum(self.tally.recorded.values()), sum(self._counts.values()))
        return [outcome for outcome, _ in results]

    def _record_converted(self, one: ConvertedRow, outcome: ImportOutcome, why: str) -> None:
        """Record what became of a row, and of those that its write holds too."""
        self._record(one.kind, one.raw, outcome, why)
        if outcome in (ImportOutcome.STORED, ImportOutcome.KNOWN):
            outcome, why = ImportOutcome.MERGED, adopted_phrases.OTHERS
        for other in one.others:
            self._record(one.kind, other, outcome, why or phrases.LEFT)

    def _record(self, kind: str, raw: Raw, outcome: ImportOutcome, why: str) -> None:
        self.tally.add(kind, outcome)
        if why:
            self.tally.notes.add(why.format(table=kind), raw["id"])
        if outcome is ImportOutcome.LEFT:
            self._keep_leftover(kind, rows.whole(raw))
