"""The background worker that removes the bytes of deleted files; it survives restarts."""

import asyncio
import logging

from common.concurrency.retry import RetryPolicy
from datalayer.pipeline.background import BackgroundWorker
from datalayer.pipeline.outages import Outages
from datalayer.pipeline.writer import Writer
from datalayer.stores.base import Store
from datalayer.writes import ForgetRemovals, RevisionClock
from storage.base import Storage
from storage.errors import StorageError, StorageUnavailable

logger = logging.getLogger(__name__)

BATCH = 100  # files at a time
AWAY = 5  # so many in a row that cannot be removed now: the storage is away, not the files at fault
RETRY = RetryPolicy(first_pause_s=1.0, longest_pause_s=60.0)


class FileDeletion(BackgroundWorker):
    """Removes what is on the store's list of removals, tries again, and strikes it off."""

    def __init__(
        self,
        store: Store,
        storage: Storage,
        writer: Writer,
        clock: RevisionClock,
        outages: Outages | None = None,
    ) -> None:
        super().__init__()
        self._store = store
        self._storage = storage
        self._writer = writer
        self._clock = clock
        self._outages = outages or Outages()

    async def _run(self) -> None:
        failures = 0  # in a row, since a file was removed
        while True:
            await self._wake.wait()
            self._wake.clear()
            gone, failure = await self._try_all()
            if gone or not failure:
                failures = 0
            self._tell(failure)
            if failure:
                failures += 1
                await asyncio.sleep(RETRY.pause_s(failures))
                self._wake.set()

    def _tell(self, failure: Exception | None) -> None:
        if failure is None or not self._outages.note("deletion", failure):
            self._outages.over("deletion")
            if failure:
                logger.warning("Deleted files are not removed yet: %s", failure)

    async def _try_all(self) -> tuple[int, Exception | None]:
        try:
            return await self._remove_all()
        except Exception as exc:  # noqa: BLE001 - whatever it is, the list is still there and tried again
            return 0, exc

    async def _remove_all(self) -> tuple[int, StorageError | None]:
        """Try all of the list once; return how many files are gone, and why another is not.

        Raises `StorageUnavailable` when there is no use in going on.
        """
        done, left = 0, 0
        reason: StorageError | None = None
        while keys := await self._store.list_removals(BATCH, skip=left):
            gone, failure = await self._remove(keys)
            if gone:
                write = ForgetRemovals(object_keys=tuple(gone), revision=self._clock.next())
                await asyncio.shield(self._writer.submit(write))
            done, left = done + len(gone), left + len(keys) - len(gone)
            reason = failure or reason
        return done, reason

    async def _remove(self, keys: list[str]) -> tuple[list[str], StorageError | None]:
        """Remove what can be removed, so that one bad key keeps no other."""
        try:
            await self._storage.delete(keys)
        except StorageError as exc:
            if len(keys) > 1:
                return await self._remove_singly(keys, exc)
            if isinstance(exc, StorageUnavailable):
                raise
            return [], exc
        return keys, None

    async def _remove_singly(
        self, keys: list[str], reason: StorageError
    ) -> tuple[list[str], StorageError]:
        gone: list[str] = []
        away = 0
        for key in keys:
            try:
                await self._storage.delete([key])
            except StorageError as exc:
                reason = exc
                away = away + 1 if isinstance(exc, StorageUnavailable) else 0
                if away == AWAY:
                    raise
            else:
                gone.append(key)
                away = 0
        return gone, reason
