"""PostgreSQL through asyncpg: connections, and transactions that outlive a cancelled caller.

Work on a SQLAlchemy connection has its own few connections, one for each batch of writes that is on
its way; single statements, which are most of what is asked, go to asyncpg directly, without a
transaction around them.
"""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any, TypeVar
from weakref import WeakSet

import asyncpg

from common.recorder import NO_RECORDER, Recorder
from datalayer.errors import StoreUnavailable, ThreadsLocked
from datalayer.records import MaintenanceState, Result
from datalayer.stores.sql.database import UnitOfWork
from datalayer.stores.sql.dialect import LOCK_CLASS
from datalayer.stores.sql.postgres.connections import (
    FOR_A_CONNECTION_S,
    Address,
    close_both,
    open_engine,
    open_pool,
)
from datalayer.stores.sql.postgres.errors import connecting, is_lost, translated
from datalayer.stores.sql.postgres.fast_path import FastSave, plan_fast_save
from datalayer.stores.sql.postgres.search.index import TIDY, index_some
from datalayer.stores.sql.postgres.search.process import IndexProcess
from datalayer.stores.sql.postgres.statements import text_and_values
from datalayer.stores.sql.queries import Query, Rows
from datalayer.writes import Write

T = TypeVar("T")

BATCHES = 4  # at once; so many connections are for transactions, if there are enough
CLOSE_S = 10.0  # how long `close` waits for what is under way; a migration may wait for another
READ_ATTEMPTS = 3
READ_PAUSE_S = 0.02  # in which asyncpg notices the end of other connections, too
_LOCK_SCHEMA = f"SELECT pg_advisory_xact_lock({LOCK_CLASS + 1}, 0)"
_READ_ONLY = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


class PostgresDatabase:
    """A database on a server that need not be there yet; it belongs to one event loop."""

    def __init__(self, address: Address, recorder: Recorder = NO_RECORDER) -> None:
        self.address = address
        self.recorder = recorder
        self.limit_s = address.transaction_s
        size = _for_transactions(address.connections)
        self._made: WeakSet[Any] = WeakSet()
        self.engine = open_engine(address, size, self._made)
        self.direct = address.connections - size
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._index_process = IndexProcess()
        self._running: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def write(self, work: UnitOfWork[T]) -> T:
        return await self._run(work, {}, self.limit_s)

    async def save(self, writes: Sequence[Write], work: UnitOfWork[list[Result]]) -> list[Result]:
        if fast := plan_fast_save(writes):
            return await self._to_its_end(self._save(fast, work))
        self.recorder.short_cut_declined("planned")
        return await self.write(work)

    async def _save(self, fast: FastSave, work: UnitOfWork[list[Result]]) -> list[Result]:
        rows = await self._fetch("SELECT keepchat_save($1)", (fast.document,))
        answer = rows[0]["keepchat_save"]
        if answer is True:
            return fast.results
        if isinstance(answer, list):
            raise ThreadsLocked(answer)
        self.recorder.short_cut_declined(answer)
        return await self._in_transaction(work, {}, self.limit_s)

    async def read(self, work: UnitOfWork[T]) -> T:
        return await _again(partial(self._run, work, _READ_ONLY, self.limit_s))

    async def inspect(self, work: UnitOfWork[T]) -> T:
        def patiently(connection: Any) -> T:
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            return work(connection)

        return await self._run(patiently, _READ_ONLY, None)

    async def migrate(self, work: UnitOfWork[T]) -> T:
        def alone(connection: Any) -> T:
            for setting in ("lock_timeout", "statement_timeout"):
                connection.exec_driver_sql(f"SET LOCAL {setting} = 0")
            connection.exec_driver_sql(_LOCK_SCHEMA)
            return work(connection)

        return await self._run(alone, {}, None)

    async def close(self) -> None:
        self._closed = True
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=CLOSE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._index_process.close()
        await close_both(self.engine, self._made, self._pool)

    async def fetch(self, query: Query, **values: Any) -> Rows:
        return await _again(partial(self.fetch_text, *text_and_values(query, values)))

    async def fetch_text(self, statement: str, values: Sequence[Any]) -> Rows:
        """Return the rows of one statement. UUIDs are text, JSON is what it stands for."""
        return await self._to_its_end(self._fetch(statement, values))

    async def maintain(self) -> MaintenanceState:
        return await self._to_its_end(self._maintain())

    async def _maintain(self) -> MaintenanceState:
        async with self._connected() as connection:
            async with connection.transaction():
                done = await index_some(connection, self._index_process)
            if done is not MaintenanceState.HELD_UP:
                with suppress(asyncpg.LockNotAvailableError):  # autovacuum is doing it
                    await connection.execute(TIDY)
            return done

    async def _fetch(self, statement: str, values: Sequence[Any]) -> Rows:
        async with self._connected() as connection:
            rows: Rows = await connection.fetch(statement, *values)
            return rows

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        """Give a connection for single statements; its errors are ours."""
        with translated():
            async with asyncio.timeout(self.limit_s), AsyncExitStack() as stack:
                with connecting():
                    pool = self._pool or await self._open_pool()
                    # Its own limit would take a task each time.
                    async with asyncio.timeout(FOR_A_CONNECTION_S + self.address.connect_s):
                        connection = await stack.enter_async_context(pool.acquire())
                yield connection

    async def _open_pool(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await open_pool(self.address, self.direct)
            return self._pool

    async def _run(
        self, work: UnitOfWork[T], options: Mapping[str, Any], limit_s: float | None
    ) -> T:
        return await self._to_its_end(self._in_transaction(work, options, limit_s))

    async def _to_its_end(self, work: Coroutine[Any, Any, T]) -> T:
        # A caller that is cancelled does not cut the work short: it ends in its own task.
        if self._closed:
            work.close()
            message = "The database was closed: the program is shutting down."
            raise StoreUnavailable(message)
        task = asyncio.create_task(work, context=contextvars.Context())
        self._running.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    async def _in_transaction(
        self, work: UnitOfWork[T], options: Mapping[str, Any], limit_s: float | None
    ) -> T:
        engine = self.engine.execution_options(**options) if options else self.engine
        with translated():
            async with asyncio.timeout(limit_s), AsyncExitStack() as stack:
                with connecting():
                    connection = await stack.enter_async_context(engine.begin())
                if self.address.set_time_outs:
                    await connection.exec_driver_sql(self.address.set_time_outs)
                return await connection.run_sync(work)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has it; who was cancelled does not want it


def _for_transactions(connections: int) -> int:
    """Return how many of the connections are for transactions; all others take one statement."""
    return max(1, min(BATCHES, connections * 2 // 5))


async def _again(read: Callable[[], Awaitable[T]]) -> T:
    """Read once more where a connection had died unseen: instead of a ping before each use."""
    for _ in range(READ_ATTEMPTS - 1):
        try:
            return await read()
        except StoreUnavailable as exc:
            if not is_lost(exc):
                raise
        await asyncio.sleep(READ_PAUSE_S)
    return await read()
