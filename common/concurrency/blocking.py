"""Blocking work in worker threads: a bounded pool, and tasks that can be stopped between steps.

A cancelled coroutine does not wait for the thread that it started. So `BlockingTask.stop` lets no
further step begin, and `BlockingTask.close` waits for the one that still runs.
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
"""Where bytes come from: themselves, a file, or chunk by chunk."""

CHUNK_SIZE = 256 * 1024  # bytes that are read at a time

_Args = TypeVarTuple("_Args")
_T = TypeVar("_T")
_Task = TypeVar("_Task", bound="BlockingTask")


class BlockingTask(ABC):
    """Something that is open for a while, and used in steps, each of which blocks a thread."""

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


class BlockingFile(BlockingTask):
    """An open file."""

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


class FileReader(BlockingFile):
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

    def read_at(self, offset: int, size: int) -> bytes:
        """Read from a place in the file, whoever else reads it."""
        with self._file_step() as file:
            return os.pread(file.fileno(), size, offset)


class BlockingPool:
    """Runs blocking functions in worker threads, at most `size` at a time. Translates no error."""

    def __init__(self, size: int) -> None:
        self._limiter = CapacityLimiter(size)
        self._closing: set[asyncio.Task[None]] = set()

    async def run(self, function: Callable[[*_Args], _T], *args: *_Args) -> _T:
        """Call a function that blocks."""
        return await to_thread.run_sync(function, *args, limiter=self._limiter)

    @asynccontextmanager
    async def closing(self, task: _Task) -> AsyncIterator[_Task]:
        """Close the task at the end of the block, also after a cancel."""
        try:
            yield task
        finally:
            task.stop()
            # A task of its own: a thread that is only asked for would not start after a cancel.
            closing = asyncio.create_task(self.run(task.close))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            with CancelScope(shield=True):
                await asyncio.shield(closing)

    async def blocks(self, source: ByteSource, size: int) -> AsyncGenerator[bytes, None]:
        """Yield a source in blocks of `size` bytes, the last one shorter, none of them empty.

        Errors of the source stay its own.
        """
        block = bytearray()
        async with aclosing(self._chunks(source)) as chunks:
            async for chunk in chunks:
                rest = memoryview(chunk)
                while rest:
                    part = rest[: size - len(block)]
                    block += part
                    rest = rest[len(part) :]
                    if len(block) == size:
                        full, block = bytes(block), bytearray()
                        yield full
                        del full  # so that not two of them are held
        if block:
            yield bytes(block)

    async def _chunks(self, source: ByteSource) -> AsyncGenerator[bytes, None]:
        if isinstance(source, bytes):
            yield source
        elif isinstance(source, Path):
            async with self.closing(FileReader(source)) as reader:
                await self.run(reader.open)
                while chunk := await self.run(reader.read, CHUNK_SIZE):
                    yield chunk
        else:
            async for chunk in source:
                yield chunk

    async def close(self) -> None:
        """Wait until all tasks are closed. Only those of cancelled calls can still be open."""
        await asyncio.gather(*self._closing)


async def prefetch(items: AsyncGenerator[_T, None]) -> AsyncGenerator[_T, None]:
    """Yield items, of which the next one is made while one is being used.

    They are made, and closed, in one task of their own, as whoever makes them may rely on.
    """
    queue: asyncio.Queue[tuple[_T] | None] = asyncio.Queue()
    producer = asyncio.create_task(_produce(items, queue))
    try:
        while entry := await queue.get():
            queue.task_done()
            yield entry[0]
        await producer
    finally:
        producer.cancel()
        with CancelScope(shield=True):
            await asyncio.gather(producer, return_exceptions=True)  # it may have failed, too


async def _produce(
    items: AsyncGenerator[_T, None], queue: "asyncio.Queue[tuple[_T] | None]"
) -> None:
    try:
        async with aclosing(items):
            async for item in items:
                queue.put_nowait((item,))
                await queue.join()
    finally:
        queue.put_nowait(None)
