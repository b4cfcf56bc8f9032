"""The bytes of elements on their way: open from the moment they are given until they are stored."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from weakref import WeakValueDictionary

from cachetools import LRUCache

from common.concurrency.blocking import CHUNK_SIZE, BlockingPool, FileReader
from common.failures import in_one_line
from common.recorder import NO_RECORDER, Recorder
from datalayer.pipeline.delivery import Puts, Rereadable
from datalayer.records import Outcome, Result
from datalayer.writes import SaveElement
from storage.errors import StorageError

logger = logging.getLogger(__name__)

STOP_S = 5.0  # how long `close` waits for those that it has cancelled
CALM_S = 0.5  # how long `close` lets all go on as before
END_S = 10.0  # how long `close` waits for files, which may wait for the database

REMEMBERED = 10_000  # elements whose bytes have come

_THREADS = 8  # that read files, of all uploads together

_CLAIMING = (Outcome.APPLIED, Outcome.REPEATED, Outcome.STALE, Outcome.ACCEPTED)

ElementBytes = bytes | Path
OnLost = Callable[[str], Awaitable[None]]
"""Told the name of a file that could not be stored, in the context of whoever sent it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Upload:
    write: SaveElement
    stored: asyncio.Future[Result]  # its row
    before: asyncio.Future[None] | None  # the bytes that the same element had before
    durable: asyncio.Future[None]


class Uploads:
    """Stores bytes, those of one element after the other; `close` waits until they are durable."""

    def __init__(
        self, way: Puts, on_lost: OnLost | None = None, recorder: Recorder = NO_RECORDER
    ) -> None:
        self._way = way
        self._recorder = recorder
        self._on_lost = on_lost
        self._waiting: dict[str, asyncio.Future[None]] = {}  # the last one of each element
        self._begun: LRUCache[str, bool] = LRUCache(REMEMBERED)  # elements
        # Before they are begun; of one that nobody waits for any more there is none.
        self._expected: WeakValueDictionary[str, asyncio.Future[None]] = WeakValueDictionary()
        self._running: dict[asyncio.Task[None], _Upload] = {}
        self._pool = BlockingPool(_THREADS)

    def open(self) -> None:
        """Begin with the files that an earlier run has left."""
        self._way.open()

    def start(
        self, write: SaveElement, content: ElementBytes, stored: asyncio.Future[Result]
    ) -> asyncio.Future[None]:
        """Store an element's bytes once its row is, and after those that it had before.

        The future resolves when they are durable and the row says so; it raises `StorageError` or
        `OSError` when they are not.
        """
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        upload = _Upload(write, stored, self._waiting.get(write.id), durable)
        self._waiting[write.id] = durable
        durable.add_done_callback(lambda _done: self._pass_by(upload))
        self._begun[write.id] = True
        task = asyncio.create_task(self._run(upload, content))
        self._running[task] = upload
        task.add_done_callback(self._forget)
        return durable

    async def finished(self, element_id: str) -> None:
        """Wait until what is on its way of an element is durable, or is not."""
        await asyncio.sleep(0)  # what was called by a task just made counts
        while durable := self._waiting.get(element_id):
            await asyncio.wait([durable])

    async def durable(self, element_id: str) -> None:
        """Wait until an element's bytes, which may not have come yet, are durable or are not."""
        if element_id not in self._begun:
            new: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._expected.setdefault(element_id, new)])
        await self.finished(element_id)

    async def finished_in(self, thread_id: str) -> None:
        """Wait until the files of a thread that are on their way are durable, or are not."""
        await asyncio.sleep(0)
        while waiting := [it for it in self._undurable() if it.write.thread_id == thread_id]:
            await asyncio.wait([upload.durable for upload in waiting])

    def _undurable(self) -> list[_Upload]:
        return [upload for upload in self._running.values() if not upload.durable.done()]

    async def close(self) -> None:
        """Wait for the files that are being stored; those that take too long are logged."""
        await self._wait_for_durable(CALM_S)
        self._way.hurry()
        await self._wait_for_durable(END_S)
        for upload in self._undurable():
            logger.error("The file of element %s is lost: the program stopped", upload.write.id)
            self._recorder.file_lost()
        late = list(self._running)
        for task in late:
            task.cancel()
        await self._way.close()
        if late:  # a step that blocks may go on for a while; the database is not to wait for it
            await asyncio.wait(late, timeout=STOP_S)
        await self._pool.close()

    async def _wait_for_durable(self, seconds: float) -> None:
        if waiting := self._undurable():
            await asyncio.wait([upload.durable for upload in waiting], timeout=seconds)

    def _pass_by(self, upload: _Upload) -> None:
        if self._waiting.get(upload.write.id) is upload.durable:
            del self._waiting[upload.write.id]
        if expected := self._expected.pop(upload.write.id, None):
            _resolve(expected)
        if not upload.durable.cancelled():
            upload.durable.exception()  # whoever waits has it; perhaps nobody does

    def _forget(self, done: asyncio.Task[None]) -> None:
        self._running.pop(done).durable.cancel()  # does nothing to what is done
        if not done.cancelled() and (exc := done.exception()):
            logger.error("What followed on a file went wrong", exc_info=exc)

    async def _run(self, upload: _Upload, content: ElementBytes) -> None:
        durable = upload.durable
        try:
            async with self._kept_open(content) as kept:
                await self._store(upload, kept)
        except Exception as exc:
            if durable.done():
                raise
            if isinstance(exc, StorageError | OSError):
                logger.error(  # noqa: TRY400 - in one line
                    "The file of element %s is not stored: %s", upload.write.id, in_one_line(exc)
                )
                self._recorder.file_lost()
                await self._tell_lost(upload.write)
            durable.set_exception(exc)

    async def _tell_lost(self, write: SaveElement) -> None:
        if self._on_lost:
            await self._on_lost(str(write.fields.get("name") or "file"))

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

    async def _store(self, upload: _Upload, content: Rereadable) -> None:
        if upload.before:
            await asyncio.wait([upload.before])
        # A row that is refused or deleted has no claim to the place of the bytes. Of one that is
        # accepted it shows later: `FinishElement` has them removed where it was deleted.
        result = await asyncio.shield(upload.stored)
        if result.outcome in _CLAIMING:
            await self._way.put(upload.write, content, partial(_resolve, upload.durable))
        _resolve(upload.durable)


def _resolve(durable: asyncio.Future[None]) -> None:
    if not durable.done():
        durable.set_result(None)
