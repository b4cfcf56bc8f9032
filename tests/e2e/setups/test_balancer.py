"""The balancer that people are told to use, before replicas that do nothing but take sockets."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.support.servers.balancer import Balancer, running_balancer
from tests.support.waiting import free_port

LOGINS = 12  # of which not all are led to the same replica, but for once in two thousand
SWITCHED = "HTTP/1.1 101"
UPGRADE = "Upgrade: websocket\r\nConnection: upgrade\r\n"

pytestmark = pytest.mark.server


class Replica:
    """Takes sockets, as long as it is there."""

    def __init__(self) -> None:
        self.port = free_port()
        self._server: asyncio.Server | None = None
        self._taken: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self.port)

    async def die(self) -> None:
        """Refuse everybody, and cut the sockets that are open."""
        assert self._server
        self._server.close()
        for writer in self._taken:
            writer.close()
        self._taken.clear()
        await self._server.wait_closed()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._taken.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"{SWITCHED} Switching Protocols\r\n{UPGRADE}\r\n".encode())
        await reader.read()  # until it is cut, at either end


@asynccontextmanager
async def sockets(balancer: Balancer) -> AsyncIterator[Sequence[str]]:
    """Open a socket of each of several logins, at once; gives what was answered."""
    host, _, port = balancer.url.removeprefix("http://").partition(":")
    async with AsyncExitStack() as stack:

        async def opened(login: int) -> str:
            reader, writer = await asyncio.open_connection(host, int(port))
            stack.callback(writer.close)
            cookie = f"Cookie: access_token=x.{login}.y\r\n"
            writer.write(
                f"GET /ws/socket.io/ HTTP/1.1\r\nHost: x\r\n{cookie}{UPGRADE}\r\n".encode()
            )
            return (await reader.readline()).decode()[: len(SWITCHED)]

        yield await asyncio.gather(*map(opened, range(LOGINS)))


async def test_a_replica_that_is_back_takes_all_sockets_at_once(tmp_path: Path) -> None:
    one, other = Replica(), Replica()
    await one.start()
    await other.start()
    with running_balancer([one.port, other.port], tmp_path) as balancer:
        await one.die()
        async with sockets(balancer) as at_the_other:
            assert at_the_other == [SWITCHED] * LOGINS
            await one.start()
            await other.die()
            async with sockets(balancer) as at_the_one:
                assert at_the_one == [SWITCHED] * LOGINS
            await one.die()
