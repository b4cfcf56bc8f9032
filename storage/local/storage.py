"""Storage in a folder on this machine."""

import errno
import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Self, TypeVar, TypeVarTuple
from urllib.parse import unquote, urlsplit

from common.concurrency.blocking import CHUNK_SIZE, BlockingPool, ByteSource, FileReader
from storage.base import ByteRange, OpenObject, Receipt, Storage, StoredObject
from storage.credentials import Credentials
from storage.errors import (
    InvalidKey,
    ObjectMissing,
    StorageDenied,
    StorageError,
    StorageUnavailable,
)
from storage.local.tree import PartialFile, Tree
from storage.ranges import resolve_range

_LIST_BATCH = 500
_THREADS = 8

_ALLOW = "let the program's user read and write there"
_CLEAR = "move away what lies there instead, or use another key"
_FREE = "free some space on its disk"
_CHECK = "check its disk"
_ERRORS: dict[int | None, tuple[type[StorageError], str]] = {
    errno.EACCES: (StorageDenied, _ALLOW),
    errno.EPERM: (StorageDenied, _ALLOW),
    errno.EROFS: (StorageDenied, _ALLOW),
    errno.EEXIST: (StorageDenied, _CLEAR),
    errno.EISDIR: (StorageDenied, _CLEAR),
    errno.ENOTDIR: (StorageDenied, _CLEAR),
    errno.ENAMETOOLONG: (InvalidKey, "use a shorter key"),
    errno.ENOSPC: (StorageUnavailable, _FREE),
    errno.EDQUOT: (StorageUnavailable, _FREE),
}

_Args = TypeVarTuple("_Args")
_T = TypeVar("_T")


class LocalStorage(Storage):
    """Keeps each object as a file below one root, at the path that its key says."""

    def __init__(self, root: Path) -> None:
        self._tree = Tree(root.absolute())
        self._pool = BlockingPool(_THREADS)

    @classmethod
    def from_url(cls, url: str, base: Path, credentials: Credentials) -> Self:  # noqa: ARG003
        """See Storage. Takes `file:path` or `file:///path`, which need no credentials."""
        parts = urlsplit(url)
        if parts.netloc not in ("", "localhost") or parts.query or parts.fragment or not parts.path:
            message = (
                "STORAGE_URL must be file:path, relative to the project, or file:///path; "
                "write # as %23 and ? as %3F."
            )
            raise ValueError(message)
        return cls(base / unquote(parts.path))

    def __str__(self) -> str:
        return str(self._tree.root)

    async def put(
        self, key: str, source: ByteSource, *, mime: str, filename: str | None = None
    ) -> Receipt:
        """See Storage. Mime and filename are not kept; a cancel after the rename comes too late."""
        path = await self._run(key, self._tree.path, key)
        async with self._pool.closing(PartialFile(self._tree)) as partial:
            await self._run(key, partial.open)
            async with aclosing(self._pool.blocks(source, CHUNK_SIZE)) as blocks:
                async for block in blocks:
                    await self._run(key, partial.write, block)
            return await self._run(key, partial.publish, path)

    async def copy(self, source_key: str, target_key: str) -> int:
        """See Storage. Never a second link to the file: its time, by which `list` tells how old an
        object is, would be that of the first.
        """
        async with self.open(source_key) as opened:
            return (await self.put(target_key, opened.body, mime="")).size

    @asynccontextmanager
    async def open(
        self, key: str, byte_range: ByteRange | None = None
    ) -> AsyncIterator[OpenObject]:
        """See Storage."""
        path = await self._run(key, self._tree.path, key)
        async with self._pool.closing(FileReader(path)) as reader:
            size = await self._run(key, _open_object, key, reader)
            start, length = resolve_range(key, size, byte_range)
            await self._run(key, reader.seek, start)
            yield OpenObject(size, start, length, self._body(key, reader, length))

    async def delete(self, keys: Iterable[str]) -> None:
        """See Storage."""
        paths = [(key, await self._run(key, self._tree.path, key)) for key in keys]
        for key, path in paths:
            await self._run(key, self._tree.remove, path)

    async def read_url(
        self, key: str, expires: int, *, mime: str | None = None, disposition: str | None = None
    ) -> str | None:
        """See Storage. Nobody but this machine could follow a link to a local file."""
        return None

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """See Storage. Holds the names of one folder per level at a time."""
        objects = await self._run(prefix, self._tree.objects, prefix)
        while batch := await self._run(prefix, _take_batch, objects):
            for found in batch:
                yield found

    async def close(self) -> None:
        """See Storage."""
        await self._pool.close()

    async def get_read_url(self, object_key: str) -> str:
        """See Storage."""
        return (await self._run(object_key, self._tree.path, object_key)).as_uri()

    async def _run(self, key: str, function: Callable[[*_Args], _T], *args: *_Args) -> _T:
        """Work on the root in a thread; the one place where the system's errors are translated."""
        with _translated(key, self._tree.root):
            return await self._pool.run(function, *args)

    async def _body(self, key: str, reader: FileReader, length: int) -> AsyncIterator[bytes]:
        while length > 0:
            chunk = await self._run(key, reader.read, min(CHUNK_SIZE, length))
            if not chunk:
                message = f"{key!r} was cut short while it was read; restore it from a backup."
                raise StorageUnavailable(message)
            length -= len(chunk)
            yield chunk


@contextmanager
def _translated(key: str, root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        kind, remedy = _ERRORS.get(exc.errno, (StorageUnavailable, _CHECK))
        message = f"{key!r} below {root}: {exc.strerror or exc}; {remedy}."
        raise kind(message) from exc


def _open_object(key: str, reader: FileReader) -> int:
    try:
        return reader.open()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as exc:
        message = f"There is no object {key!r}; it was deleted, or restore it from a backup."
        raise ObjectMissing(message) from exc


def _take_batch(objects: Iterator[StoredObject]) -> list[StoredObject]:
    return list(itertools.islice(objects, _LIST_BATCH))
