"""A folder on this machine as the local storage uses it: its folders, and one file at a time.

Everything here blocks and runs in worker threads.
"""

import io
import itertools
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from common.concurrency.blocking import BlockingFile
from common.files.owner_only import close_to_others
from storage.base import Receipt, StoredObject
from storage.digest import Digest
from storage.errors import InvalidKey
from storage.keys import check_key, folder_of, is_name

_PARTIAL = ".partial"
_LEFTOVER_SECONDS = 24 * 60 * 60
_MOVE_ATTEMPTS = 10
_FILE_MODE = 0o600  # uploads are nobody else's business on this machine
_FOLDER_MODE = 0o700


class Tree:
    """The folders below the root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.partial = root / _PARTIAL
        self._making = threading.Lock()
        self._swept = False

    def path(self, key: str) -> Path:
        """Return where a key's object lies; raises InvalidKey."""
        check_key(key)
        if key.split("/")[0] == _PARTIAL:
            message = f"The key {key!r} must not begin with {_PARTIAL}; that is for partial files."
            raise InvalidKey(message)
        path = self.root / key
        if not self._contains(path):
            message = f"A symbolic link leads {key!r} out of {self.root}; remove the link."
            raise InvalidKey(message)
        return path

    def _contains(self, path: Path) -> bool:
        try:
            return path.resolve().is_relative_to(self.root.resolve())
        except RuntimeError:  # a loop of links; from Python 3.13 on it resolves
            return False

    def make_ready(self) -> None:
        """Make the folder for partial files; the first call clears away what a crash has left."""
        self.make_folder(self.partial)
        if not self._swept:
            self._swept = True
            close_to_others(self.root)
            _remove_old_files(self.partial)

    def make_folder(self, folder: Path) -> None:
        """Create a folder durably, with its parents."""
        with self._making:  # nobody may rely on a folder whose parent is not synced yet
            _make_folder(folder)

    def remove(self, path: Path) -> None:
        """Remove a file, if there is one, and the folders that it leaves empty."""
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError:
            if path.is_dir():  # no object; systems differ in what unlink() says then
                return
            raise
        _sync_folder(self.prune(path.parent))

    def prune(self, folder: Path) -> Path:
        """Remove empty folders upwards; returns the first that stays."""
        while folder != self.root:
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass
            except OSError:  # in use; and at worst an empty folder remains
                break
            folder = folder.parent
        return folder

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        """Return an iterator over the objects with this prefix, ordered by key."""
        above = folder_of(prefix)
        folder = self.path(above[:-1]) if above else self.root
        return _walk(folder, above, prefix)


class PartialFile(BlockingFile):
    """A file being written under a temporary name, until it is published or closed."""

    def __init__(self, tree: Tree) -> None:
        super().__init__()
        self._tree = tree
        self._path = tree.partial / uuid.uuid4().hex
        self._digest = Digest()

    def open(self) -> None:
        with self._step():
            self._tree.make_ready()
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            self._file = io.FileIO(os.open(self._path, flags, _FILE_MODE), "wb")

    def write(self, chunk: bytes) -> None:
        with self._file_step() as file:
            rest = memoryview(chunk)
            while rest:
                rest = rest[file.write(rest) :]
            self._digest.update(chunk)

    def publish(self, path: Path) -> Receipt:
        """Give the file its real name, durably, once its bytes are durable."""
        with self._file_step() as file:
            os.fsync(file.fileno())
            try:
                self._move(path)
            except OSError:
                self._tree.prune(path.parent)
                raise
            _sync_folder(path.parent)
            return self._digest.receipt()

    def _move(self, path: Path) -> None:
        for attempt in itertools.count(1):
            try:
                return self._rename(path)
            except FileNotFoundError:  # a delete, perhaps by another process, pruned the folder
                if attempt == _MOVE_ATTEMPTS:
                    raise
        raise AssertionError

    def _rename(self, path: Path) -> None:
        self._tree.make_folder(path.parent)
        self._check_stopped()
        self._path.replace(path)

    def close(self) -> None:
        """Close the file and remove what was not published."""
        super().close()
        with self._lock, suppress(OSError):  # if it stays, a later start clears it away
            if self._file is not None:
                self._path.unlink()


def _make_folder(folder: Path) -> None:
    missing = itertools.takewhile(lambda path: not path.is_dir(), (folder, *folder.parents))
    for path in reversed(list(missing)):
        path.mkdir(_FOLDER_MODE, exist_ok=True)
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    with suppress(FileNotFoundError):  # pruned meanwhile, and then there is nothing to keep
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove_old_files(folder: Path) -> None:
    limit = time.time() - _LEFTOVER_SECONDS
    for path in folder.iterdir():
        with suppress(OSError):  # somebody else's; must not keep us from storing
            if path.stat().st_mtime < limit:
                path.unlink()


def _walk(folder: Path, above: str, prefix: str) -> Iterator[StoredObject]:
    # A folder's key ends with a slash, so that it sorts where the keys below it belong.
    pending = _entries(folder, above, prefix)
    while pending:
        key, path = pending.pop()
        if key.endswith("/"):
            pending += _entries(path, key, prefix)
        else:
            with suppress(FileNotFoundError):  # deleted meanwhile
                status = path.stat()
                yield StoredObject(key, status.st_size, status.st_mtime)


def _entries(folder: Path, above: str, prefix: str) -> list[tuple[str, Path]]:
    """Return what may have the prefix, last key first; links and foreign files left out."""
    found = []
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            key = above + entry.name
            if entry.is_dir(follow_symlinks=False) and key != _PARTIAL:
                key += "/"
            elif not entry.is_file(follow_symlinks=False):
                continue
            if is_name(entry.name) and _may_have(prefix, key):
                found.append((key, folder / entry.name))
    return sorted(found, reverse=True)


def _may_have(prefix: str, key: str) -> bool:
    return key.startswith(prefix) or (key.endswith("/") and prefix.startswith(key))
