"""Storage in a folder on this machine."""

import asyncio
import errno
import itertools
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar, TypeVarTuple
from urllib.parse import unquote, urlsplit

from anyio import CancelScope, CapacityLimiter, to_thread

from storage.base import ByteRange, OpenObject, Receipt, Source, Storage, StoredObject
from storage.errors import (
    InvalidKey,
    ObjectMissing,
    RangeNotSatisfiable,
    StorageDenied,
    StorageError,
    StorageUnavailable,
)
from storage.local_tree import Draft, FileWork, Reader, Tree

_CHUNK = 256 * 1024
_LIST_BATCH = 500
_THREADS = 8

_ALLOW = "let the program's user read and write there"
_CLEAR = "move away what lies there instead, or use another key"
_FREE = "free some space on its disk"
_CHECK = "check its disk"
_FAULTS: dict[int | None, tuple[type[StorageError], str]] = {
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
_File = TypeVar("_File", bound="FileWork")


def from_url(url: str, base: Path) -> "LocalStorage":
    """Open `file:path` (relative to `base`) or `file:///path`."""
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost") or parts.query or parts.fragment or not parts.path:
        message = (
            "STORAGE_URL must be file:path, relative to the project, or file:///path; "
            "write # as %23 and ? as %3F."
        )
        raise ValueError(message)
    return LocalStorage(base / unquote(parts.path))


class LocalStorage(Storage):
    """Keeps each object as a file below one root, at the path that its key says."""

    def __init__(self, root: Path) -> None:
        self._tree = Tree(root.absolute())
        self._limiter = CapacityLimiter(_THREADS)
        self._closing: set[asyncio.Task[None]] = set()

    async def put(
        self, key: str, source: Source, *, mime: str, filename: str | None = None
    ) -> Receipt:
        """See Storage. Mime and filename are not kept; a cancel after the rename comes too late."""
        path = await self._run(key, self._tree.path, key)
        async with self._using(Draft(self._tree)) as draft:
            await self._run(key, draft.open)
            async with aclosing(self._pieces(source)) as pieces:
                async for piece in pieces:
                    await self._run(key, draft.write, piece)
            return await self._run(key, draft.publish, path)

    @asynccontextmanager
    async def open(
        self, key: str, byte_range: ByteRange | None = None
    ) -> AsyncIterator[OpenObject]:
        """See Storage."""
        path = await self._run(key, self._tree.path, key)
        async with self._using(Reader(path)) as reader:
            size = await self._run(key, _open_object, key, reader)
            start, length = _cut(key, size, byte_range)
            await self._run(key, reader.seek, start)
            yield OpenObject(size, start, length, self._body(key, reader, length))

    async def delete(self, keys: Iterable[str]) -> None:
        """See Storage."""
        paths = [(key, await self._run(key, self._tree.path, key)) for key in keys]
        for key, path in paths:
            await self._run(key, self._tree.remove, path)

    async def read_url(self, key: str, expires: int) -> str | None:
        """See Storage. Nobody but this machine could follow a link to a local file."""
        return None

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """See Storage. Holds the names of one folder per level at a time."""
        objects = await self._run(prefix, self._tree.objects, prefix)
        while batch := await self._run(prefix, _take, objects):
            for found in batch:
                yield found

    async def check(self) -> None:
        """See Storage."""
        key = f"keepchat-check/{uuid.uuid4()}"
        content = uuid.uuid4().bytes
        await self.put(key, content, mime="application/octet-stream")
        try:
            async with self.open(key) as opened:
                found = b"".join([piece async for piece in opened.body])
        finally:
            await self.delete([key])
        if found != content:
            message = f"{self._tree.root} gave back {key!r} other than it was written; {_CHECK}."
            raise StorageUnavailable(message)

    async def close(self) -> None:
        """See Storage. Only files of cancelled calls can still be open."""
        await asyncio.gather(*self._closing)

    async def get_read_url(self, object_key: str) -> str:
        """See Storage."""
        return (await self._run(object_key, self._tree.path, object_key)).as_uri()

    async def _run(self, key: str, function: Callable[[*_Args], _T], *args: *_Args) -> _T:
        """Work on the root in a thread; the one place where the system's errors are translated."""
        with _translated(key, self._tree.root):
            return await self._thread(function, *args)

    async def _thread(self, function: Callable[[*_Args], _T], *args: *_Args) -> _T:
        return await to_thread.run_sync(function, *args, limiter=self._limiter)

    @asynccontextmanager
    async def _using(self, file: _File) -> AsyncIterator[_File]:
        try:
            yield file
        finally:
            file.stop()
            # A task of its own: a thread that is only asked for would not start after a cancel.
            closing = asyncio.create_task(self._thread(file.close))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            with CancelScope(shield=True):
                await asyncio.shield(closing)

    async def _pieces(self, source: Source) -> AsyncGenerator[bytes, None]:
        """Yield a source piece by piece; its errors stay its own."""
        if isinstance(source, bytes):
            yield source
        elif isinstance(source, Path):
            async with self._using(Reader(source)) as reader:
                await self._thread(reader.open)
                while piece := await self._thread(reader.read, _CHUNK):
                    yield piece
        else:
            async for piece in source:
                yield piece

    async def _body(self, key: str, reader: "Reader", length: int) -> AsyncIterator[bytes]:
        while length > 0:
            piece = await self._run(key, reader.read, min(_CHUNK, length))
            if not piece:
                message = f"{key!r} was cut short while it was read; restore it from a backup."
                raise StorageUnavailable(message)
            length -= len(piece)
            yield piece


@contextmanager
def _translated(key: str, root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        kind, remedy = _FAULTS.get(exc.errno, (StorageUnavailable, _CHECK))
        message = f"{key!r} below {root}: {exc.strerror or exc}; {remedy}."
        raise kind(message) from exc


def _open_object(key: str, reader: Reader) -> int:
    try:
        return reader.open()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as exc:
        message = f"There is no object {key!r}; it was deleted, or restore it from a backup."
        raise ObjectMissing(message) from exc


def _cut(key: str, size: int, byte_range: ByteRange | None) -> tuple[int, int]:
    """Return start and length of what is to be read."""
    if byte_range is None:
        return 0, size
    start = byte_range.start
    end = size - 1 if byte_range.end is None else min(byte_range.end, size - 1)
    if not 0 <= start <= end:
        message = f"{key!r} has {size} bytes, none of them in {byte_range}; ask for less."
        raise RangeNotSatisfiable(message)
    return start, end - start + 1


def _take(objects: Iterator[StoredObject]) -> list[StoredObject]:
    return list(itertools.islice(objects, _LIST_BATCH))
