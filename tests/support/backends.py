"""What the contract of `datalayer.stores.base.Store` is tested on.

Another store is one more class here and one more entry of `BACKENDS`, or of `DATABASES` if it keeps
its rows in tables of a database that may be away, busy or somebody else's.
"""

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from zlib import crc32

import pytest
from sqlalchemy import Engine, event

from datalayer.stores.base import Store
from datalayer.stores.capabilities import Migrates
from datalayer.stores.dynamodb.sdk import client
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.search import unbuilt
from datalayer.stores.dynamodb.store import DynamoStore
from datalayer.stores.factory import open_store
from datalayer.stores.memory import MemoryStore, MemoryTables
from datalayer.stores.options import StoreOptions
from datalayer.stores.sql.postgres.database import PostgresDatabase
from datalayer.stores.sql.postgres.store import PostgresStore
from datalayer.stores.sql.sqlite.database import SqliteDatabase
from datalayer.stores.sql.sqlite.store import SqliteStore
from datalayer.stores.sql.store import SqlStore
from datalayer.stores.sql.tables import metadata
from tests.support.builders import new_id
from tests.support.dynamodb.faults import Faults
from tests.support.dynamodb.index import LaggingIndex
from tests.support.servers.dynamodb import ACCESS, DynamoDB
from tests.support.servers.postgres import Postgres
from tests.support.waiting import free_port, until

IDLE_WITHIN_S = 5.0


class Backend(ABC):
    """Where stores keep the same rows; there are none yet."""

    @abstractmethod
    def open(self) -> Store:
        """Return one more store on it; nothing is migrated yet."""

    async def open_migrated(self) -> Store:
        """Return the first store on it, migrated."""
        return await migrated(self.open())

    @abstractmethod
    async def assert_idle(self, store: Store) -> None:
        """Fail when one of the store's connections stays checked out."""

    @abstractmethod
    async def settle(self) -> None:
        """Let each store list what others wrote."""


async def migrated(store: Store) -> Store:
    """Bring a store's schema to this version, if it has one."""
    if isinstance(store, Migrates):
        await store.migrate()
    return store


class MemoryBackend(Backend):
    """The memory of this process."""

    def __init__(self) -> None:
        self._tables = MemoryTables()

    def open(self) -> Store:
        return MemoryStore(self._tables)

    async def assert_idle(self, store: Store) -> None:
        """There are no connections."""

    async def settle(self) -> None:
        """They do so at once."""


class DatabaseBackend(Backend):
    """An empty database, and what a test does to it behind the backs of its stores.

    It may be migrated already, unless it was asked for as `fresh`.
    """

    @abstractmethod
    def open(self) -> SqlStore: ...

    async def open_migrated(self) -> SqlStore:
        store = self.open()
        await store.migrate()
        return store

    async def settle(self) -> None:
        """They do so at once."""

    @abstractmethod
    def unreachable(self) -> SqlStore:
        """Return a store whose database cannot be reached."""

    @abstractmethod
    def busy(self) -> AbstractAsyncContextManager[SqlStore]:
        """Give a migrated store that is kept from writing until the block ends."""

    @abstractmethod
    def make_newer(self) -> None:
        """Let a migrated database look as if a later version had migrated it."""

    @abstractmethod
    def add_foreign_tables(self) -> None:
        """Put somebody else's tables, with names that we use, into the empty database."""


