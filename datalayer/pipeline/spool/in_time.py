"""Storing a file, or having it in the spool, whichever is the sooner from a moment on."""

import asyncio
import logging
from collections.abc import Callable

from datalayer.errors import SpoolUnusable
from datalayer.pipeline.delivery import Delivery, Patiently, Rereadable, key_of, log_wait
from datalayer.pipeline.spool.sender import SpoolSender
from datalayer.pipeline.spool.spool import Spool
from datalayer.writes import SaveElement
from storage.base import Receipt
from storage.errors import StorageError, StorageUnavailable

logger = logging.getLogger(__name__)

AT_ONCE = 8  # files on their way into the storage that are not in the spool


class InTime:
    """Gives the storage so long, and then has the file in the spool; `close` leaves it there."""

    def __init__(self, delivery: Delivery, spool: Spool, after_s: float) -> None:
        self._delivery = delivery
        self._spool = spool
        self._sender = SpoolSender(spool, delivery)
        self._after_s = after_s
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._attempts: set[asyncio.Task[Receipt]] = set()
        self._hurried = asyncio.Event()

    def open(self) -> None:
        """Begin to store the files that an earlier run has left."""
        self._sender.wake()

    def hurry(self) -> None:
        """Have the spool take what the storage has not taken by now."""
        self._delivery.is_away = True
        self._hurried.set()

    async def close(self) -> None:
        """Leave what waits to the process that starts next."""
        for attempt in self._attempts:
            attempt.cancel()
        await self._sender.close()
        await self._spool.close()

    async def put(
        self, write: SaveElement, content: Rereadable, durable: Callable[[], None]
    ) -> None:
        """Store a file, and say when it is durable; an attempt that is late may go on after it.

        While the storage cannot be reached nobody waits for it: the sender asks it alone. Raises
        `StorageError` where the file is durable nowhere.
        """
        attempt = await self._attempt(write, content)
        if attempt and attempt.done() and not _is_away(attempt):
            await self._delivery.finish(write, attempt.result())
            durable()
            return
        self._delivery.is_away = True
        try:
            with self._spool.holding(key_of(write) if attempt else None):
                await self._keep(write, content, durable)
                if attempt:
                    await self._wait_for_late(write, attempt)
        finally:
            self._sender.wake()

    async def _keep(
        self, write: SaveElement, content: Rereadable, durable: Callable[[], None]
    ) -> None:
        try:
            receipt = await self._spool.keep(write, content())
        except SpoolUnusable:
            with self._spool.holding(key_of(write)):  # an older one that waits may be all there is
                await Patiently(self._delivery).put(write, content, durable)
            return
        await self._delivery.finish(write, receipt)
        durable()

    async def _attempt(
        self, write: SaveElement, content: Rereadable
    ) -> asyncio.Task[Receipt] | None:
        """Try to store a file for a while; None where there is no use in trying."""
        if self._delivery.is_away or self._spool.find(key_of(write)):
            return None
        end = asyncio.get_running_loop().time() + self._after_s
        try:
            async with asyncio.timeout_at(end):
                await self._slots.acquire()
        except TimeoutError:
            return None
        attempt = asyncio.create_task(self._delivery.put(write, content()))
        self._attempts.add(attempt)
        attempt.add_done_callback(self._note_end)
        await self._wait(attempt, end - asyncio.get_running_loop().time())
        return attempt

    async def _wait(self, attempt: asyncio.Task[Receipt], seconds: float) -> None:
        """Wait for an attempt, so long at most, and no longer once it is hurried."""
        hurried = asyncio.create_task(self._hurried.wait())
        ends = (attempt, hurried)
        await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()

    def _note_end(self, attempt: asyncio.Task[Receipt]) -> None:
        self._slots.release()
        self._attempts.discard(attempt)
        if not attempt.cancelled():
            attempt.exception()  # whoever waits has it; perhaps nobody does any more

    async def _wait_for_late(self, write: SaveElement, attempt: asyncio.Task[Receipt]) -> None:
        """Wait for an attempt that is late; the spool has the file meanwhile."""
        try:
            receipt = await attempt
        except StorageError as exc:
            log_wait(write.id, exc)
            return
        await self._delivery.finish(write, receipt)
        file = self._spool.find(key_of(write))
        if file and file.write is write:
            await self._spool.remove(file)


def _is_away(attempt: asyncio.Task[Receipt]) -> bool:
    return isinstance(attempt.exception(), StorageUnavailable)
