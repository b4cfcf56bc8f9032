"""An import from beginning to end: what is read is written through the contract of every store."""

from collections.abc import AsyncIterator, Sequence
from datetime import tzinfo

from datalayer.migration.importing.importer import Importer, KeepLeftover, Progress
from datalayer.migration.importing.report import ImportOutcome, ImportReport
from datalayer.migration.importing.rows import ConvertedRow
from datalayer.migration.importing.target import DryRunTarget, ImportTarget, open_target
from datalayer.migration.official import phrases, rows
from datalayer.migration.official.clocks import SourceClocks
from datalayer.migration.official.rows import DELETED, HOME, OWNER
from datalayer.migration.official.schema import remarks
from datalayer.migration.official.source import OfficialDatabase, open_database
from datalayer.migration.official.streams import ThreadContents
from datalayer.migration.sqlalchemy.rows import Raw
from datalayer.stores.base import Store
from datalayer.writes import SaveThread

NAMED = 1_000  # ids of threads that somebody may want to delete in ours too


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

    Doubles nothing when it runs again: ids and revisions are the same each time
    (`importing/revisions.py`). What was changed or deleted in the store stays so, what only theirs
    has changed arrives (`importing/refresh.py`). It is no single transaction: after an interruption
    it has to run again.

    `zone` is that of the program's clock, `now` the present as a revision. Raises `SourceUnusable`,
    and what the store raises.
    """
    async with open_database(url) as source, open_target(store) as target:
        server, name = await source.zone()
        importer = Importer(target, keep_leftover, progress)
        if str(server) != name:
            importer.tally.notes.add(phrases.ZONE.format(zone=name), count=0)
        importing = Import(source, target, importer, SourceClocks(zone, server, now))
        return await importing.run(dry_run=store is None)


class Import:
    """One import on its way."""

    def __init__(
        self,
        source: OfficialDatabase,
        target: ImportTarget | DryRunTarget,
        importer: Importer,
        clocks: SourceClocks,
    ) -> None:
        self._source = source
        self._target = target
        self._importer = importer
        self._clocks = clocks

    async def run(self, *, dry_run: bool) -> ImportReport:
        """Import everything, users first, then thread by thread, and say what was done."""
        counts = await self._source.counts()
        self._importer.total = sum(counts.values())
        for remark in remarks(await self._source.columns()):
            self._importer.tally.notes.add(remark, count=0)
        await self._importer.store(self._users())
        async for threads in self._source.threads():
            await self._import_threads(threads)
        for homeless in (self._without_home("steps"), self._without_home("feedbacks")):
            await self._importer.store(homeless)
        await self._importer.store(self._homeless_elements())
        await self._count_deleted()
        return self._importer.report(phrases.SCHEMA, counts, dry_run=dry_run)

    async def _users(self) -> AsyncIterator[ConvertedRow]:
        async for raw in self._source.users():
            yield rows.user(raw, self._clocks)

    async def _import_threads(self, found: Sequence[Raw]) -> None:
        """Import threads, and then all that is in them."""
        alive = [raw for raw in found if raw["deletedAt"] is None]
        deleted = [raw for raw in found if raw["deletedAt"] is not None]
        if deleted:
            await self._importer.store_window([await self._deleted(raw) for raw in deleted])
        threads = [rows.thread(raw, self._clocks) for raw in alive]
        closed = await self._importer.store_threads(threads)
        owners = {raw["id"]: raw[OWNER] for raw in alive}
        inside = ThreadContents(self._source, self._clocks, owners)
        for kind in (inside.steps(), inside.elements(), inside.feedbacks()):
            await self._importer.store_inside(kind, closed)

    async def _deleted(self, raw: Raw) -> ConvertedRow:
        """Leave out a thread that theirs has deleted, and say so if an earlier import took it."""
        thread = rows.thread(raw, self._clocks)
        write = thread.write
        is_here = isinstance(write, SaveThread) and await self._target.has_thread(write.id)
        if is_here:
            self._importer.tally.notes.add(phrases.STILL_HERE, raw["id"], shown=NAMED)
        return thread.shut_out((ImportOutcome.DELETED, "" if is_here else phrases.DELETED))

    async def _without_home(self, kind: str) -> AsyncIterator[ConvertedRow]:
        """Yield what names no thread, nor can be in one."""
        async for raw in self._source.homeless(kind):
            yield rows.left_out(kind, raw, phrases.NO_HOME)

    async def _homeless_elements(self) -> AsyncIterator[ConvertedRow]:
        """Yield elements that name no thread: one may be where its step is."""
        async for raw in self._source.homeless("elements"):
            if raw[DELETED] is not None:
                deleted = (ImportOutcome.DELETED, phrases.DELETED)
                yield rows.element(raw, self._clocks, raw[OWNER], 0).shut_out(deleted)
            elif raw[HOME] is None:
                yield rows.left_out("elements", raw, phrases.NO_HOME)
            else:
                yield rows.element(raw, self._clocks, raw[OWNER], 0)

    async def _count_deleted(self) -> None:
        tally = self._importer.tally
        for kind, count in (await self._source.deleted()).items():
            if count:
                tally.add(kind, ImportOutcome.DELETED, count)
                tally.notes.add(phrases.IN_DELETED.format(table=kind), count=count)
