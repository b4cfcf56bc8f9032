"""Files of one storage on their way into another, from which they are read again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from hashlib import sha256

from common.concurrency.batches import in_batches
from datalayer.records import ElementRecord, FileRecord
from datalayer.stores.base import Store
from storage.base import Storage
from storage.errors import InvalidKey, ObjectMissing

_AT_ONCE = 8
_ANY = "application/octet-stream"


@dataclass(slots=True)
class MovedFiles:
    """How many files there are, their bytes, and what is not the same at both places."""

    count: int = 0
    size: int = 0
    differing: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Read:
    size: int
    sha256: str


class FileMove:
    """Copies the files that the elements of a store name, and reads each again.

    It can be gone on with: a file that is there and the same is left.
    """

    def __init__(
        self, store: Store, source: Storage, target: Storage, progress: Callable[[int], None]
    ) -> None:
        self.moved = MovedFiles()
        self._store = store
        self._source = source
        self._target = target
        self._progress = progress

    async def run(self) -> MovedFiles:
        """Copy all files, and return what there is."""
        async for batch in in_batches(self._files(), _AT_ONCE):
            await asyncio.gather(*map(self._move, batch))
            self._progress(self.moved.count)
        return self.moved

    async def _files(self) -> AsyncIterator[FileRecord]:
        """Yield those that are stored; several elements may name the same."""
        known: set[str] = set()
        async for file in self._store.files():
            if file.ready and file.object_key not in known:
                known.add(file.object_key)
                yield file

    async def _move(self, file: FileRecord) -> None:
        element = await self._store.get_element(file.thread_id, file.element_id)
        if element is None:
            return  # it was deleted meanwhile
        try:
            await self._copy(file, element)
        except ObjectMissing:
            self.moved.differing.append(f"file {file.object_key}: it is not there")
        except InvalidKey as exc:
            self.moved.differing.append(f"file {file.object_key}: {exc}")

    async def _copy(self, file: FileRecord, element: ElementRecord) -> None:
        """Copy a file that is not there, and look at what is there then.

        The element says what its file was as it came; of old ones, which do not, the file does.
        """
        wanted = element.sha256 or (await _read(self._source, file.object_key)).sha256
        there = await self._read_there(file.object_key)
        if there is None or there.sha256 != wanted:
            mime = str(element.fields.get("mime") or _ANY)
            async with self._source.open(file.object_key) as opened:
                await self._target.put(file.object_key, opened.body, mime=mime, filename=file.name)
            there = await _read(self._target, file.object_key)
        self.moved.count += 1
        self.moved.size += there.size
        if there.sha256 != wanted:
            self.moved.differing.append(f"file {file.object_key}: it is another than was sent")

    async def _read_there(self, key: str) -> _Read | None:
        try:
            return await _read(self._target, key)
        except ObjectMissing:
            return None


async def _read(storage: Storage, key: str) -> _Read:
    found, size = sha256(), 0
    async with storage.open(key) as opened:
        async for chunk in opened.body:
            found.update(chunk)
            size += len(chunk)
    return _Read(size, found.hexdigest())
