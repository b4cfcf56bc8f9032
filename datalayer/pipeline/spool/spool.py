"""The spool: files on this machine's disk, until their storage takes them.

A folder is one process's, and the next that starts takes over those of processes that are gone. In
it a file's bytes are `bytes/<name>`, and once they are durable the write of the element that they
belong to is the record `writes/<name>`; bytes without it were never accepted. A name is the write's
revision and the element's id, so that the names are in the order of the calls.
"""

import asyncio
import logging
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from common.concurrency.blocking import BlockingPool
from common.concurrency.tasks import TaskSet
from common.processes.process_folders import OwnFolder, ProcessFolder, take_dead
from datalayer.errors import SpoolUnusable, UnreadableWrite
from datalayer.pipeline.delivery import key_of
from datalayer.pipeline.journal.records import decode_record, encode_record
from datalayer.writes import SaveElement
from storage.base import ByteRange, OpenObject, Receipt, Storage
from storage.errors import StorageError

logger = logging.getLogger(__name__)

MEBI = 1024 * 1024
LEFT_FREE = 100 * MEBI  # bytes of the disk that are left to database and journal
BYTES, WRITES = "bytes/", "writes/"
ANY = "application/octet-stream"


@dataclass(frozen=True, slots=True, eq=False)
class Folder:
    """A folder that this process has, and what lies in it as a storage has it."""

    process: ProcessFolder
    files: Storage


@dataclass(slots=True, eq=False)
class SpooledFile:
    """A file in the spool; `is_announced` says that its element's row was told of it.

    It is not sent before `again_at`, by the loop's clock.
    """

    write: SaveElement
    size: int
    folder: Folder
    is_announced: bool
    again_at: float = 0.0

    @property
    def key(self) -> str:
        return key_of(self.write)

    @property
    def name(self) -> str:
        return spooled_name(self.write)


def spooled_name(write: SaveElement) -> str:
    """Return the name under which the spool has an element's bytes, and its write."""
    return f"{write.revision:018d}-{write.id}"


class SpoolState(NamedTuple):
    """How many files are accepted and not in their storage."""

    depth: int
    size: int  # bytes
    since: int | None  # when the oldest came, in microseconds of UTC; None for no file
    failure: str  # why no more can be kept, empty where they can


