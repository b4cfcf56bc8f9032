"""What a backup copies beside the database: files, and what else lies in DATA_DIR."""

import asyncio
import fnmatch
import os
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from pathlib import Path

from bootstrap.storages import open_storage
from common.concurrency.batches import in_batches
from common.files.owner_only import close_to_others
from datalayer.pipeline.reconciliation import is_own_key
from datalayer.pipeline.spool.spool import BYTES, WRITES
from datalayer.stores.base import Store
from settings import ROOT, Settings
from storage.base import Storage, StoredObject
from storage.errors import ObjectMissing
from storage.local.storage import LocalStorage

ANY = "application/octet-stream"
NOT_KEPT = ("readings", "session_files", "backups", "*.lock")
_AT_ONCE = 8  # files


class FileCopies:
    """Copies what a storage has, and a folder has not."""

    def __init__(self, store: Store, source: Storage, target: Path) -> None:
        self.keys: set[str] = set()
        self.copied = 0
        self._store = store
        self._source = source
        self._folder = target
        self._target = LocalStorage(target)

    async def close(self) -> None:
        """Close the folder."""
        await self._target.close()

    async def copy_new(self) -> None:
        """Copy what is new or has changed; what is deleted meanwhile was to be deleted."""
        async for batch in in_batches(self._wanted(), _AT_ONCE):
            await asyncio.gather(*map(self._copy, batch))

    async def _wanted(self) -> AsyncIterator[StoredObject]:
        """Yield what may be an element's: others may keep things in the same bucket."""
        adopted = {
            each.object_key async for each in self._store.files() if not is_own_key(each.object_key)
        }
        async for stored in self._source.list():
            if is_own_key(stored.key) or stored.key in adopted:
                yield stored

    async def _copy(self, stored: StoredObject) -> None:
        path = self._folder / stored.key
        if not await asyncio.to_thread(_is_same, path, stored):
            try:
                async with self._source.open(stored.key) as opened:
                    await self._target.put(stored.key, opened.body, mime=ANY)
            except ObjectMissing:
                return
            await asyncio.to_thread(os.utime, path, (stored.modified, stored.modified))
            self.copied += 1
        self.keys.add(stored.key)


def _is_same(path: Path, stored: StoredObject) -> bool:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return found.st_size == stored.size and abs(found.st_mtime - stored.modified) < 1e-3


# DATA_DIR


def copy_data(settings: Settings, target: Path, *, leave_out: Iterable[Path]) -> None:
    """Copy what lies in DATA_DIR beside database and files, while a program changes it."""
    elsewhere = {path.resolve() for path in (*leave_out, *_kept_otherwise(settings))}

    def left_out(folder: str, names: list[str]) -> set[str]:
        return {
            name
            for name in names
            if (Path(folder) / name).resolve() in elsewhere
            or any(fnmatch.fnmatch(name, pattern) for pattern in NOT_KEPT)
        }

    shutil.copytree(
        settings.data_path, target, ignore=left_out, copy_function=_copy_if_there, symlinks=True
    )
    # It has copied the modes, too.
    close_to_others(target, *(it for it in target.rglob("*") if not it.is_symlink()))
    _pair(settings.spool_path, target / settings.spool_path.name)


def _kept_otherwise(settings: Settings) -> Iterable[Path]:
    """Yield where database and files lie, if that is on this computer."""
    kind, _, place = settings.database.partition(":///")
    if kind.lower() == "sqlite":
        yield from (ROOT / f"{place}{end}" for end in ("", "-wal", "-shm"))
    storage = open_storage(settings)
    if isinstance(storage, LocalStorage):
        yield Path(str(storage))


def _copy_if_there(source: str, target: str) -> None:
    with suppress(FileNotFoundError):  # it is in database or storage by now
        shutil.copy2(source, target)


def _pair(spool: Path, copied: Path) -> None:
    """Let each write in a copy of the spool have its bytes, or leave it out: its file is stored."""
    for write in copied.glob(f"*/{WRITES}*"):
        name = Path(write.parent.parent.name) / BYTES / write.name
        if (copied / name).exists():
            continue
        (copied / name).parent.mkdir(exist_ok=True)
        _copy_if_there(str(spool / name), str(copied / name))
        if not (copied / name).exists():
            write.unlink()
