"""Which errors of a PostgreSQL server are a value's fault, and which are not."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text

from datalayer.errors import StoreHeldUp, StoreMisconfigured, StoreUnavailable, WriteRejected
from datalayer.records import MaintenanceState
from datalayer.stores.sql.postgres.connections import parse
from datalayer.stores.sql.postgres.database import PostgresDatabase
from tests.support.builders import new_id
from tests.support.servers.postgres import Postgres
from tests.support.waiting import until

SELECT = text("SELECT 1")
SHUT = 'ALTER DATABASE "{}" ALLOW_CONNECTIONS false'


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[PostgresDatabase]:
    opened = PostgresDatabase(parse(postgres.url()))
    yield opened
    await opened.close()


def both_ways(
    database: PostgresDatabase, statement: str = "SELECT 1"
) -> list[Callable[[], Coroutine[Any, Any, Any]]]:
    """Ask with a single statement, and in a transaction."""
    return [
        lambda: database.fetch_text(statement, ()),
        lambda: database.write(lambda on: on.exec_driver_sql(statement).close()),
    ]


async def error_kinds(
    database: PostgresDatabase, statement: str = "SELECT 1"
) -> list[type[Exception]]:
    """The kinds of what a statement ends with on both ways."""
    found: list[type[Exception]] = []
    for ask in both_ways(database, statement):
        with pytest.raises((StoreUnavailable, WriteRejected)) as caught:
            await ask()
        found.append(type(caught.value))
    return found


@asynccontextmanager
async def refusing(state: str) -> AsyncIterator[PostgresDatabase]:
    """Give a database whose server answers whoever connects with one error."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(4))
        await reader.readexactly(size - 4)
        said = f"SFATAL\0VFATAL\0C{state}\0Mthis is what it says\0\0".encode()
        writer.write(b"E" + (len(said) + 4).to_bytes(4) + said)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    database = PostgresDatabase(parse(f"postgresql://u:p@127.0.0.1:{port}/d?sslmode=disable"))
    try:
        yield database
    finally:
        await database.close()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("state", ["XX000", "58000", "55000", "53200", "22000", "42000", "0A000"])
async def test_no_value_has_a_part_in_what_connecting_ends_with(state: str) -> None:
    async with refusing(state) as database:
        assert await error_kinds(database) == [StoreUnavailable] * 2


async def test_a_database_that_takes_no_connections_for_now(postgres: Postgres) -> None:
    with postgres.database(new_id()) as name:
        postgres.query(SHUT.format(name))
        database = PostgresDatabase(parse(postgres.url(name)))
        assert await error_kinds(database) == [StoreUnavailable] * 2
        postgres.query(SHUT.format(name).replace("false", "true"))
        await asyncio.gather(*(ask() for ask in both_ways(database)))
        await database.close()


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        *(
            (state, WriteRejected)
            for state in ("21000", "22000", "23514", "42804", "54000", "P0001")
        ),
        *((state, StoreUnavailable) for state in ("23503", "42P01", "25006", "25P03", "25P04")),
        *((state, StoreUnavailable) for state in ("55000", "58030", "XX000", "XX001", "40001")),
        *((state, StoreHeldUp) for state in ("55P03", "57014", "53200")),
        ("42501", StoreMisconfigured),
    ],
)
async def test_what_a_statement_ends_with(
    database: PostgresDatabase, state: str, kind: type[Exception]
) -> None:
    statement = f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$"
    assert await error_kinds(database, statement) == [kind] * 2


async def test_too_many_arguments_are_nothing_to_wait_for(database: PostgresDatabase) -> None:
    with pytest.raises(WriteRejected):
        await database.fetch_text("SELECT 1", (1, 2))


async def test_a_connection_that_ends_in_the_maintenance(
    database: PostgresDatabase, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def end(connection: Any, _process: object) -> MaintenanceState:
        postgres.query("SELECT pg_terminate_backend($1)", connection.get_server_pid())
        await until(connection.is_closed, "the end of the connection")
        return MaintenanceState.MORE

    monkeypatch.setattr("datalayer.stores.sql.postgres.database.index_some", end)
    with pytest.raises(StoreUnavailable):
        await database.maintain()
    assert await database.fetch_text("SELECT 1", ())
