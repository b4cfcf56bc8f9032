"""A connection to a service that fails as networks do: cut, refused, answered by somebody else."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_STATUS_LINE = re.compile(rb"\AHTTP/1\.1 [^\r]*\r\n")
_SIGNED = re.compile(rb"[?&](X-Amz-Signature|sig)=")
_CHUNK = 64 * 1024


def never() -> bool:
    """What is lost where nothing is."""
    return False


class Proxy:
    """Passes bytes on, to the server at this port of the loopback address and back.

    What a test sets applies from then on:
    - after `cut_after` bytes of a client's a connection is cut, for the next `cuts` times;
    - after `holds_after` bytes of a client's, if that is not 0, nothing is passed on until `go_on`
      is set; `is_held` says so;
    - with `cuts_links` one over which a signed link is followed is cut at once;
    - whenever `loses` says so, what a client has just sent is lost, and the connection reset;
    - with `is_cut` nobody gets through; `cut` cuts those, too, who are connected;
    - the answer to the next request that matches one of `losses` is lost;
    - the next connections get one of `answers` each, and nothing is passed on;
    - `header` is put into every answer, and `change` changes what clients say.

    `heads` has what clients have sent, the bodies cut short.
    """

    def __init__(self, port: int) -> None:
        self.port = 0
        self.cut_after = 0
        self.cuts = 0
        self.holds_after = 0
        self.is_held = asyncio.Event()
        self.go_on = asyncio.Event()
        self.cuts_links = False
        self.is_cut = False
        self.loses: Callable[[], bool] = never
        self.losses: list[re.Pattern[bytes]] = []
        self.answers: list[bytes] = []
        self.header = b""
        self.change: Callable[[bytes], bytes] = bytes
        self.heads: list[str] = []
        self._upstream = port
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The address to give to a client."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._tasks)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, in a task of its own."""
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # One that is cancelled before it begins has closed nothing.
        task.add_done_callback(lambda _done: writer.transport.abort())

    async def cut(self) -> None:
        """Cut all connections, and those that come until `is_cut` is taken back."""
        self.is_cut = True
        await self.close()

    async def close(self) -> None:
        """Cut all connections; clients keep those open that they may use again."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            try:
                if self.is_cut:
                    return
                if self.answers:
                    await self._answer(reader, writer, self.answers.pop(0))
                else:
                    await self._pass_on(reader, writer)
            except asyncio.CancelledError:
                writer.transport.abort()  # a client that does not read would hold it open
                raise
            finally:
                writer.close()
                await writer.wait_closed()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes
    ) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head.decode("latin-1"))
        if b"100-continue" in head.lower():
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if length := _LENGTH.search(head):
            await reader.readexactly(int(length[1]))
        writer.write(answer)
        await writer.drain()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", self._upstream)
        try:
            is_lost = asyncio.Event()
            back = asyncio.create_task(self._back(theirs, writer, is_lost))
            try:
                await self._forth(reader, ours, is_lost)
            finally:
                back.cancel()
                await asyncio.wait([back])
        finally:
            ours.close()
            await ours.wait_closed()

    async def _forth(
        self, reader: asyncio.StreamReader, ours: asyncio.StreamWriter, is_lost: asyncio.Event
    ) -> None:
        passed = 0
        while piece := await reader.read(_CHUNK):
            self.heads.append(piece.partition(b"\r\n\r\n")[0].decode("latin-1"))
            if self.cuts and passed + len(piece) > self.cut_after:
                self.cuts -= 1
                return
            if self.cuts_links and _SIGNED.search(piece.partition(b"\r\n")[0]):
                return
            if found := next((each for each in self.losses if each.match(piece)), None):
                self.losses.remove(found)
                is_lost.set()
            if self.loses():
                return
            passed += len(piece)
            if 0 < self.holds_after < passed:
                self.is_held.set()
                await self.go_on.wait()
            ours.write(self.change(piece))
            await ours.drain()

    async def _back(
        self, theirs: asyncio.StreamReader, writer: asyncio.StreamWriter, is_lost: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while (piece := await theirs.read(_CHUNK)) and not is_lost.is_set():
                writer.write(_STATUS_LINE.sub(lambda line: line[0] + self.header, piece))
                await writer.drain()
        writer.close()


@asynccontextmanager
async def running_proxy(port: int) -> AsyncIterator[Proxy]:
    """Stand before the server at this port."""
    proxy = Proxy(port)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
