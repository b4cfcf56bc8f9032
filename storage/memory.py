"""Files in memory, for what is stored nowhere: no STORAGE_URL names it."""

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Self

from common.concurrency.blocking import CHUNK_SIZE, BlockingPool, ByteSource
from storage.base import ByteRange, OpenObject, Receipt, Storage, StoredObject
from storage.credentials import Credentials
from storage.digest import Digest
from storage.errors import ObjectMissing
from storage.keys import check_key, folder_of
from storage.ranges import resolve_range

_THREADS = 2


class MemoryStorage(Storage):
    """Keeps each object as bytes, as long as it is there itself."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._pool = BlockingPool(_THREADS)

    @classmethod
    def from_url(
        cls,
        url: str,  # noqa: ARG003 - the contract's arguments, of which none is of use here
        base: Path,  # noqa: ARG003
        credentials: Credentials,  # noqa: ARG003
    ) -> Self:
        """See Storage."""
        return cls()

    def __str__(self) -> str:
        return "memory"

    @property
    def size(self) -> int:
        """How many bytes all objects have."""
        return sum(map(len, self._objects.values()))

    async def put(
        self, key: str, source: ByteSource, *, mime: str, filename: str | None = None
    ) -> Receipt:
        """See Storage. Mime and filename are not kept."""
        check_key(key)
        digest, content = Digest(), bytearray()
        async with aclosing(self._pool.blocks(source, CHUNK_SIZE)) as blocks:
            async for block in blocks:
                await self._pool.run(digest.update, block)
                content += block
        self._objects[key] = bytes(content)
        return digest.receipt()

    async def copy(self, source_key: str, target_key: str) -> int:
        """See Storage."""
        check_key(target_key)
        self._objects[target_key] = self._get(source_key)
        return len(self._objects[target_key])

    @asynccontextmanager
    async def open(
        self, key: str, byte_range: ByteRange | None = None
    ) -> AsyncIterator[OpenObject]:
        """See Storage."""
        content = self._get(key)
        start, length = resolve_range(key, len(content), byte_range)
        yield OpenObject(len(content), start, length, _body(content, start, start + length))

    def _get(self, key: str) -> bytes:
        check_key(key)
        if (content := self._objects.get(key)) is None:
            message = f"There is no object {key!r}; it was deleted."
            raise ObjectMissing(message)
        return content

    async def delete(self, keys: Iterable[str]) -> None:
        """See Storage."""
        named = list(keys)
        for key in named:
            check_key(key)
        for key in named:
            self._objects.pop(key, None)

    async def read_url(
        self, key: str, expires: int, *, mime: str | None = None, disposition: str | None = None
    ) -> str | None:
        """See Storage. There are no links."""
        return None

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """See Storage. All are of now."""
        folder_of(prefix)
        for key in sorted(self._objects):
            if key.startswith(prefix):
                yield StoredObject(key, len(self._objects[key]), time.time())

    async def close(self) -> None:
        """See Storage."""
        await self._pool.close()

    async def get_read_url(self, object_key: str) -> str:
        """See Storage. Leads nowhere."""
        check_key(object_key)
        return f"memory:{object_key}"


async def _body(content: bytes, start: int, end: int) -> AsyncIterator[bytes]:
    for begin in range(start, end, CHUNK_SIZE):
        yield content[begin : min(end, begin + CHUNK_SIZE)]
