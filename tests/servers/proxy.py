"""A TCP proxy before a server on this machine, which breaks what it is told to break."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

_PIECE = 64 * 1024


class Proxy:
    """Passes on what it is sent.

    `cut_after` counts the bytes that clients may send before their connections are cut, `cuts` how
    often that happens (None: always). `change` changes what they send. `answers` are given, one to
    a connection, in place of the server's. With `passes` false nothing gets through either way.
    """

    def __init__(self, port: int) -> None:
        self.port = 0
        self.sent = 0
        self.cut_after: int | None = None
        self.cuts: int | None = None
        self.change: Callable[[bytes], bytes] = bytes
        self.answers: list[bytes] = []
        self.passes = True
        self._server_port = port
        self._open: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                await (self._answer if self.answers else self._join)(reader, writer)
        finally:
            writer.transport.abort()
            self._open.discard(task)

    async def stop(self) -> None:
        """Cut all connections."""
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = self.answers.pop(0)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.write_eof()
        while await reader.read(_PIECE):  # so that the client may finish what it says
            pass

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
        back = asyncio.create_task(self._back(from_server, writer))
        try:
            while said := await reader.read(_PIECE):
                self.sent += len(said)
                if self._is_cut():
                    return
                if self.passes:
                    to_server.write(self.change(said))
                    await to_server.drain()
        finally:
            back.cancel()
            to_server.transport.abort()
            await asyncio.wait([back])

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while said := await reader.read(_PIECE):
                if self.passes:
                    writer.write(said)
                    await writer.drain()
            writer.close()

    def _is_cut(self) -> bool:
        if self.cut_after is None or self.sent < self.cut_after or self.cuts == 0:
            return False
        if self.cuts is not None:
            self.cuts -= 1
        return True


@asynccontextmanager
async def running_proxy(port: int) -> AsyncIterator[Proxy]:
    """Run one before the server on this port; its own is `port`."""
    proxy = Proxy(port)
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = listening.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listening.close()
        await proxy.stop()
