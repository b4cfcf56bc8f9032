"""The store on an SQL database."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import tzinfo
from functools import partial

from sqlalchemy import Connection

from datalayer.adoption import AdoptionReport
from datalayer.base import Store
from datalayer.cursors import decode_cursor
from datalayer.records import (
    ElementRecord,
    Result,
    StepRecord,
    ThreadPage,
    ThreadRecord,
    UserRecord,
)
from datalayer.sql import deletes, reads, saves
from datalayer.sql.batch import Item, segments
from datalayer.sql.engine import Database, MigratedDatabase, SqliteDatabase
from datalayer.sql.postgres import PostgresDatabase
from datalayer.values import Json, clean_text, fold
from datalayer.writes import Write

logger = logging.getLogger(__name__)


class SqlStore(Store):
    """Keeps everything in an SQL database, which is closed by `close`."""

    def __init__(self, database: Database, lanes: int, *, adopts: bool = False) -> None:
        self.database = database
        self.lanes = lanes
        self._upgrade = _adopt_or_upgrade if adopts else _upgrade

    @classmethod
    def sqlite(cls, path: str, *, adopts: bool = False) -> "SqlStore":
        """Return a store on a SQLite file, whose folder has to exist.

        With `adopts` to migrate it is to adopt it, if it is Chainlit's.
        """
        return cls(SqliteDatabase(path), lanes=1, adopts=adopts)

    @classmethod
    def postgres(cls, url: str, *, migrates: bool = False, adopts: bool = False) -> "SqlStore":
        """Return a store on a PostgreSQL database, which need not be there yet.

        With `migrates` it is migrated before its first use; `adopts` as for SQLite. Raises
        `StoreMisconfigured` when the URL cannot be read.
        """
        database: Database = PostgresDatabase(url)
        if migrates:
            database = MigratedDatabase(database, _adopt_or_upgrade if adopts else _upgrade)
        return cls(database, lanes=4, adopts=adopts)

    async def migrate(self) -> None:
        await self.database.migrate(self._upgrade)

    async def needs_migration(self) -> bool:
        from datalayer.sql.migrations import is_behind

        return await self.database.read(is_behind)

    async def adopt(
        self, *, zone: tzinfo | None = None, dry_run: bool = False
    ) -> AdoptionReport | None:
        # Imported as Alembic is: an adoption happens once in a database's life.
        from datalayer.sql.adoption.adopt import adopt, plan

        if dry_run:
            return await self.database.look(lambda connection: plan(connection, zone))
        return await self.database.migrate(lambda connection: adopt(connection, zone))

    async def migration_sql(self) -> str:
        from datalayer.sql.migrations import pending_sql

        return await self.database.read(pending_sql)

    async def close(self) -> None:
        await self.database.close()

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        return await self.database.write(lambda connection: _apply(connection, writes))

    async def get_user(self, identifier: str) -> UserRecord | None:
        return await self.database.read(lambda on: reads.user(on, identifier=identifier))

    async def get_user_by_id(self, user_id: str) -> UserRecord | None:
        return await self.database.read(lambda on: reads.user(on, id=user_id))

    async def get_thread(self, thread_id: str) -> ThreadRecord | None:
        return await self.database.read(lambda on: reads.thread(on, thread_id))

    async def get_thread_author(self, thread_id: str) -> str | None:
        return await self.database.read(lambda on: reads.thread_author(on, thread_id))

    async def get_thread_metadata(self, thread_id: str) -> Mapping[str, Json] | None:
        return await self.database.read(lambda on: reads.thread_metadata(on, thread_id))

    async def list_threads(
        self,
        user_id: str,
        *,
        first: int,
        after: str | None = None,
        search: str | None = None,
        feedback: int | None = None,
    ) -> ThreadPage:
        start = decode_cursor(after) if after else None
        needle = fold(clean_text(search or "")).strip()
        return await self.database.read(
            lambda on: reads.thread_page(
                on, user_id, first=first, start=start, needle=needle, feedback=feedback
            )
        )

    async def get_step(self, step_id: str) -> StepRecord | None:
        return await self.database.read(lambda on: reads.step(on, step_id))

    async def get_element(self, thread_id: str, element_id: str) -> ElementRecord | None:
        return await self.database.read(lambda on: reads.element(on, thread_id, element_id))

    async def get_feedback_step(self, feedback_id: str) -> StepRecord | None:
        return await self.database.read(lambda on: reads.feedback_step(on, feedback_id))

    async def get_favorites(self, user_id: str) -> list[StepRecord]:
        return await self.database.read(lambda on: reads.favorites(on, user_id))

    async def list_removals(self, limit: int) -> list[str]:
        return await self.database.read(lambda on: reads.removals(on, limit))

    async def users(self) -> AsyncIterator[UserRecord]:
        last = ""
        while True:
            page = await self.database.read(partial(reads.users_after, last=last))
            for user in page:
                yield user
            if not page:
                return
            last = page[-1].id

    async def threads(self) -> AsyncIterator[ThreadRecord]:
        last = ""
        while True:
            ids = await self.database.read(partial(reads.thread_ids_after, last=last))
            for thread_id in ids:
                if thread := await self.get_thread(thread_id):
                    yield thread
            if not ids:
                return
            last = ids[-1]


def _upgrade(connection: Connection) -> None:
    # Alembic is needed here alone, and being imported takes and says more than it should.
    from datalayer.sql.migrations import upgrade

    upgrade(connection)


def _adopt_or_upgrade(connection: Connection) -> None:
    from datalayer.sql.adoption.adopt import adopt

    if report := adopt(connection, None):
        logger.info("The database of Chainlit's layer is adopted. %s", "\n".join(report.lines()))
    else:
        _upgrade(connection)


def _apply(connection: Connection, writes: Sequence[Write]) -> list[Result]:
    runs = segments(writes)
    for run in runs:
        if not deletes.delete(connection, run):
            saves.save(connection, run)
    return [_settled(item) for run in runs for item in run]


def _settled(item: Item) -> Result:
    if item.result is None:
        message = f"{item.write!r} was not handled"
        raise AssertionError(message)
    return item.result
