"""The written contract of every storage.

For all methods: a key is a relative path with `/` (`{thread}/{element}`), never a user's file name;
one that could leave the storage's root raises `InvalidKey` before anything is touched. Sizes are
bytes. Errors are those of `storage.errors`; an SDK's or the system's own error never leaves a
storage. Nothing blocks the event loop.
"""

import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Self

from common.concurrency.blocking import ByteSource
from storage.credentials import Credentials
from storage.errors import ObjectMissing, StorageUnavailable

LINK_SECONDS = 60 * 60  # how long a link of get_read_url works


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes `start` to `end`, both counted from 0 and included; `end` None means to the last."""

    start: int
    end: int | None = None


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it lies in the storage; `modified` is in seconds since 1970, UTC."""

    key: str
    size: int
    modified: float


@dataclass(frozen=True, slots=True)
class Receipt:
    """What `put` stored: its size and the SHA-256 (hex) that was computed on the way."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class OpenObject:
    """An object being read: `size` of the whole, `start` and `length` of what `body` yields."""

    size: int
    start: int
    length: int
    body: AsyncIterator[bytes]


class Storage(ABC):
    """Keeps files as bytes under keys. Its `str()` says where, without a secret."""

    @classmethod
    @abstractmethod
    def from_url(cls, url: str, base: Path, credentials: Credentials) -> Self:
        """Return the storage that a STORAGE_URL names; opens nothing before its first use.

        A relative path in it is relative to `base`. Raises `ValueError` for one that cannot be
        read, without showing its value.
        """

    @abstractmethod
    def __str__(self) -> str: ...

    @abstractmethod
    async def put(
        self, key: str, source: ByteSource, *, mime: str, filename: str | None = None
    ) -> Receipt:
        """Store the source under the key, whole or not at all, replacing what was there.

        Uses constant memory for a path or a stream. Durable when it returns. A source that cannot
        be read raises its own error. Cancelled or failed, it leaves what was there before. Where
        the storage keeps them, the mime is the object's content type and the filename that of an
        attachment; a mime that is none is taken for that of any bytes.
        """

    @abstractmethod
    async def copy(self, source_key: str, target_key: str) -> int:
        """Copy an object to another key, replacing what was there; returns its size.

        The bytes do not pass through this program where the storage can copy by itself. The copy
        is whole or not there, durable when it returns, and has the content type and filename of
        its source; what becomes of one later does not change the other. Cancelled or failed, it
        leaves what was there before. Raises `ObjectMissing` where there is no source. Asks for no
        right that `put` and `open` do not need.
        """

    @abstractmethod
    def open(
        self, key: str, byte_range: ByteRange | None = None
    ) -> AbstractAsyncContextManager[OpenObject]:
        """Open an object, or a range of it cut at its end, for reading in constant memory.

        Raises `ObjectMissing` or `RangeNotSatisfiable` on entry.
        """

    @abstractmethod
    async def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; a key with nothing under it is no error."""

    @abstractmethod
    async def read_url(
        self, key: str, expires: int, *, mime: str | None = None, disposition: str | None = None
    ) -> str | None:
        """Return a link that works for `expires` seconds without further credentials.

        Its answer has `mime` as Content-Type and `disposition` as Content-Disposition, or else
        those of the object. None where the storage has no such links.
        """

    @abstractmethod
    def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """Iterate over the objects whose key starts with the prefix, ordered by key."""

    async def check(self) -> None:
        """Write, read and delete a small object; raises what is wrong."""
        key = f"keepchat-check/{uuid.uuid4()}"
        content = uuid.uuid4().bytes
        await self.put(key, content, mime="application/octet-stream")
        try:
            async with self.open(key) as opened:
                found = b"".join([chunk async for chunk in opened.body])
        finally:
            await self.delete([key])
        if found != content:
            message = f"{self} gave back {key!r} other than it was written; have it repaired."
            raise StorageUnavailable(message)

    @abstractmethod
    async def close(self) -> None:
        """Close every connection that was opened."""

    # The four methods of Chainlit's BaseStorageClient, of which close() is one.

    async def upload_file(
        self,
        object_key: str,
        data: bytes | str,
        mime: str = "application/octet-stream",
        overwrite: bool = True,
        content_disposition: str | None = None,
    ) -> dict[str, str]:
        """Store data; returns `{"object_key": ..., "url": ...}`.

        With `overwrite` false an existing object raises `FileExistsError`.
        """
        if not overwrite and await self._exists(object_key):
            message = f"There is an object under {object_key!r} already; choose another key."
            raise FileExistsError(message)
        content = data.encode(errors="replace") if isinstance(data, str) else data
        await self.put(object_key, content, mime=mime, filename=_filename(content_disposition))
        return {"object_key": object_key, "url": await self.get_read_url(object_key)}

    async def delete_file(self, object_key: str) -> bool:
        """Remove an object; returns whether there was one."""
        existed = await self._exists(object_key)
        await self.delete([object_key])
        return existed

    @abstractmethod
    async def get_read_url(self, object_key: str) -> str:
        """Return a link to the object."""

    async def _exists(self, key: str) -> bool:
        try:
            async with self.open(key):
                return True
        except ObjectMissing:
            return False


def _filename(content_disposition: str | None) -> str | None:
    header = Message()
    header["Content-Disposition"] = content_disposition or "attachment"
    return header.get_filename()
