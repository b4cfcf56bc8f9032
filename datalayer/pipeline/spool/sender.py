"""The background worker that brings files from the spool into their storage."""

import asyncio
import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress

import anyio

from common.concurrency.retry import RetryPolicy
from datalayer.errors import DataLayerError, StoreUnavailable, WriteRefused, WriteRejected
from datalayer.pipeline.background import BackgroundWorker
from datalayer.pipeline.delivery import Delivery
from datalayer.pipeline.spool.spool import Spool, SpooledFile
from datalayer.records import Outcome, Result
from storage.base import Receipt
from storage.errors import ObjectMissing, StorageError, StorageUnavailable

logger = logging.getLogger(__name__)

RETRY = RetryPolicy(first_pause_s=0.5, longest_pause_s=10.0)
LOOK_S = 30.0  # from one look at what processes that are gone have left to the next
AT_ONCE = 8  # files, once the storage has taken one
REFUSED_S = 600.0  # until the database is asked again for a row that it refused for good


class SpoolSender(BackgroundWorker):
    """Takes over what was left, and stores what waits: the oldest first, until nothing does."""

    def __init__(self, spool: Spool, delivery: Delivery) -> None:
        super().__init__()
        self._outages = delivery.outages
        self._recorder = delivery.recorder
        self._spool = spool
        self._delivery = delivery
        self._look_at = 0.0  # by the loop's clock

    async def _run(self) -> None:
        failures = 0  # in a row
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._wake.wait()
            self._wake.clear()
            failure = await self._try_all()
            if failure is None:
                self._outages.over("spool")
                failures = 0
                continue
            failures += 1
            if not self._outages.note("spool", failure):
                depth = self._spool.state.depth
                logger.warning("%d files wait for their storage: %s", depth, failure)
            await asyncio.sleep(RETRY.pause_s(failures))
            self._wake.set()

    async def _try_all(self) -> Exception | None:
        """Try each file that waits once; return why one is left."""
        try:
            await self._look()
            failure = await self._send_all()
            if failure:
                await self._announce_all()
        except Exception as exc:  # noqa: BLE001 - whatever it is, the files are there and tried again
            return exc
        return failure

    async def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._look_at:
            self._look_at = now + LOOK_S
            await self._spool.take_over()
            await self._spool.check()

    async def _announce_all(self) -> None:
        """Have files of an earlier run shown, which may have to wait for long."""
        waiting = [file for file in self._due() if not file.is_announced]
        for files in _groups(waiting):
            await asyncio.gather(*map(self._announce, files))

    async def _announce(self, file: SpooledFile) -> None:
        with self._spool.holding(file.key):
            if await self._is_wanted(file):
                await self._delivery.finish(file.write, await self._read(file))
                file.is_announced = True

    async def _is_wanted(self, file: SpooledFile) -> bool:
        """Let there be the row of a file, as whoever sent it had left it or would have.

        Removes the file of one that is deleted or another's, and one that was replaced by whomever.
        Raises `ObjectMissing` where the database takes no row, and somebody has removed the file.
        """
        try:
            result = await self._delivery.announce(file.write)
        except WriteRejected as exc:
            await self._leave(file, exc)
            return False
        except WriteRefused as exc:
            logger.error("A file in the spool is dropped: %s", exc)  # noqa: TRY400 - a sentence
            self._recorder.file_lost()
            await self._spool.remove(file)
            return False
        if result.outcome is Outcome.GONE or await self._is_replaced(file, result):
            await self._spool.remove(file)
            return False
        return True

    async def _leave(self, file: SpooledFile, exc: WriteRejected) -> None:
        """Let a file wait for an operator, who may mend what keeps its row from being stored."""
        async with self._spool.open_bytes(file):
            file.again_at = asyncio.get_running_loop().time() + REFUSED_S
        logger.error("A file stays in the spool: %s", exc)

    def _due(self) -> list[SpooledFile]:
        now = asyncio.get_running_loop().time()
        return [file for file in self._spool.waiting() if file.again_at <= now]

    async def _is_replaced(self, file: SpooledFile, result: Result) -> bool:
        """Tell from what became of its write whether a newer file has the place of this one.

        Raises `StoreUnavailable` where the storage has one, and the database does not say which.
        """
        if result.outcome is Outcome.ACCEPTED and await self._delivery.is_there(file.write):
            message = (
                f"Whether the file of element {file.write.id} was replaced, the database has to "
                "tell, and does not answer in time."
            )
            raise StoreUnavailable(message)
        if result.outcome is not Outcome.STALE:
            return False
        # A newer row whose bytes never came still has those of before.
        if await self._delivery.told_of(file.write) == (await self._read(file)).sha256:
            return False
        logger.info("A newer file of element %s is there than in the spool", file.write.id)
        return True

    async def _read(self, file: SpooledFile) -> Receipt:
        digest = hashlib.sha256()
        async with self._spool.open_bytes(file) as opened:
            async for chunk in opened.body:
                await anyio.to_thread.run_sync(digest.update, chunk)
        return Receipt(opened.length, digest.hexdigest())

    async def _send_all(self) -> Exception | None:
        """Send what waits, up to the first failure; return that."""
        for files in _groups(self._due()):
            if failed := next(filter(None, await asyncio.gather(*map(self._try, files))), None):
                return failed
        return None

    async def _try(self, file: SpooledFile) -> Exception | None:
        if self._spool.is_held(file.key):
            return None
        try:
            with self._spool.holding(file.key):
                await self._send(file)
        except ObjectMissing as exc:
            await self._give_up(file, exc)
            return None
        except StorageUnavailable as exc:
            return exc
        except (StorageError, DataLayerError) as exc:
            self._spool.postpone(file)  # it may be this one alone
            return exc
        return None

    async def _give_up(self, file: SpooledFile, exc: ObjectMissing) -> None:
        """Forget a file that was deleted before it was read, or that somebody has removed."""
        if self._spool.find(file.key) is file:
            logger.error("The file of element %s is lost: %s", file.write.id, exc)
            self._recorder.file_lost()
            await self._spool.remove(file)

    async def _send(self, file: SpooledFile) -> None:
        if not await self._is_wanted(file):
            return
        async with self._spool.open_bytes(file) as opened:
            receipt = await self._delivery.put(file.write, opened.body)
        await self._delivery.finish(file.write, receipt)
        await self._spool.remove(file)


def _groups(files: Sequence[SpooledFile]) -> Iterator[Sequence[SpooledFile]]:
    """Yield the first file alone, which finds out whether the storage is there, then some each."""
    yield files[:1]
    for first in range(1, len(files), AT_ONCE):
        yield files[first : first + AT_ONCE]
