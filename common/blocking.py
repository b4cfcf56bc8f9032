"""Work that blocks: what is done in worker threads, step by step, and may be stopped between steps.

A cancelled task does not wait for the thread that it started. So `Work.stop` lets no further step
begin, and `Work.close` waits for the one that still runs.
"""

import asyncio
import errno
import io
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from anyio import CancelScope, CapacityLimiter, to_thread

ByteSource = bytes | Path | AsyncIterator[bytes]
"""Where bytes come from: themselves, a file, or piece by piece."""

PIECE = 256 * 1024  # bytes that are read at a time

_Args = TypeVarTuple("_Args")
_T = TypeVar("_T")
_Work = TypeVar("_Work", bound="Work")


class Work(ABC):
    """Something that is open for a while. Its steps block."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped = False

    def stop(self) -> None:
        """Let no further step begin; never blocks."""
        self._stopped = True

    @abstractmethod
    def close(self) -> None:
        """Wait for the step that runs and take back what was not finished; raises nothing."""

    @contextmanager
    def _step(self) -> Iterator[None]:
        with self._lock:
            self._check_stopped()
            yield

    def _check_stopped(self) -> None:
        if self._stopped:
            raise InterruptedError(errno.EINTR, os.strerror(errno.EINTR))


class FileWork(Work):
    """Work on one file."""

    def __init__(self) -> None:
        super().__init__()
        self._file: io.FileIO | None = None

    def close(self) -> None:
        """Close the file, if it is open."""
        # What counts has been synced by now, so an error here takes nothing away.
        with self._lock, suppress(OSError):
            if self._file is not None:
                self._file.close()

    @contextmanager
    def _file_step(self) -> Iterator[io.FileIO]:
        with self._step():
            if self._file is None:
                message = "The file has not been opened."
                raise ValueError(message)
            yield self._file


class FileReader(FileWork):
    """A file being read."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def open(self) -> int:
        """Open the file and return its size."""
        with self._step():
            self._file = io.FileIO(self._path, "rb")
            return os.fstat(self._file.fileno()).st_size

    def seek(self, offset: int) -> None:
        with self._file_step() as file:
            file.seek(offset)

    def read(self, size: int) -> bytes:
        with self._file_step() as file:
            return file.read(size)


async def one_ahead(items: AsyncGenerator[_T, None]) -> AsyncGenerator[_T, None]:
    """Yield items, of which the next one is made while one is being used.

    They are made, and closed, in one task of their own, as whoever makes them may rely on.
    """
    queue: asyncio.Queue[tuple[_T] | None] = asyncio.Queue()
    making = asyncio.create_task(_make(items, queue))
    try:
        while found := await queue.get():
            queue.task_done()
            yield found[0]
        await making
    finally:
        making.cancel()
        with CancelScope(shield=True):
            await asyncio.gather(making, return_exceptions=True)  # it may have failed, too


async def _make(items: AsyncGenerator[_T, None], queue: "asyncio.Queue[tuple[_T] | None]") -> None:
    try:
        async with aclosing(items):
            async for item in items:
                queue.put_nowait((item,))
                await queue.join()
    finally:
        queue.put_nowait(None)


class Threads:
    """The worker threads of one storage, `most` at a time. Translates no error."""

    def __init__(self, most: int) -> None:
        self._limiter = CapacityLimiter(most)
        self._closing: set[asyncio.Task[None]] = set()

    async def run(self, function: Callable[[*_Args], _T], *args: *_Args) -> _T:
        """Call a function that blocks."""
        return await to_thread.run_sync(function, *args, limiter=self._limiter)

    @asynccontextmanager
    async def using(self, work: _Work) -> AsyncIterator[_Work]:
        """Close the work at the end of the block, also after a cancel."""
        try:
            yield work
        finally:
            work.stop()
            # A task of its own: a thread that is only asked for would not start after a cancel.
            closing = asyncio.create_task(self.run(work.close))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            with CancelScope(shield=True):
                await asyncio.shield(closing)

    async def blocks(self, source: ByteSource, size: int) -> AsyncGenerator[bytes, None]:
        """Yield a source in blocks of `size` bytes, the last one shorter, none of them empty.

        Errors of the source stay its own.
        """
        block = bytearray()
        async with aclosing(self._pieces(source)) as pieces:
            async for piece in pieces:
                rest = memoryview(piece)
                while rest:
                    taken = rest[: size - len(block)]
                    block += taken
                    rest = rest[len(taken) :]
                    if len(block) == size:
                        full, block = bytes(block), bytearray()
                        yield full
                        del full  # so that not two of them are held
        if block:
            yield bytes(block)

    async def _pieces(self, source: ByteSource) -> AsyncGenerator[bytes, None]:
        if isinstance(source, bytes):
            yield source
        elif isinstance(source, Path):
            async with self.using(FileReader(source)) as reader:
                await self.run(reader.open)
                while piece := await self.run(reader.read, PIECE):
                    yield piece
        else:
            async for piece in source:
                yield piece

    async def close(self) -> None:
        """Wait until all work is closed. Only that of cancelled calls can still be open."""
        await asyncio.gather(*self._closing)
