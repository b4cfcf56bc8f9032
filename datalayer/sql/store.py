"""The store on an SQL database."""

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial

from sqlalchemy import Connection

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
from datalayer.sql.fast_path import plan
from datalayer.sql.postgres import LANES, PostgresDatabase
from datalayer.values import Json, clean_text, fold
from datalayer.writes import Write


class SqlStore(Store):
    """Keeps everything in an SQL database, which is closed by `close`."""

    def __init__(self, database: Database, lanes: int) -> None:
        self.database = database
        self.lanes = lanes

    @classmethod
    def sqlite(cls, path: str) -> "SqlStore":
        """Return a store on a SQLite file, whose folder has to exist."""
        return cls(SqliteDatabase(path), lanes=1)

    @classmethod
    def postgres(cls, url: str, *, migrates: bool = False) -> "SqlStore":
        """Return a store on a PostgreSQL database, which need not be there yet.

        With `migrates` it is migrated before its first use. Raises `StoreMisconfigured` when the
        URL cannot be read.
        """
        database: Database = PostgresDatabase(url)
        return cls(MigratedDatabase(database, _upgrade) if migrates else database, lanes=LANES)

    async def migrate(self) -> None:
        await self.database.migrate(_upgrade)

    async def needs_migration(self) -> bool:
        from datalayer.sql.migrations import is_behind

        return await self.database.read(is_behind)

    async def close(self) -> None:
        await self.database.close()

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        work = partial(_apply, writes=writes)
        fast = plan(writes) if self.database.has_fast_path else None
        return await (self.database.save(fast, work) if fast else self.database.write(work))

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
