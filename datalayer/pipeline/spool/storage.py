"""A storage and the spool before it, as one: what waits is read and deleted there."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Self

from common.blocking import ByteSource
from datalayer.pipeline.delivery import described
from datalayer.pipeline.spool.spool import Spool, SpooledFile
from storage.base import ByteRange, OpenObject, Receipt, Storage, StoredObject
from storage.credentials import Credentials
from storage.errors import ObjectMissing


class SpooledStorage(Storage):
    """Hands everything on to a storage but what concerns a file that waits for it."""

    def __init__(self, storage: Storage, spool: Spool) -> None:
        self._storage = storage
        self._spool = spool

    @classmethod
    def from_url(
        cls,
        url: str,  # noqa: ARG003 - the contract's arguments, of which none is of use here
        base: Path,  # noqa: ARG003
        credentials: Credentials,  # noqa: ARG003
    ) -> Self:
        """Raise `TypeError`: this one stands before another storage, and no URL names it."""
        message = "A spooled storage is made with the storage that it stands before."
        raise TypeError(message)

    def __str__(self) -> str:
        return str(self._storage)

    async def put(
        self, key: str, source: ByteSource, *, mime: str, filename: str | None = None
    ) -> Receipt:
        """See Storage."""
        return await self._storage.put(key, source, mime=mime, filename=filename)

    async def copy(self, source_key: str, target_key: str) -> int:
        """See Storage."""
        if file := self._spool.find(source_key):
            with suppress(ObjectMissing):  # it was stored meanwhile
                return await self._copy_waiting(file, target_key)
        return await self._storage.copy(source_key, target_key)

    async def _copy_waiting(self, file: SpooledFile, target_key: str) -> int:
        async with self._spool.open_bytes(file) as opened:
            receipt = await self._storage.put(target_key, opened.body, **described(file.write))
        return receipt.size

    @asynccontextmanager
    async def open(
        self, key: str, byte_range: ByteRange | None = None
    ) -> AsyncIterator[OpenObject]:
        """See Storage."""
        async with AsyncExitStack() as stack:
            yield await self._open(stack, key, byte_range)

    async def _open(
        self, stack: AsyncExitStack, key: str, byte_range: ByteRange | None
    ) -> OpenObject:
        if file := self._spool.find(key):
            with suppress(ObjectMissing):  # it was stored meanwhile
                return await stack.enter_async_context(self._spool.open_bytes(file, byte_range))
        return await stack.enter_async_context(self._storage.open(key, byte_range))

    async def delete(self, keys: Iterable[str]) -> None:
        """See Storage. What is in the spool goes at once, be the storage there or not."""
        named = list(keys)
        await self._spool.drop(named)
        await self._storage.delete(named)

    async def read_url(
        self, key: str, expires: int, *, mime: str | None = None, disposition: str | None = None
    ) -> str | None:
        """See Storage. None also for a file that waits."""
        if self._spool.find(key):
            return None
        return await self._storage.read_url(key, expires, mime=mime, disposition=disposition)

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """See Storage. What waits is not in it."""
        async for found in self._storage.list(prefix):
            yield found

    async def check(self) -> None:
        """See Storage."""
        await self._storage.check()

    async def close(self) -> None:
        """See Storage; the spool is closed by whoever opened it."""
        await self._storage.close()

    async def get_read_url(self, object_key: str) -> str:
        """See Storage."""
        return await self._storage.get_read_url(object_key)