class SqliteBackend(DatabaseBackend):
    """A database file."""

    _migrated: ClassVar[bytes] = b""  # the file as a migration leaves it, made once for all tests

    def __init__(self, folder: Path) -> None:
        self.path = folder / "contract.db"

    def open(self) -> SqlStore:
        return SqliteStore(self.path)

    async def open_migrated(self) -> SqlStore:
        if not SqliteBackend._migrated:
            first = await super().open_migrated()
            await first.close()
            SqliteBackend._migrated = self.path.read_bytes()
        self.path.write_bytes(SqliteBackend._migrated)
        return self.open()

    async def assert_idle(self, store: Store) -> None:
        await assert_idle_pool(sqlite_engine(store))

    def unreachable(self) -> SqlStore:
        return SqliteStore(Path("/dev/null/no/such/folder.db"))

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[SqlStore]:
        store = SqliteStore(self.path)
        event.listen(sqlite_engine(store), "connect", _wait_briefly)
        await store.migrate()
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield store
        await self.assert_idle(store)
        await store.close()

    def make_newer(self) -> None:
        self._run("UPDATE keepchat_version SET version_num = '9999'")

    def add_foreign_tables(self) -> None:
        self._run("CREATE TABLE users (login TEXT)")

    def _run(self, statement: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(statement)


def sqlite_engine(store: Store) -> Engine:
    assert isinstance(store, SqlStore)
    assert isinstance(store.database, SqliteDatabase)
    return store.database.engine


async def assert_idle_pool(engine: Engine) -> None:
    """Fail when a connection stays checked out; one that a cancel left is on its way back."""
    pool: Any = engine.pool
    for _ in range(int(IDLE_WITHIN_S / 0.01)):
        if pool.checkedout() == 0:
            return
        await asyncio.sleep(0.01)
    assert pool.checkedout() == 0


def _wait_briefly(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=20")
    cursor.close()


class PostgresBackend(DatabaseBackend):
    """A database on the server of the run."""

    _shared: ClassVar[str] = ""  # a migrated database for all tests that say nothing of the schema

    def __init__(self, server: Postgres, name: str) -> None:
        self._server = server
        self.name = name

    def open(self) -> SqlStore:
        return PostgresStore(self._server.url(self.name))

    async def open_migrated(self) -> SqlStore:
        return self.open() if self.name == self._shared else await super().open_migrated()

    async def assert_idle(self, store: Store) -> None:
        await assert_idle_pool(postgres_engine(store))

    def unreachable(self) -> SqlStore:
        return PostgresStore(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[SqlStore]:
        store = PostgresStore(f"{self._server.url(self.name)}?lock_timeout=20")
        await store.migrate()
        self._run("BEGIN")
        self._run("LOCK TABLE threads, steps, elements, users IN EXCLUSIVE MODE")
        yield store
        self._run("ROLLBACK")
        await self.assert_idle(store)
        await store.close()

    def make_newer(self) -> None:
        self._run("UPDATE keepchat_version SET version_num = '9999'")

    def add_foreign_tables(self) -> None:
        self._run("CREATE TABLE users (login TEXT)")

    def _run(self, statement: str) -> None:
        self._server.query(statement, database=self.name)

    async def empty_shared(self) -> None:
        """Have the shared database, migrated once, with nothing in it."""
        if not PostgresBackend._shared:
            self._server.query(f'CREATE DATABASE "{self.name}"')
            store = self.open()
            await store.migrate()
            await store.close()
            PostgresBackend._shared = self.name
        # Far quicker than TRUNCATE, which makes a new file for every table and index.
        tables = [table.name for table in reversed(metadata.sorted_tables)]
        tables.remove("maintenance")  # how far it is does not depend on what is there
        self._server.run(
            "; ".join(f"DELETE FROM {table}" for table in tables),  # noqa: S608 - our own names
            database=self.name,
        )


def postgres_engine(store: Store) -> Engine:
    assert isinstance(store, SqlStore)
    assert isinstance(store.database, PostgresDatabase)
    return store.database.engine.sync_engine


@asynccontextmanager
async def memory_backend(_request: pytest.FixtureRequest, _fresh: bool) -> AsyncIterator[Backend]:
    yield MemoryBackend()


@asynccontextmanager
async def sqlite_backend(
    request: pytest.FixtureRequest, fresh: bool
) -> AsyncIterator[DatabaseBackend]:
    folder: Path = request.getfixturevalue("tmp_path")
    yield SqliteBackend(folder)


@asynccontextmanager
async def postgres_backend(
    request: pytest.FixtureRequest, fresh: bool
) -> AsyncIterator[DatabaseBackend]:
    server: Postgres = request.getfixturevalue("postgres")
    if fresh:
        with server.database(new_id()) as name:
            yield PostgresBackend(server, name)
        return
    backend = PostgresBackend(server, "contract")
    await backend.empty_shared()
    yield backend


class DynamoBackend(Backend):
    """A table on the server of the run, with what goes wrong there."""

    def __init__(self, server: DynamoDB, table: str, faults: Faults) -> None:
        self._server = server
        self.faults = faults
        self.table = table

    def open(self) -> Store:
        options = StoreOptions(aws=ACCESS)
        store = open_store(self._server.url(self.table), Path(), options)
        self.faults.install(client_of(store))
        return store

    async def assert_idle(self, store: Store) -> None:
        assert isinstance(store, DynamoStore)
        # A batch is carried to its end, row by row.
        await until(lambda: store.running == 0, "the end of all calls", 12 * IDLE_WITHIN_S)

    async def settle(self) -> None:
        """They do so at once where the index does not lag."""
        if self.faults.index:
            await asyncio.to_thread(self.faults.index.catch_up)


def client_of(store: Any) -> Client:
    """Return by what a store reaches its table."""
    found = store.client
    assert isinstance(found, Client)
    return found


@asynccontextmanager
async def dynamodb_backend(request: pytest.FixtureRequest, fresh: bool) -> AsyncIterator[Backend]:
    server: DynamoDB = request.getfixturevalue("dynamodb")
    _build_at_once(request)
    with server.table() as table:
        yield DynamoBackend(server, table, Faults(server, 0, rates={}))


def _build_at_once(request: pytest.FixtureRequest) -> None:
    """Take threads for quiet at once: no request of a test outlives its call."""
    patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    patch.setattr(unbuilt, "QUIET_S", 0.0)


@asynccontextmanager
async def faulty_dynamodb_backend(
    request: pytest.FixtureRequest, fresh: bool
) -> AsyncIterator[Backend]:
    """The same with all that goes wrong mixed in, drawn from a seed that is the test's own."""
    server: DynamoDB = request.getfixturevalue("dynamodb")
    patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    soon = replace(client.RETRY, first_pause_s=0.002, longest_pause_s=0.02)
    patch.setattr(client, "RETRY", soon)
    _build_at_once(request)
    seed = crc32(request.node.nodeid.encode())
    with server.table() as table, server.table() as copy:
        index = LaggingIndex(server, table, copy, seed)
        yield DynamoBackend(server, table, Faults(server, seed, index=index))


Maker = Callable[[pytest.FixtureRequest, bool], AbstractAsyncContextManager[Backend]]

DatabaseMaker = Callable[
    [pytest.FixtureRequest, bool], AbstractAsyncContextManager[DatabaseBackend]
]

DATABASES: dict[str, DatabaseMaker] = {"sqlite": sqlite_backend, "postgres": postgres_backend}
BACKENDS: dict[str, Maker] = {
    "memory": memory_backend,
    **DATABASES,
    "dynamodb": dynamodb_backend,
    "dynamodb-faulty": faulty_dynamodb_backend,
}