class Spool:
    """Keeps files in the order of the calls; of one key the last alone."""

    def __init__(
        self, root: Path, storage_in: Callable[[Path], Storage], *, most_bytes: int
    ) -> None:
        """Name the folder of all processes' spools, and how large this one may get.

        `storage_in` makes the storage that is a folder on this machine.
        """
        self._root = root
        self._storage_in = storage_in
        self._most_bytes = most_bytes
        self._pool = BlockingPool(1)
        self._waiting: dict[str, SpooledFile] = {}
        self._own = OwnFolder(root)
        self._made: list[Folder] = []
        self._taken: list[Folder] = []
        self._making = asyncio.Lock()
        self._removing = TaskSet()
        self._held: Counter[str] = Counter()
        self._coming = 0  # bytes of files that are not in it yet
        self._unwritten = 0  # bytes of those that may not be on the disk yet
        self._is_full = False
        self._failure = ""

    @property
    def state(self) -> SpoolState:
        """How much is in it."""
        since = min((file.write.revision for file in self._waiting.values()), default=None)
        return SpoolState(len(self._waiting), self._size, since, self._failure)

    @property
    def _size(self) -> int:
        return sum(file.size for file in self._waiting.values())

    def waiting(self) -> list[SpooledFile]:
        """Return the files that nobody stores at the moment, the oldest first."""
        return [file for key, file in self._waiting.items() if not self.is_held(key)]

    def is_held(self, key: str) -> bool:
        """Tell whether somebody stores something under a key."""
        return self._held[key] > 0

    @contextmanager
    def holding(self, key: str | None) -> Iterator[None]:
        """Let nobody else store what waits under a key, while something is stored there."""
        try:
            if key:
                self._held[key] += 1
            yield
        finally:
            if key:
                self._held -= Counter([key])  # which forgets what is not held any more

    def find(self, key: str) -> SpooledFile | None:
        """Return the file that waits under a key of the storage."""
        return self._waiting.get(key)

    # What others have left

    async def take_over(self) -> None:
        """Take over what processes that are gone have left. Raises `SpoolUnusable`."""
        before = len(self._waiting)
        try:
            dead = await self._pool.run(lambda: list(take_dead(self._root)))
        except OSError as exc:
            raise self._unusable(exc) from exc
        for process in dead:
            try:
                await self._take(Folder(process, self._storage_in(process.path)))
            except StorageError as exc:
                logger.error("Files stay in %s: %s", process.path, exc)  # noqa: TRY400
        if found := len(self._waiting) - before:
            logger.warning("%d files of an earlier run are stored now", found)

    async def _take(self, folder: Folder) -> None:
        sizes = {each.key: each.size async for each in folder.files.list(BYTES)}
        self._taken.append(folder)
        async for record in folder.files.list(WRITES):
            name = record.key.removeprefix(WRITES)
            try:
                write = await _read_write(folder.files, record.key)
                size = sizes.pop(BYTES + name)
            except (UnreadableWrite, StorageError, KeyError) as exc:
                sizes.pop(BYTES + name, None)
                logger.error("A file stays in %s: %s", folder.process.path, exc)  # noqa: TRY400
                continue
            await self._add(SpooledFile(write, size, folder, is_announced=False))
        await folder.files.delete(sizes)  # never accepted

    async def _add(self, file: SpooledFile) -> None:
        """Add a file; of two with a key the newer one stays."""
        before = self._waiting.get(file.key)
        if before and before.write.revision > file.write.revision:
            await self._delete(file)
            return
        self._waiting.pop(file.key, None)
        self._waiting[file.key] = file
        if before:
            await self._delete(before)

    # In

    async def keep(self, write: SaveElement, source: bytes | AsyncIterator[bytes]) -> Receipt:
        """Keep a file; when it returns it is durable. Raises `SpoolUnusable`.

        A source that cannot be read raises its own error.
        """
        file = SpooledFile(write, 0, await self._folder(), is_announced=True)
        try:
            receipt = await self._write(file, source)
        except StorageError as exc:
            raise self._unusable(exc) from exc
        self._failure = ""
        file.size = receipt.size
        await self._add(file)
        return receipt

    async def _write(self, file: SpooledFile, source: bytes | AsyncIterator[bytes]) -> Receipt:
        files = file.folder.files
        receipt = await files.put(BYTES + file.name, self._measured(source), mime=ANY)
        try:
            await files.put(WRITES + file.name, encode_record(file.write), mime=ANY)
        except StorageError:
            await self._delete(file)  # which leaves room on a disk that is full
            raise
        return receipt

    async def _folder(self) -> Folder:
        async with self._making:
            try:
                process = await self._pool.run(self._own.make)
            except OSError as exc:
                raise self._unusable(exc) from exc
            if not self._made or self._made[-1].process is not process:
                self._made.append(Folder(process, self._storage_in(process.path)))
        await self._check_disk()
        return self._made[-1]

    async def _check_disk(self) -> None:
        try:
            usage = await self._pool.run(shutil.disk_usage, self._root)
        except OSError as exc:
            raise self._unusable(exc) from exc
        if usage.free - self._unwritten < LEFT_FREE:
            raise self._refuse(f"its disk has less than {LEFT_FREE // MEBI} MB left. Make room")

    async def _measured(self, source: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        taken = 0
        try:
            async for chunk in _chunks(source):
                taken, self._coming = taken + len(chunk), self._coming + len(chunk)
                if self._size + self._coming > self._most_bytes:
                    raise self._full()
                async with self._room_for(len(chunk)):
                    yield chunk
        finally:
            self._coming -= taken

    @asynccontextmanager
    async def _room_for(self, size: int) -> AsyncIterator[None]:
        """Count bytes with those that others are about to write; raise where that is too much."""
        self._unwritten += size
        try:
            await self._check_disk()
            yield
        finally:
            self._unwritten -= size

    # Out

    def open_bytes(
        self, file: SpooledFile, byte_range: ByteRange | None = None
    ) -> AbstractAsyncContextManager[OpenObject]:
        """Open a file, as `Storage.open` does; one that is not there any more is missing."""
        return file.folder.files.open(BYTES + file.name, byte_range)

    def postpone(self, file: SpooledFile) -> None:
        """Let a file wait behind all others, which it keeps from nothing."""
        if self._waiting.get(file.key) is file:
            self._waiting[file.key] = self._waiting.pop(file.key)

    async def remove(self, file: SpooledFile) -> None:
        """Remove a file that its storage has, or that nobody wants any more."""
        if self._waiting.get(file.key) is file:
            del self._waiting[file.key]
            await self._delete(file)
            self._failure = ""  # there is room for another one

    async def drop(self, keys: Iterable[str]) -> None:
        """Remove what waits under these keys."""
        for key in keys:
            if file := self._waiting.get(key):
                await self.remove(file)

    def forget(self, thread_id: str) -> None:
        """Remove the files of a thread that is deleted, without waiting for it."""
        for file in list(self._waiting.values()):
            if file.write.thread_id == thread_id:
                del self._waiting[file.key]
                self._removing.start(self._delete(file))

    async def _delete(self, file: SpooledFile) -> None:
        try:
            await file.folder.files.delete([WRITES + file.name, BYTES + file.name])
        except StorageError as exc:
            logger.warning("A file that is not needed any more stays in the spool: %s", exc)

    async def close(self) -> None:
        """Leave what waits to the process that starts next."""
        await self._removing.ended()
        used = {file.folder for file in self._waiting.values()}
        for folder in (*self._made, *self._taken):
            await folder.files.close()
            await self._pool.run(_give_up, folder.process, folder in used)

    # What is said

    async def check(self) -> None:
        """See whether a file could be kept, for `state` to say it.

        That one was too large for what is left is said until another one is gone.
        """
        with suppress(SpoolUnusable):
            await self._folder()
            if not (self._is_full and self._waiting):
                self._failure = ""

    def _full(self) -> SpoolUnusable:
        limit = f"{self._most_bytes // MEBI} MB"
        error = self._refuse(f"it has reached its limit of {limit}. Raise SPOOL_MAX_MB")
        self._is_full = True
        return error

    def _unusable(self, exc: Exception) -> SpoolUnusable:
        return self._refuse(f"it cannot be used ({exc}). See to its disk")

    def _refuse(self, why: str) -> SpoolUnusable:
        """Log once why no file can be kept, and return it as the error."""
        message = (
            f"The spool in {self._root} keeps no file while the storage is away: {why}, or see to "
            "the storage."
        )
        if message != self._failure:
            logger.error("%s", message)
        self._failure, self._is_full = message, False
        return SpoolUnusable(message)


async def _read_write(files: Storage, key: str) -> SaveElement:
    async with files.open(key) as opened:
        line = b"".join([chunk async for chunk in opened.body])
    write = decode_record(line)
    if not isinstance(write, SaveElement) or "objectKey" not in write.fields:
        message = f"{key} is the record of no file."
        raise UnreadableWrite(message)
    return write


async def _chunks(source: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    async for chunk in source:
        yield chunk


def _give_up(process: ProcessFolder, is_used: bool) -> None:
    """Release a folder, and remove it if no file is in it that counts."""
    try:
        unread = next((process.path / WRITES).glob("*"), None)
        (process.release if is_used or unread else process.remove)()
    except OSError as exc:
        logger.warning("%s stays: %s", process.path, exc)
