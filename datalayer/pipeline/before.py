"""What stands before a storage, and hands everything on to it that does not concern itself."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Self

from common.concurrency.blocking import ByteSource
from storage.base import ByteRange, OpenObject, Receipt, Storage, StoredObject
from storage.credentials import Credentials


class BeforeStorage(Storage):
    """As the storage is that it stands before."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    @classmethod
    def from_url(
        cls,
        url: str,  # noqa: ARG003 - the contract's arguments, of which none is of use here
        base: Path,  # noqa: ARG003
        credentials: Credentials,  # noqa: ARG003
    ) -> Self:
        """Raise `TypeError`: this one stands before another storage, and no URL names it."""
        message = "It is made with the storage that it stands before."
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
        return await self._storage.copy(source_key, target_key)

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
        return await stack.enter_async_context(self._storage.open(key, byte_range))

    async def delete(self, keys: Iterable[str]) -> None:
        """See Storage."""
        await self._storage.delete(keys)

    async def read_url(
        self, key: str, expires: int, *, mime: str | None = None, disposition: str | None = None
    ) -> str | None:
        """See Storage."""
        return await self._storage.read_url(key, expires, mime=mime, disposition=disposition)

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """See Storage. What does not lie in it is not listed."""
        async for found in self._storage.list(prefix):
            yield found

    async def check(self) -> None:
        """See Storage."""
        await self._storage.check()

    async def close(self) -> None:
        """See Storage."""
        await self._storage.close()

    async def get_read_url(self, object_key: str) -> str:
        """See Storage."""
        return await self._storage.get_read_url(object_key)
