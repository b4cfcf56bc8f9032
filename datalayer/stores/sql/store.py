"""The store on an SQL database."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import tzinfo
from functools import partial
from itertools import repeat

from sqlalchemy import Connection

from datalayer.errors import StoreHeldUp
from datalayer.records import (
    ElementRecord,
    FileRecord,
    MaintenanceState,
    Result,
    StepRecord,
    ThreadPage,
    ThreadRecord,
    UserRecord,
)
from datalayer.reports import AdoptionReport
from datalayer.rules.batch import Item, segments
from datalayer.stores.base import Store
from datalayer.stores.cursors import decode_cursor
from datalayer.stores.sql import reads
from datalayer.stores.sql.database import Database, MigratedDatabase, SqliteDatabase
from datalayer.stores.sql.ngrams import grams_of_needle
from datalayer.stores.sql.postgres.database import BATCHES, PostgresDatabase
from datalayer.stores.sql.postgres.fast_path import plan
from datalayer.stores.sql.postgres.search_query import as_values, indexed_query
from datalayer.stores.sql.queries import Rows
from datalayer.stores.sql.reads import Wanted
from datalayer.stores.sql.writes import deletes, saves
from datalayer.values import Json, clean_text, fold
from datalayer.writes import Write

logger = logging.getLogger(__name__)

# How long what somebody else has locked is waited for, and the pauses between the attempts.
PATIENCE_S = 10.0
PAUSES_S = (0.005, 0.01, 0.02, 0.05, *repeat(0.1, 99))
SAMPLE = 4  # newest threads, which tell how common a word is
NEAR = 2  # pages of newest threads that are searched for a common word


class SqlStore(Store):
    """Keeps everything in an SQL database, which is closed by `close`."""

    def __init__(self, database: Database, concurrency: int, *, adopts: bool = False) -> None:
        self.database = database
        self.concurrency = concurrency
        self._upgrade = _adopt_or_upgrade if adopts else _upgrade

    @classmethod
    def sqlite(cls, path: str, *, adopts: bool = False) -> "SqlStore":
        """Return a store on a SQLite file, whose folder has to exist.

        With `adopts` to migrate it is to adopt it, if it is Chainlit's.
        """
        return cls(SqliteDatabase(path), concurrency=1, adopts=adopts)

    @classmethod
    def postgres(cls, url: str, *, migrates: bool = False, adopts: bool = False) -> "SqlStore":
        """Return a store on a PostgreSQL database, which need not be there yet.

        With `migrates` it is migrated before its first use; `adopts` as for SQLite. Raises
        `StoreMisconfigured` when the URL cannot be read.
        """
        database: Database = PostgresDatabase(url)
        if migrates:
            database = MigratedDatabase(database, _adopt_or_upgrade if adopts else _upgrade)
        return PostgresStore(database, concurrency=BATCHES, adopts=adopts)

    async def migrate(self) -> None:
        await self.database.migrate(self._upgrade)

    async def needs_migration(self) -> bool:
        from datalayer.stores.sql.migrations import is_behind

        return await self.database.read(is_behind)

    async def maintain(self) -> MaintenanceState:
        return MaintenanceState.DONE

    async def adopt(
        self, *, zone: tzinfo | None = None, dry_run: bool = False
    ) -> AdoptionReport | None:
        # Imported as Alembic is: an adoption happens once in a database's life.
        from datalayer.migration.sqlalchemy.adopt import adopt, plan_adoption

        if dry_run:
            return await self.database.look(lambda connection: plan_adoption(connection, zone))
        return await self.database.migrate(lambda connection: adopt(connection, zone))

    async def migration_sql(self) -> str:
        from datalayer.stores.sql.migrations import pending_sql

        return await self.database.read(pending_sql)

    async def close(self) -> None:
        await self.database.close()

    async def apply(self, writes: Sequence[Write], *, patient: bool = True) -> list[Result]:
        deadline = time.monotonic() + PATIENCE_S
        for pause in PAUSES_S if patient else ():
            try:
                return await self._apply(writes)
            except StoreHeldUp:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(pause)
        return await self._apply(writes)

    async def _apply(self, writes: Sequence[Write]) -> list[Result]:
        work = partial(_apply, writes=writes)
        fast = plan(writes) if self.database.has_fast_path else None
        return await (self.database.save(fast, work) if fast else self.database.write(work))

    async def get_user(self, identifier: str) -> UserRecord | None:
        rows = await self.database.ask(reads.USER, identifier=identifier)
        return reads.user(rows[0]) if rows else None

    async def get_user_by_id(self, user_id: str) -> UserRecord | None:
        rows = await self.database.ask(reads.USER_BY_ID, id=user_id)
        return reads.user(rows[0]) if rows else None

    async def get_thread(self, thread_id: str) -> ThreadRecord | None:
        return await self.database.read(lambda on: reads.whole_thread(on, thread_id))

    async def get_thread_author(self, thread_id: str) -> str | None:
        rows = await self.database.ask(reads.AUTHOR, id=thread_id)
        return rows[0]["owner"] if rows else None

    async def get_thread_metadata(self, thread_id: str) -> Mapping[str, Json] | None:
        rows = await self.database.ask(reads.METADATA, id=thread_id)
        return rows[0]["metadata"] or {} if rows else None

    async def list_threads(
        self,
        user_id: str,
        *,
        first: int,
        after: str | None = None,
        search: str | None = None,
        feedback: int | None = None,
    ) -> ThreadPage:
        moment, place = decode_cursor(after) if after else (None, None)
        wanted = Wanted(
            user_id=user_id,
            first=first + 1,
            moment=moment,
            place=place,
            needle=fold(clean_text(search or "")).strip(),
            feedback=feedback,
        )
        return reads.page(await self._search(wanted), first)

    async def _search(self, wanted: Wanted) -> Rows:
        return await self.database.ask(reads.page_query(wanted, "instr"), **wanted.values())

    async def get_step(self, step_id: str) -> StepRecord | None:
        rows = await self.database.ask(reads.STEP, id=step_id)
        return reads.by_creation(rows)[0] if rows else None

    async def get_element(self, thread_id: str, element_id: str) -> ElementRecord | None:
        rows = await self.database.ask(reads.ELEMENT, id=element_id, thread_id=thread_id)
        return reads.element(rows[0]) if rows else None

    async def get_feedback_step(self, feedback_id: str) -> StepRecord | None:
        rows = await self.database.ask(reads.FEEDBACK_STEP, id=feedback_id)
        return reads.by_creation(rows)[0] if rows else None

    async def get_favorites(self, user_id: str) -> list[StepRecord]:
        rows = await self.database.ask(reads.FAVORITES, user_id=user_id)
        return reads.by_creation(rows)[::-1]

    async def list_removals(self, limit: int, *, skip: int = 0) -> list[str]:
        rows = await self.database.ask(reads.REMOVALS, limit=limit, skip=skip)
        return [row["objectKey"] for row in rows]

    async def users(self) -> AsyncIterator[UserRecord]:
        rows = await self.database.ask(reads.FIRST_USERS)
        while rows:
            for row in rows:
                yield reads.user(row)
            rows = await self.database.ask(reads.MORE_USERS, last=rows[-1]["id"])

    async def files(self) -> AsyncIterator[FileRecord]:
        rows = await self.database.ask(reads.FIRST_FILES)
        while rows:
            for row in rows:
                yield reads.file(row)
            last = rows[-1]
            rows = await self.database.ask(
                reads.MORE_FILES, thread=last["threadId"], element=last["id"]
            )

    async def named_files(self, element_ids: Collection[str]) -> set[str]:
        query = partial(reads.named_files, ids=list(element_ids))
        return await self.database.read(query)

    async def threads(self) -> AsyncIterator[ThreadRecord]:
        rows = await self.database.ask(reads.FIRST_IDS)
        while rows:
            for row in rows:
                if thread := await self.get_thread(row["id"]):
                    yield thread
            rows = await self.database.ask(reads.MORE_IDS, last=rows[-1]["id"])


class PostgresStore(SqlStore):
    """Does in one round trip what elsewhere takes several statements, and searches by an index."""

    async def get_thread(self, thread_id: str) -> ThreadRecord | None:
        rows = await self.database.ask(reads.WHOLE_THREAD, id=thread_id)
        return reads.thread_of_rows(rows)

    async def _search(self, wanted: Wanted) -> Rows:
        """Search by the index, but for words so common that the newest threads fill the page."""
        if not wanted.needle:
            return await super()._search(wanted)
        if await self._is_common(wanted):
            rows = await self._newest(wanted, wanted.first, NEAR * wanted.first)
            if len(rows) == wanted.first:
                return rows
        needle = grams_of_needle(wanted.needle, wanted.user_id)
        query = indexed_query(
            signed=bool(needle.bits),
            later=wanted.moment is not None,
            judged=wanted.feedback is not None,
        )
        return await self.database.ask(query, **wanted.values(), **as_values(needle))

    async def _is_common(self, wanted: Wanted) -> bool:
        return len(await self._newest(wanted, SAMPLE, SAMPLE)) * 2 > SAMPLE

    async def _newest(self, wanted: Wanted, first: int, near: int) -> Rows:
        """Return the first of the `near` newest threads that hold what is looked for."""
        values = {**wanted.values(), "first": first, "near": near}
        return await self.database.ask(reads.near_query(wanted), **values)

    async def maintain(self) -> MaintenanceState:
        return await self.database.maintain()


def _upgrade(connection: Connection) -> None:
    # Alembic is needed here alone, and being imported takes and says more than it should.
    from datalayer.stores.sql.migrations import upgrade

    upgrade(connection)


def _adopt_or_upgrade(connection: Connection) -> None:
    from datalayer.migration.sqlalchemy.adopt import adopt

    if report := adopt(connection, None):
        logger.info("The database of Chainlit's layer is adopted. %s", "\n".join(report.lines()))
    else:
        _upgrade(connection)


def _apply(connection: Connection, writes: Sequence[Write]) -> list[Result]:
    runs = segments(writes)
    for run in runs:
        if not deletes.delete(connection, run):
            saves.save(connection, run)
    return [_result_of(item) for run in runs for item in run]


def _result_of(item: Item) -> Result:
    if item.result is None:
        message = f"{item.write!r} was not handled"
        raise AssertionError(message)
    return item.result
