"""Connections that die and say nothing, as behind a balancer that forgets those at rest."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import Connection, text

from datalayer.stores.sql.postgres.connections import parse
from datalayer.stores.sql.postgres.database import PostgresDatabase
from tests.support.servers.postgres import Postgres
from tests.support.waiting import until

ASKED = "keepalives_idle=33&keepalives_interval=7&keepalives_count=2&tcp_user_timeout=9000"


class Balancer:
    """Stands before a server; when it forgets, it takes what is sent and passes on nothing."""

    def __init__(self, port: int) -> None:
        self.passes = True
        self.left = 0  # how many of us have gone
        self._port = port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection."""
        server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
        back = asyncio.create_task(self._pass(server, writer))
        with suppress(ConnectionError):
            await self._pass(reader, to_server)
        self.left += 1
        to_server.close()
        await back
        writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.read(65_536):
            if self.passes:
                writer.write(said)


@asynccontextmanager
async def balanced(server: Postgres) -> AsyncIterator[tuple[Balancer, str]]:
    """Give a balancer, and the URL by way of it."""
    balancer = Balancer(server.port)
    listening = await asyncio.start_server(balancer.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    yield balancer, server.url().replace(f":{server.port}/", f":{port}/")
    listening.close()
    await listening.wait_closed()


def told(connection: Any) -> list[int]:
    """What the socket of a connection of asyncpg was told, as far as the platform has it."""
    sock = connection._transport.get_extra_info("socket")
    names = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
    found = [getattr(socket, name) for name in names if hasattr(socket, name)]
    alive = sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    return [alive, *(sock.getsockopt(socket.IPPROTO_TCP, name) for name in found)]


async def told_both_ways(database: PostgresDatabase) -> list[list[int]]:
    """What the sockets for single statements and for transactions were told."""
    async with database._connected() as connection:
        single = told(connection)

    def in_a_transaction(connection: Connection) -> list[int]:
        return told(connection.connection.driver_connection)

    return [single, await database.read(in_a_transaction)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [("", [1, 30, 10, 3, 10_000]), (f"?{ASKED}", [1, 33, 7, 2, 9_000])],
)
async def test_sockets_are_told_to_look_whether_somebody_is_there(
    postgres: Postgres, options: str, expected: list[int]
) -> None:
    database = PostgresDatabase(parse(f"{postgres.url()}{options}"))
    for found in await told_both_ways(database):
        assert found == expected[: len(found)]
    await database.close()


async def test_probes_can_be_turned_off_and_a_unix_socket_has_none(postgres: Postgres) -> None:
    off = PostgresDatabase(parse(f"{postgres.url()}?keepalives=0"))
    assert [found[0] for found in await told_both_ways(off)] == [0, 0]
    await off.close()
    local = PostgresDatabase(parse(postgres.socket_url("postgres")))
    assert await local.fetch_text("SELECT 1", ())
    await local.close()


async def test_closing_ends_although_nobody_answers(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datalayer.stores.sql.postgres.connections.LEAVE_S", 0.2)
    async with balanced(postgres) as (balancer, url):
        database = PostgresDatabase(parse(url))
        await asyncio.gather(
            *(database.fetch_text("SELECT pg_sleep(0.1)", ()) for _ in range(3)),
            *(database.write(lambda on: on.execute(text("SELECT pg_sleep(0.1)"))) for _ in "123"),
        )
        balancer.passes = False
        async with asyncio.timeout(10):
            await database.close()
        await until(lambda: balancer.left == 6, "the end of the connections")
