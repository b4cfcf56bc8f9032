"""An import from beginning to end: what is read is written through the contract of every store."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import tzinfo

from common.aws import AwsAccess
from datalayer.migration.dynamodb import phrases, rows
from datalayer.migration.dynamodb.rows import Clock, Converted
from datalayer.migration.dynamodb.source import ChainlitTable, Conversation, open_table
from datalayer.migration.importing.importer import (
    Importer,
    KeepLeftover,
    Progress,
    RowsByThread,
)
from datalayer.migration.importing.report import KINDS, ImportReport
from datalayer.migration.importing.rows import ConvertedRow
from datalayer.migration.importing.target import open_target
from datalayer.migration.sqlalchemy import phrases as adopted_phrases
from datalayer.stores.base import Store


async def import_from(
    url: str,
    store: Store | None,
    *,
    access: AwsAccess,
    zone: tzinfo | None,
    now: int,
    keep_leftover: KeepLeftover,
    progress: Progress,
) -> ImportReport:
    """Import the table that a URL names into a store; without one only say what would be done.

    It can run again as an import of the official layer can (`official/importer.py`), and takes the
    same; `access` says who we are to Amazon. Raises `SourceUnusable`, and what the store raises.
    """
    async with open_table(url, access) as table, open_target(store) as target:
        importing = Import(table, Importer(target, keep_leftover, progress), Clock(zone, now))
        await importing.run()
        return importing.report(dry_run=store is None)


class Import:
    """One import on its way."""

    def __init__(self, table: ChainlitTable, importer: Importer, clock: Clock) -> None:
        self._table = table
        self._importer = importer
        self._clock = clock
        self._counts: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
        self._identifiers: dict[str, str] = {}

    async def run(self) -> None:
        """Import everything, users first, then thread by thread."""
        self._importer.total = self._table.total
        await self._importer.store(self._users())
        async for found in self._table.conversations():
            await self._import_conversations(found)

    def report(self, *, dry_run: bool) -> ImportReport:
        """Say what was done."""
        notes = self._importer.tally.notes
        notes.add(phrases.DATES, count=0)
        if self._table.others:
            notes.add(phrases.OTHERS, count=self._table.others)
        if self._table.is_changed:
            notes.add(phrases.CHANGED, count=0)
        return self._importer.report(phrases.SCHEMA, dict(self._counts), dry_run=dry_run)

    async def _users(self) -> AsyncIterator[ConvertedRow]:
        async for raw in self._table.users():
            found = rows.user(raw, self._clock)
            if raw.get("id") not in (None, found.old_id):
                self._identifiers[str(raw["id"])] = found.old_id
            self._counts["users"] += 1
            yield found

    async def _import_conversations(self, found: Sequence[Conversation]) -> None:
        """Import threads, and then all that is in them."""
        converted = [rows.conversation(one, self._clock, self._identifiers) for one in found]
        for one in converted:
            if one.is_orphaned:
                self._importer.tally.notes.add(adopted_phrases.NO_THREAD, one.id)
        threads = [one.thread for one in converted if one.thread]
        self._counts["threads"] += len(threads)
        closed = await self._importer.store_threads(threads)
        for kind in KINDS[2:]:
            await self._importer.store_inside(self._inside(converted, kind), closed)

    async def _inside(self, converted: Sequence[Converted], kind: str) -> RowsByThread:
        for one in converted:
            for row in one.rows[kind]:
                self._counts[kind] += 1
                yield one.id, row
