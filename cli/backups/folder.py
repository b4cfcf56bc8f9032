"""The folder of backups: a folder of its own for each, and the files of all of them.

`files/` has each file once, by its key; what a backup consists of is in `<time>/`: `database/` with
one file, `data/` with what else lies in DATA_DIR, and `files.txt`, the keys of its files. One that
was not made to its end is called `.<time>.partial`.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_PARTIAL = ".partial"
_TIME = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup; `path` is its folder."""

    path: Path

    @property
    def database(self) -> Path:
        """The folder that the file of the database lies in."""
        return self.path / "database"

    @property
    def data(self) -> Path:
        """What else lies in DATA_DIR."""
        return self.path / "data"

    @property
    def keys(self) -> Path:
        """The keys of its files, one on a line; not there where there are none with it."""
        return self.path / "files.txt"

    def read_keys(self) -> set[str]:
        """Return the keys of its files."""
        return set(self.keys.read_text("utf-8").splitlines()) if self.keys.exists() else set()

    def write_keys(self, keys: set[str]) -> None:
        """Write down the keys of its files."""
        self.keys.write_text("".join(f"{key}\n" for key in sorted(keys)), "utf-8")


class BackupFolder:
    """The folder that backups are made in."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.files = self.path / "files"

    @classmethod
    def of(cls, path: Path) -> tuple["BackupFolder", Backup | None]:
        """Return the folder, and the backup that a path names: one in it, or else the newest."""
        folder = cls(path)
        if folder._is_whole(folder.path):
            return cls(folder.path.parent), Backup(folder.path)
        return folder, max(folder.backups(), key=lambda it: it.path.name, default=None)

    def backups(self) -> Iterator[Backup]:
        """Yield the whole ones."""
        if self.path.is_dir():
            yield from (Backup(path) for path in self.path.iterdir() if self._is_whole(path))

    @staticmethod
    def _is_whole(path: Path) -> bool:
        try:
            datetime.strptime(path.name, _TIME).replace(tzinfo=UTC)
        except ValueError:
            return False
        return path.is_dir()

    def begin(self) -> Backup:
        """Begin one; what earlier ones left that were not made to their end is removed."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in self.path.glob(f".*{_PARTIAL}"):
            shutil.rmtree(path)
        new = Backup(self.path / f".{datetime.now(UTC).strftime(_TIME)}{_PARTIAL}")
        new.path.mkdir(mode=0o700)
        return new

    def end(self, backup: Backup) -> Backup:
        """Make one whole, durably."""
        os.sync()
        whole = self.path / backup.path.name.removeprefix(".").removesuffix(_PARTIAL)
        backup.path.rename(whole)
        os.sync()
        return Backup(whole)

    def keep_newest(self, count: int) -> tuple[int, int]:
        """Remove all but the newest, and the files that only they had; returns how many of both."""
        ordered = sorted(self.backups(), key=lambda it: it.path.name, reverse=True)
        kept, old = ordered[:count], ordered[count:]
        named = set[str]().union(*(each.read_keys() for each in kept))
        for each in old:
            shutil.rmtree(each.path)
        return len(old), sum(self._remove_unless(named))

    def _remove_unless(self, named: set[str]) -> Iterator[bool]:
        for path in sorted(self.files.rglob("*"), reverse=True):  # what is in a folder before it
            if path.is_dir():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path.relative_to(self.files).as_posix() not in named:
                path.unlink()
                yield True
