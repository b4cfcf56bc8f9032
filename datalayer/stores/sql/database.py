"""Databases: where work on them runs.

The SQL of the store is written once, as functions of a plain `Connection`. A database runs such a
function in one transaction, where it blocks nobody: SQLite in a worker thread of its own,
PostgreSQL on the event loop.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from common.concurrency.once import Once
from common.concurrency.retry import RetryPolicy
from datalayer.errors import StoreHeldUp
from datalayer.records import MaintenanceState, Result
from datalayer.stores.sql.queries import Query, Rows
from datalayer.writes import Write

T = TypeVar("T")
UnitOfWork = Callable[[Connection], T]

_RETRY = RetryPolicy(first_pause_s=0.02, longest_pause_s=0.2, limit_s=5.0, jitter=0.5)


class Database(Protocol):
    """Runs work on connections. Errors are those of `datalayer.errors`."""

    async def write(self, work: UnitOfWork[T]) -> T:
        """Run the work in a transaction that is committed at its end, or rolled back whole."""

    async def save(self, writes: Sequence[Write], work: UnitOfWork[list[Result]]) -> list[Result]:
        """Run the work, which makes these writes, or take a short cut to the same end."""

    async def read(self, work: UnitOfWork[T]) -> T:
        """Run the work in a transaction that sees one state of the database."""

    async def fetch(self, query: Query, **values: Any) -> Rows:
        """Return the rows of one query, by the names of their columns."""

    async def maintain(self) -> MaintenanceState:
        """Bring indexes up to date, some at a time."""

    async def inspect(self, work: UnitOfWork[T]) -> T:
        """Run the work like a read, however long it takes and before anything is migrated."""

    async def migrate(self, work: UnitOfWork[T]) -> T:
        """Run the work like a write, however long it takes and while nobody else migrates."""

    async def close(self) -> None:
        """Close every connection."""


class MigratedDatabase:
    """A database that is migrated before its first use, whenever it can be reached for that."""

    def __init__(self, database: Database, upgrade: UnitOfWork[None]) -> None:
        self._database = database
        self._migration = Once(partial(database.migrate, upgrade))

    async def write(self, work: UnitOfWork[T]) -> T:
        await self._migration.done()
        return await self._database.write(work)

    async def save(self, writes: Sequence[Write], work: UnitOfWork[list[Result]]) -> list[Result]:
        await self._migration.done()
        return await self._database.save(writes, work)

    async def read(self, work: UnitOfWork[T]) -> T:
        await self._migration.done()
        return await self._database.read(work)

    async def fetch(self, query: Query, **values: Any) -> Rows:
        await self._migration.done()
        return await self._database.fetch(query, **values)

    async def maintain(self) -> MaintenanceState:
        await self._migration.done()
        return await self._database.maintain()

    async def inspect(self, work: UnitOfWork[T]) -> T:
        return await self._database.inspect(work)

    async def migrate(self, work: UnitOfWork[T]) -> T:
        return await self._database.migrate(work)

    async def close(self) -> None:
        await self._database.close()


async def write_when_free(database: Database, work: UnitOfWork[T]) -> T:
    """Write, for a while again where somebody else holds what is needed."""
    return await _RETRY.call(partial(database.write, work), passes=_is_held_up)


def _is_held_up(error: BaseException) -> bool:
    return isinstance(error, StoreHeldUp)
