"""SQLite: one thread writes, others read, each with connections of its own."""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event

from common.files.owner_only import close_to_others
from datalayer.errors import StoreUnavailable
from datalayer.records import MaintenanceState, Result
from datalayer.stores.sql.database import UnitOfWork
from datalayer.stores.sql.queries import Query, Rows
from datalayer.stores.sql.sqlite.errors import translated
from datalayer.writes import Write

T = TypeVar("T")

READERS = 4  # threads, each with a connection; a long search holds up no other read
PRAGMAS = (
    "PRAGMA busy_timeout=10000",  # first: the others wait for locks too
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)
WAL_ATTEMPTS = 100
WAL_PAUSE_S = 0.1
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600
_MAKING = threading.Lock()


class SqliteDatabase:
    """A database file, which is made where it is missing, and its folder with it."""

    def __init__(self, path: Path) -> None:
        self.engine = _open_engine(path)
        self._writer = ThreadPoolExecutor(1, "sqlite-writer")
        self._readers = ThreadPoolExecutor(READERS, "sqlite-reader")

    async def write(self, work: UnitOfWork[T]) -> T:
        locking = self.engine.execution_options(sqlite_begin="IMMEDIATE")
        return await _run(self._writer, locking, work)

    async def save(self, writes: Sequence[Write], work: UnitOfWork[list[Result]]) -> list[Result]:
        return await self.write(work)  # a short cut would spare round trips: there are none

    async def read(self, work: UnitOfWork[T]) -> T:
        return await _run(self._readers, self.engine, work)

    async def fetch(self, query: Query, **values: Any) -> Rows:
        return await self.read(lambda on: on.execute(query.statement, values).mappings().all())

    async def maintain(self) -> MaintenanceState:
        return MaintenanceState.DONE

    async def inspect(self, work: UnitOfWork[T]) -> T:
        return await self.read(work)

    async def migrate(self, work: UnitOfWork[T]) -> T:
        return await self.write(work)

    async def close(self) -> None:
        await asyncio.to_thread(self._shut_down)

    def _shut_down(self) -> None:
        for executor in (self._writer, self._readers):
            executor.shutdown()
        self.engine.dispose()


async def _run(executor: ThreadPoolExecutor, engine: Engine, work: UnitOfWork[T]) -> T:
    # A caller that is cancelled does not cut the transaction short: it ends in its thread.
    try:
        future = asyncio.get_running_loop().run_in_executor(executor, _in_transaction, engine, work)
    except RuntimeError as exc:
        message = "The database was closed: the program is shutting down."
        raise StoreUnavailable(message) from exc
    return await future


def _in_transaction(engine: Engine, work: UnitOfWork[T]) -> T:
    with translated(), engine.begin() as connection:
        return work(connection)


def _make_ready(path: Path) -> None:
    """Make the folder and the file, if they are not there, and keep them from everybody else.

    What SQLite makes beside the file has the file's own rights. A file that is there is never
    opened here: to close it would take away the locks that this process's connections have on it.
    """
    path.parent.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
    with _MAKING, suppress(OSError):  # SQLite says what is wrong with it
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _FILE_MODE))
    close_to_others(path, *(Path(f"{path}{ending}") for ending in ("-wal", "-shm")))


def _open_engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        hide_parameters=True,
        max_overflow=0,
        pool_size=READERS + 1,
    )
    event.listen(engine, "do_connect", lambda *_: _make_ready(path))
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    # The driver's own implicit BEGIN is off: it would be deferred, and a write that starts as a
    # read fails at once, without waiting, when another process writes in between.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in PRAGMAS:
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


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
