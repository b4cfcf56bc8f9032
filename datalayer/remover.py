"""The background worker that removes the bytes of deleted files; it survives restarts."""

import asyncio
import logging

from datalayer.background import Background
from datalayer.base import Store
from datalayer.writer import Writer
from datalayer.writes import ForgetRemovals, RevisionClock
from storage.base import Storage
from storage.errors import StorageError, StorageUnavailable

logger = logging.getLogger(__name__)

BATCH = 100  # files at a time
LONGEST_PAUSE_S = 60.0


class Remover(Background):
    """Removes what is on the store's list of removals, tries again, and strikes it off."""

    def __init__(
        self, store: Store, storage: Storage, writer: Writer, clock: RevisionClock
    ) -> None:
        super().__init__()
        self._store = store
        self._storage = storage
        self._writer = writer
        self._clock = clock

    async def _run(self) -> None:
        pause = 1.0
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while await self.remove_some():
                    pause = 1.0
            except Exception as exc:  # noqa: BLE001 - whatever it is, the list is still there and tried again
                logger.warning("Deleted files are not removed yet: %s", exc)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
                self._wake.set()

    async def remove_some(self) -> int:
        """Remove one batch and return how many files are gone.

        Raises the storage's error when none could be removed.
        """
        keys = await self._store.list_removals(BATCH)
        if not keys:
            return 0
        gone = await self._remove(keys)
        write = ForgetRemovals(object_keys=tuple(gone), revision=self._clock.next())
        await asyncio.shield(self._writer.submit(write))
        return len(gone)

    async def _remove(self, keys: list[str]) -> list[str]:
        try:
            await self._storage.delete(keys)
        except StorageUnavailable:
            raise
        except StorageError as exc:
            if len(keys) == 1:
                raise
            return await self._remove_singly(keys, exc)
        return keys

    async def _remove_singly(self, keys: list[str], cause: StorageError) -> list[str]:
        """Remove what can be removed, so that one bad key keeps no other."""
        gone: list[str] = []
        for key in keys:
            try:
                await self._storage.delete([key])
            except StorageError as exc:
                logger.warning("The deleted file %r is not removed yet: %s", key, exc)
            else:
                gone.append(key)
        if not gone:
            raise cause
        return gone
