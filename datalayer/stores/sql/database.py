"""Databases: how connections are made, and where work on them runs.

The SQL of the store is written once, as functions of a plain `Connection`. A database runs such a
function in one transaction, where it blocks nobody: SQLite in a worker thread of its own,
PostgreSQL (`postgres.py`) on the event loop.
"""

import asyncio
import contextvars
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event

from datalayer.errors import StoreUnavailable
from datalayer.records import MaintenanceState, Result
from datalayer.stores.sql.errors import translated
from datalayer.stores.sql.postgres.fast_path import FastSave
from datalayer.stores.sql.queries import Query, Rows

T = TypeVar("T")
Work = Callable[[Connection], T]

READERS = 4  # threads, each with a connection; a long search holds up no other read
SQLITE_PRAGMAS = (
    "PRAGMA busy_timeout=10000",  # first: the others wait for locks too
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)
WAL_ATTEMPTS = 100
WAL_PAUSE_S = 0.1


class Database(Protocol):
    """Runs work on connections. Errors are those of `datalayer.errors`."""

    has_fast_path: bool

    async def write(self, work: Work[T]) -> T:
        """Run the work in a transaction that is committed at its end, or rolled back whole."""

    async def save(self, fast: FastSave, work: Work[list[Result]]) -> list[Result]:
        """Save by the fast path, or run the work like a write where that does not take it."""

    async def read(self, work: Work[T]) -> T:
        """Run the work in a transaction that sees one state of the database."""

    async def ask(self, query: Query, **values: Any) -> Rows:
        """Return the rows of one query, by the names of their columns."""

    async def maintain(self) -> MaintenanceState:
        """Bring indexes up to date, some at a time."""

    async def look(self, work: Work[T]) -> T:
        """Run the work like a read, however long it takes and before anything is migrated."""

    async def migrate(self, work: Work[T]) -> T:
        """Run the work like a write, however long it takes and while nobody else migrates."""

    async def close(self) -> None:
        """Close every connection."""


class MigratedDatabase:
    """A database that is migrated before its first use, whenever it can be reached for that."""

    def __init__(self, database: Database, upgrade: Work[None]) -> None:
        self.has_fast_path = database.has_fast_path
        self._database = database
        self._upgrade = upgrade
        self._attempt: asyncio.Task[None] | None = None

    async def write(self, work: Work[T]) -> T:
        await self._migrated()
        return await self._database.write(work)

    async def read(self, work: Work[T]) -> T:
        await self._migrated()
        return await self._database.read(work)

    async def ask(self, query: Query, **values: Any) -> Rows:
        await self._migrated()
        return await self._database.ask(query, **values)

    async def maintain(self) -> MaintenanceState:
        await self._migrated()
        return await self._database.maintain()

    async def look(self, work: Work[T]) -> T:
        return await self._database.look(work)

    async def migrate(self, work: Work[T]) -> T:
        return await self._database.migrate(work)

    async def save(self, fast: FastSave, work: Work[list[Result]]) -> list[Result]:
        await self._migrated()
        return await self._database.save(fast, work)

    async def close(self) -> None:
        await self._database.close()

    async def _migrated(self) -> None:
        """Wait for the one attempt of all who wait; the next call makes another if it fails."""
        if self._attempt is None or _has_failed(self._attempt):
            self._attempt = asyncio.create_task(
                self._database.migrate(self._upgrade), context=contextvars.Context()
            )
            self._attempt.add_done_callback(_has_failed)
        if not self._attempt.done():
            await asyncio.shield(self._attempt)


def _has_failed(attempt: asyncio.Task[None]) -> bool:
    return attempt.done() and (attempt.cancelled() or attempt.exception() is not None)


class SqliteDatabase:
    """A database file, whose folder has to exist."""

    has_fast_path = False  # round trips cost nothing here

    def __init__(self, path: str) -> None:
        self.engine = _sqlite_engine(path)
        self._writer = ThreadPoolExecutor(1, "sqlite-writer")
        self._readers = ThreadPoolExecutor(READERS, "sqlite-reader")

    async def write(self, work: Work[T]) -> T:
        locking = self.engine.execution_options(sqlite_begin="IMMEDIATE")
        return await _run(self._writer, locking, work)

    async def read(self, work: Work[T]) -> T:
        return await _run(self._readers, self.engine, work)

    async def ask(self, query: Query, **values: Any) -> Rows:
        return await self.read(lambda on: on.execute(query.statement, values).mappings().all())

    async def maintain(self) -> MaintenanceState:
        return MaintenanceState.DONE

    async def look(self, work: Work[T]) -> T:
        return await self.read(work)

    async def migrate(self, work: Work[T]) -> T:
        return await self.write(work)

    async def save(self, fast: FastSave, work: Work[list[Result]]) -> list[Result]:
        return await self.write(work)

    async def close(self) -> None:
        await asyncio.to_thread(self._shut_down)

    def _shut_down(self) -> None:
        for threads in (self._writer, self._readers):
            threads.shutdown()
        self.engine.dispose()


async def _run(threads: ThreadPoolExecutor, engine: Engine, work: Work[T]) -> T:
    # A caller that is cancelled does not cut the transaction short: it ends in its thread.
    try:
        future = asyncio.get_running_loop().run_in_executor(threads, _in_transaction, engine, work)
    except RuntimeError as exc:
        message = "The database was closed: the program is shutting down."
        raise StoreUnavailable(message) from exc
    return await future


def _in_transaction(engine: Engine, work: Work[T]) -> T:
    with translated(), engine.begin() as connection:
        return work(connection)


def _sqlite_engine(path: str) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=path),
        hide_parameters=True,
        max_overflow=0,
        pool_size=READERS + 1,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own implicit BEGIN is off: it would be deferred, and a write that starts as a
    # read fails at once, without waiting, when another process writes in between.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(pragma)
    _enter_wal(cursor)
    cursor.close()


def _enter_wal(cursor: Any) -> None:
    """Change to the write-ahead log, which a database keeps from then on.

    SQLite does not wait for the lock when several connections want the change at once.
    """
    for attempt in range(1, WAL_ATTEMPTS + 1):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as exc:
            if attempt == WAL_ATTEMPTS or "locked" not in str(exc):
                raise
            time.sleep(WAL_PAUSE_S)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
