"""How many connections a PostgreSQL server sees, and what happens when they die unseen."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, text

from datalayer.errors import StoreMisconfigured, StoreUnavailable
from datalayer.pipeline.writer import Writer
from datalayer.stores.sql.postgres.connections import parse
from datalayer.stores.sql.postgres.database import BATCHES, PostgresDatabase
from datalayer.stores.sql.postgres.store import PostgresStore
from datalayer.stores.sql.store import SqlStore
from tests.support.builders import get_step, new_id, save, step
from tests.support.servers.postgres import Postgres
from tests.support.waiting import until

READS_AND_SAVES = 1_000


class Watched:
    """A database, and who is connected to it under a name."""

    def __init__(self, server: Postgres, name: str) -> None:
        self._server = server
        self.name = name

    def url(self, options: str) -> str:
        """Its URL, with options."""
        return f"{self._server.url(self.name)}?{options}"

    def connections(self, application: str = "keepchat") -> int:
        """How many connections there are under a name."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND application_name = $2"
        [(count,)] = self._server.query(query, self.name, application)
        return int(count)

    async def end_connections(self) -> None:
        """End all of them, as a restart, a failover or an administrator does."""
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
        self._server.query(query, self.name)
        await until(lambda: self.connections() == 0, "the end of the connections")


@pytest.fixture
def watched(postgres: Postgres) -> Iterator[Watched]:
    with postgres.database(new_id()) as name:
        yield Watched(postgres, name)


@pytest.fixture
async def store(watched: Watched) -> AsyncIterator[SqlStore]:
    opened = PostgresStore(watched.url("pool_size=6"))
    await opened.migrate()
    yield opened
    await opened.close()


def ping(connection: Connection) -> int:
    return int(connection.execute(text("SELECT 1")).scalar_one())


# How many


@pytest.mark.parametrize(("options", "most"), [("", 10), ("&pool_size=2", 2), ("&pool_size=5", 5)])
async def test_never_more_connections_than_asked_for(
    watched: Watched, options: str, most: int
) -> None:
    store = PostgresStore(watched.url(f"application_name=counted{options}"))
    await store.migrate()
    writer = Writer(store)
    half = range(READS_AND_SAVES // 2)
    saves = [step(new_id(), output="x", odd=number) for number in half]
    work = asyncio.gather(*map(writer.submit, saves), *(store.get_user("alice") for _ in half))
    seen = []
    while not work.done():
        seen.append(await asyncio.to_thread(watched.connections, "counted"))
    await work
    await writer.close()
    seen.append(watched.connections("counted"))  # none is closed so soon
    assert 1 < max(seen) <= most
    await store.close()
    await until(lambda: watched.connections("counted") == 0, "the end of the connections")


@pytest.mark.parametrize(
    ("size", "transactions", "statements"), [(2, 1, 1), (5, 2, 3), (10, 4, 6), (40, BATCHES, 36)]
)
async def test_connections_are_divided(size: int, transactions: int, statements: int) -> None:
    database = PostgresDatabase(parse(f"postgresql://h/d?pool_size={size}"))
    pool: Any = database.engine.sync_engine.pool
    assert (pool.size(), database.direct) == (transactions, statements)
    await database.close()


@pytest.mark.parametrize("size", ["1", "0", "-3", "many", "", "5.5"])
def test_too_few_connections(size: str) -> None:
    with pytest.raises(StoreMisconfigured, match="pool_size is a number, 2 or more"):
        PostgresStore(f"postgresql://h/d?pool_size={size}")


# What dies unseen


async def test_reads_go_on_when_all_connections_have_ended(
    watched: Watched, store: SqlStore
) -> None:
    write = step(new_id(), output="x")
    await save(store, write)
    for _ in range(3):
        await asyncio.gather(*(store.database.read(ping) for _ in range(4)))
        await asyncio.gather(*(get_step(store, write) for _ in range(8)))
        assert watched.connections() == 6
        await watched.end_connections()
        reads = [get_step(store, write) for _ in range(8)]
        pings = asyncio.gather(*(store.database.read(ping) for _ in range(4)))
        assert [each.fields["output"] for each in await asyncio.gather(*reads)] == ["x"] * 8
        assert await pings == [1] * 4


async def test_saves_go_on_when_all_connections_have_ended(
    watched: Watched, store: SqlStore
) -> None:
    writer = Writer(store)
    long_way = [step(new_id(), output="x", odd=1) for _ in range(2)]
    for before, after in ([step(new_id(), output="x") for _ in range(2)], long_way):
        await writer.submit(before)
        await watched.end_connections()
        await writer.submit(after)
        assert (await get_step(store, after)).fields["output"] == "x"
    await writer.close()


async def test_a_connection_that_ends_within_a_transaction(
    watched: Watched, store: SqlStore
) -> None:
    ended = "SELECT pg_terminate_backend(pg_backend_pid())"
    with pytest.raises(StoreUnavailable):
        await store.database.write(lambda on: on.execute(text(ended)))
    assert await store.database.read(ping) == 1


async def test_an_old_connection_is_not_used_again(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = text("SELECT pg_backend_pid()")
    kept = PostgresStore(watched.url("pool_size=10"))
    monkeypatch.setattr("datalayer.stores.sql.postgres.connections.IDLE_S", 0)
    renewed = PostgresStore(watched.url("pool_size=10"))
    for store, count in ((kept, 1), (renewed, 3)):
        pids = {
            await store.database.read(lambda on: on.execute(pid).scalar_one()) for _ in range(3)
        }
        assert len(pids) == count
        await store.close()


async def test_a_statement_that_takes_too_long_is_cut_on_both_ways(watched: Watched) -> None:
    store = PostgresStore(watched.url("statement_timeout=1000"))
    assert isinstance(store.database, PostgresDatabase)
    with pytest.raises(StoreUnavailable, match="statement timeout"):
        await store.database.fetch_text("SELECT 1 FROM pg_sleep(60)", ())
    with pytest.raises(StoreUnavailable, match="statement timeout"):
        await store.database.read(lambda on: on.execute(text("SELECT pg_sleep(60)")))
    assert await store.database.read(ping) == 1
    await store.close()
