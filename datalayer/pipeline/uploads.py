"""The bytes of elements on their way to the storage."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from common.blocking import CHUNK_SIZE, BlockingPool, FileReader
from common.retry import RetryPolicy
from datalayer.clock import HybridClock
from datalayer.pipeline.writer import Writer
from datalayer.records import Outcome, Result
from datalayer.writes import FinishElement, SaveElement
from storage.base import Receipt, Storage
from storage.errors import StorageError, StorageUnavailable

logger = logging.getLogger(__name__)

# While the storage cannot be reached; at the limit the file is given up, and it is said.
RETRY = RetryPolicy(first_pause_s=0.5, longest_pause_s=20.0, limit_s=60.0)
STOP_S = 5.0  # how long `close` waits for those that it has cancelled
END_S = 10.0  # how long `close` waits for files, which may wait for the database

_THREADS = 8  # that read files, of all uploads together

_CLAIMING = (Outcome.APPLIED, Outcome.REPEATED, Outcome.STALE, Outcome.ACCEPTED)

ElementBytes = bytes | Path
Rereadable = Callable[[], bytes | AsyncIterator[bytes]]
"""Gives the bytes from their beginning, each time it is called."""
OnLost = Callable[[str], Awaitable[None]]
"""Told the name of a file that could not be stored, in the context of whoever sent it."""


class Uploads:
    """Stores bytes, those of one element after the other; `close` waits until they are there."""

    def __init__(
        self,
        storage: Storage,
        writer: Writer,
        clock: HybridClock,
        on_lost: OnLost | None = None,
    ) -> None:
        self._storage = storage
        self._on_lost = on_lost
        self._writer = writer
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}  # the last one of each element
        self._running: dict[asyncio.Task[None], str] = {}  # with the thread of each
        self._pool = BlockingPool(_THREADS)

    def start(
        self, write: SaveElement, content: ElementBytes, stored: asyncio.Future[Result]
    ) -> asyncio.Task[None]:
        """Store an element's bytes once its row is, and after those that it had before.

        The task ends when the row says so; it raises `StorageError` or `OSError` when they are not.
        """
        before = self._tasks.get(write.id)
        task = asyncio.create_task(self._store(write, content, stored, before))
        self._tasks[write.id] = task
        self._running[task] = write.thread_id
        task.add_done_callback(lambda done: self._forget(write.id, done))
        return task

    async def finished(self, element_id: str) -> None:
        """Wait for what is being stored of an element, well or not."""
        await asyncio.sleep(0)  # what was called by a task just made counts
        while task := self._tasks.get(element_id):
            await asyncio.wait([task])

    async def finished_in(self, thread_id: str) -> None:
        """Wait for the files of a thread that are being stored, well or not."""
        await asyncio.sleep(0)
        while running := [task for task, home in self._running.items() if home == thread_id]:
            await asyncio.wait(running)

    async def close(self) -> None:
        """Wait for the files that are being stored; those that take too long are logged."""
        if self._running:
            await asyncio.wait(list(self._running), timeout=END_S)
        for element_id in self._tasks:
            logger.error("The file of element %s is lost: the program stopped", element_id)
        late = list(self._running)
        for task in late:
            task.cancel()
        if late:  # a step that blocks may go on for a while; the database is not to wait for it
            await asyncio.wait(late, timeout=STOP_S)

    def _forget(self, element_id: str, done: asyncio.Task[None]) -> None:
        del self._running[done]
        if self._tasks.get(element_id) is done:
            del self._tasks[element_id]
        if not done.cancelled():
            done.exception()  # it was logged, or is the row's, whose caller has it

    async def _store(
        self,
        write: SaveElement,
        content: ElementBytes,
        stored: asyncio.Future[Result],
        before: asyncio.Task[None] | None,
    ) -> None:
        try:
            async with self._kept_open(content) as kept:
                await self._store_kept(write, kept, stored, before)
        except (StorageError, OSError):
            logger.exception("The file of element %s is not stored", write.id)
            if self._on_lost:
                await self._on_lost(str(write.fields.get("name") or "file"))
            raise

    @asynccontextmanager
    async def _kept_open(self, content: ElementBytes) -> AsyncIterator[Rereadable]:
        """Keep bytes readable if their file is removed meanwhile, as at the end of a session."""
        if isinstance(content, bytes):
            yield lambda: content
            return
        async with self._pool.closing(FileReader(content)) as reader:
            await self._pool.run(reader.open)
            yield lambda: self._chunks(reader)

    async def _chunks(self, reader: FileReader) -> AsyncIterator[bytes]:
        offset = 0
        while chunk := await self._pool.run(reader.read_at, offset, CHUNK_SIZE):
            offset += len(chunk)
            yield chunk

    async def _store_kept(
        self,
        write: SaveElement,
        content: Rereadable,
        stored: asyncio.Future[Result],
        before: asyncio.Task[None] | None,
    ) -> None:
        if before:
            await asyncio.wait([before])
        # A row that is refused or deleted has no claim to the place of the bytes. Of one that is
        # accepted it shows later: `FinishElement` has them removed where it was deleted.
        result = await asyncio.shield(stored)
        if result.outcome in _CLAIMING:
            await self._put(write, content)

    async def _put(self, write: SaveElement, content: Rereadable) -> None:
        key = str(write.fields["objectKey"])
        receipt = await RETRY.call(
            partial(self._put_once, write, key, content),
            passes=lambda error: isinstance(error, StorageUnavailable),
            before_pause=partial(_log_wait, write.id),
        )
        finish = FinishElement(
            id=write.id,
            thread_id=write.thread_id,
            object_key=key,
            size=receipt.size,
            sha256=receipt.sha256,
            revision=self._clock.next_of(write.thread_id),
        )
        await self._writer.submit(finish)

    async def _put_once(self, write: SaveElement, key: str, content: Rereadable) -> Receipt:
        mime = str(write.fields.get("mime") or "application/octet-stream")
        name = str(write.fields.get("name") or "")
        return await self._storage.put(key, content(), mime=mime, filename=name)


def _log_wait(element_id: str, error: BaseException) -> None:
    logger.warning("The file of element %s waits for its storage: %s", element_id, error)
