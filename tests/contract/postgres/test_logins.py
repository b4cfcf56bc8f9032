"""Sessions that end, as PostgreSQL orders and finds them."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest
from sqlalchemy import Connection

from datalayer.stores.accounts import Account, LoginSession
from datalayer.stores.sql import accounts
from datalayer.stores.sql.postgres.statements import text_and_values
from datalayer.stores.sql.postgres.store import PostgresStore
from datalayer.stores.sql.store import SqlStore
from datalayer.stores.sql.tables import login_sessions
from tests.support.backends import PostgresBackend
from tests.support.builders import ids
from tests.support.servers.pgbouncer import running_pgbouncer
from tests.support.servers.postgres import Postgres
from tests.support.waiting import until

FUTURE = "2999-01-01T00:00:00.000000Z"
ANNA = Account(key="anna", identifier="anna", changed_at="2026-01-01T00:00:00.000000Z")
_WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def session(name: str) -> LoginSession:
    return LoginSession(
        id=name, identifier="anna", created_at=ANNA.changed_at, expires_at=FUTURE, mode="password"
    )


@pytest.fixture
async def begun(store: SqlStore) -> Sequence[str]:
    """Sessions of one person."""
    names = ids(2)
    for name in names:
        assert await store.accounts.begin_session(session(name), None)
    return names


@pytest.fixture
async def other(postgres: Postgres, backend: PostgresBackend) -> AsyncIterator[asyncpg.Connection]:
    """A connection of another process."""
    connection = await asyncpg.connect(postgres.url(backend.name))
    yield connection
    await connection.close()


async def test_what_ends_in_a_transaction_that_lasts_is_not_missed(
    store: SqlStore, begun: Sequence[str], backend: PostgresBackend, postgres: Postgres
) -> None:
    first, second = begun
    slow = backend.open()
    entered, leave = asyncio.Event(), asyncio.Event()

    async def end_slowly() -> None:
        async with slow.database.engine.begin() as connection:  # type: ignore[attr-defined]

            def end(on: Connection) -> list[str]:
                return accounts._end(on, login_sessions.c.id == first)

            assert await connection.run_sync(end) == [first]
            entered.set()
            await leave.wait()

    slowly = asyncio.create_task(end_slowly())
    await entered.wait()
    ending = asyncio.create_task(store.accounts.end_sessions("anna", [second]))
    await until(lambda: postgres.query(_WAITING) != [(0,)], "the second to wait for the first")
    found, cursor = await store.accounts.ended_sessions()
    assert list(found) == []
    leave.set()
    await slowly
    assert await ending == [second]
    found, cursor = await store.accounts.ended_sessions(cursor)
    assert set(found) == {first, second}
    assert list((await store.accounts.ended_sessions(cursor)).ids) == []
    await slow.close()


async def test_a_poll_looks_up_an_index(
    store: SqlStore, begun: Sequence[str], other: asyncpg.Connection
) -> None:
    statement, values = text_and_values(accounts._ENDED, {"number": 0, "last": ""})
    await other.execute("SET enable_seqscan = off")
    plan = await other.fetch(f"EXPLAIN {statement}", *values)
    lines = "\n".join(row[0] for row in plan)
    assert "ix_login_sessions_ended" in lines
    assert "Seq Scan" not in lines


async def test_a_database_that_is_not_what_it_was_is_read_anew(
    store: SqlStore, begun: Sequence[str], other: asyncpg.Connection
) -> None:
    first, second = begun
    await store.accounts.end_sessions("anna", [first])
    _, cursor = await store.accounts.ended_sessions()
    await other.execute("UPDATE login_sessions SET ended = NULL")  # a backup, from before
    await store.accounts.end_sessions("anna", [second])
    assert set((await store.accounts.ended_sessions(cursor)).ids) == {second}


async def test_accounts_behind_a_pooler(postgres: Postgres, backend: PostgresBackend) -> None:
    with running_pgbouncer(postgres, servers=2) as bouncer:
        store = PostgresStore(f"{bouncer.url(backend.name)}?pgbouncer=true")
        names = ids(10)
        assert await store.accounts.save_account(ANNA, replaces=None)
        began = await asyncio.gather(
            *(store.accounts.begin_session(session(name), ANNA) for name in names)
        )
        assert all(began)
        await asyncio.gather(*(store.accounts.end_sessions("anna", [name]) for name in names[:5]))
        assert await store.accounts.delete_account(ANNA)
        assert set((await store.accounts.ended_sessions()).ids) == set(names)
        await store.close()
