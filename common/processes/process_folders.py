"""Folders of one process each, below a common root: locked as long as the process lives.

A folder whose lock is to be had belongs to a process that is gone, however it ended.
"""

import errno
import logging
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

logger = logging.getLogger(__name__)

MAKING_S = 5.0

_LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class ProcessFolder:
    """A folder that this process alone uses; its owner alone can read it. All of it blocks."""

    path: Path
    lock: FileLock

    @classmethod
    def make(cls, root: Path) -> "ProcessFolder":
        """Make one with a new name. Raises `OSError`."""
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        root.chmod(0o700)
        path = root / str(uuid.uuid4())
        # First: without it the folder would be taken for a dead one. Who looks for such may hold
        # the lock, which is nobody's before it is taken, for a moment.
        folder = cls(path, _lock(path, MAKING_S))
        path.mkdir(mode=0o700)
        return folder

    def remove(self) -> None:
        """Remove the folder with all that is in it, and give it up. Raises `OSError`."""
        try:
            if self.path.exists():
                shutil.rmtree(self.path)
        except OSError:
            self.release()
            raise
        self.path.with_suffix(_LOCK).unlink(missing_ok=True)  # before anybody else can have it
        self.release()

    def release(self) -> None:
        """Leave it to whoever takes it next."""
        self.lock.release()


class OwnFolder:
    """This process's folder below a root: made when it is needed, and again if it was removed."""

    def __init__(self, root: Path) -> None:
        """Name the root; nothing is made yet."""
        self._root = root
        self._disk: int | None = None
        self.folder: ProcessFolder | None = None
        self.removed: list[ProcessFolder] = []
        """Those that somebody has removed: nobody else is to have what may come back."""

    def make(self) -> ProcessFolder:
        """Return the folder, which is there. Blocks. Raises `OSError`."""
        if self.folder and self.folder.path.is_dir():
            return self.folder
        if self.folder and not self.is_on_its_disk():
            raise OSError(errno.ENXIO, "the disk on which it was is not there")
        new = ProcessFolder.make(self._root)
        self._disk = self._root.stat().st_dev
        if self.folder:
            self.removed.append(self.folder)
        self.folder = new
        return new

    def is_on_its_disk(self) -> bool:
        """Tell whether the root is where it was: a disk that is gone may come back. Blocks."""
        there = self._root if self._root.exists() else self._root.parent
        return there.stat().st_dev == self._disk


def take_dead(root: Path, *, only_locked: bool = False) -> Iterator[ProcessFolder]:
    """Take the folders of processes that are gone, one by one, by name.

    One that cannot be taken is logged, and left; so is one that never had a lock, if others may
    have folders there: `only_locked`.
    """
    for path in sorted(_locked(root) if only_locked else _folders(root)):
        try:
            folder = ProcessFolder(path, _lock(path))
            if not path.is_dir():  # somebody else has removed it, or nothing came of it
                folder.remove()
                continue
        except Timeout:
            continue  # another process is at work
        except OSError as exc:
            logger.warning("What a process that is gone has left stays in %s: %s", path, exc)
            continue
        yield folder


def _lock(path: Path, within_s: float = 0) -> FileLock:
    # Not bound to a thread: it is taken in one, and released in another.
    lock = FileLock(path.with_suffix(_LOCK), mode=0o600, thread_local=False)
    lock.acquire(timeout=within_s)
    return lock


def _folders(root: Path) -> set[Path]:
    if not root.is_dir():
        return set()
    return _locked(root) | {path for path in root.iterdir() if path.is_dir()}


def _locked(root: Path) -> set[Path]:
    return {file.with_suffix("") for file in root.glob(f"*{_LOCK}")}
