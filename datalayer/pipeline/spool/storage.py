"""A storage and the spool before it, as one: what waits is read and deleted there."""

from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress

from datalayer.pipeline.before import BeforeStorage
from datalayer.pipeline.delivery import described
from datalayer.pipeline.spool.spool import Spool, SpooledFile
from storage.base import ByteRange, OpenObject, Storage
from storage.errors import ObjectMissing


class SpooledStorage(BeforeStorage):
    """Hands everything on to a storage but what concerns a file that waits for it.

    The spool is closed by whoever opened it.
    """

    def __init__(self, storage: Storage, spool: Spool) -> None:
        super().__init__(storage)
        self._spool = spool

    async def copy(self, source_key: str, target_key: str) -> int:
        """See Storage."""
        if file := self._spool.find(source_key):
            with suppress(ObjectMissing):  # it was stored meanwhile
                return await self._copy_waiting(file, target_key)
        return await super().copy(source_key, target_key)

    async def _copy_waiting(self, file: SpooledFile, target_key: str) -> int:
        async with self._spool.open_bytes(file) as opened:
            receipt = await self._storage.put(target_key, opened.body, **described(file.write))
        return receipt.size

    async def _open(
        self, stack: AsyncExitStack, key: str, byte_range: ByteRange | None
    ) -> OpenObject:
        if file := self._spool.find(key):
            with suppress(ObjectMissing):  # it was stored meanwhile
                return await stack.enter_async_context(self._spool.open_bytes(file, byte_range))
        return await super()._open(stack, key, byte_range)

    async def delete(self, keys: Iterable[str]) -> None:
        """See Storage. What is in the spool goes at once, be the storage there or not."""
        named = list(keys)
        await self._spool.drop(named)
        await super().delete(named)

    async def read_url(
        self, key: str, expires: int, *, mime: str | None = None, disposition: str | None = None
    ) -> str | None:
        """See Storage. None also for a file that waits."""
        if self._spool.find(key):
            return None
        return await super().read_url(key, expires, mime=mime, disposition=disposition)
