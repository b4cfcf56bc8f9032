"""Dead letters: what no database takes, or nobody can read any more, each a file with its reason.

JSON: `{"version": 1, "at": "2026-…Z", "reason": "…", "write": {…}}`, or `"bytes"` in Base64 where
there is no write to be read. The file's name is its id. All of it blocks.
"""

import errno
import os
import re
import uuid
from pathlib import Path

import msgspec

from datalayer.errors import UnreadableWrite
from datalayer.pipeline.journal.records import decode_record
from datalayer.pipeline.journal.segments import sync_folder
from datalayer.serialization import decode, encode
from datalayer.values import time_of_revision
from datalayer.writes import Write, wall_clock

VERSION = 1
SUFFIX = ".json"
BLOCK = 4096  # bytes that a file takes at least
_ID = re.compile(r"[0-9]{16}-[0-9a-f]+")


class DeadLetter(msgspec.Struct, omit_defaults=True):
    """A dead letter as it is kept: the `write` as `serialization.encode` has it, or `raw` bytes."""

    version: int
    at: str
    reason: str
    write: msgspec.Raw = msgspec.Raw()
    raw: bytes = msgspec.field(default=b"", name="bytes")

    def read_write(self) -> Write:
        """Return the write. Raises `UnreadableWrite` where only a newer version can, or nobody."""
        if self.raw:
            return decode_record(self.raw)
        return decode(bytes(self.write))


class DeadLetters:
    """The folder of dead letters, which all processes with one DATA_DIR share."""

    def __init__(self, folder: Path, most_bytes: int | None = None) -> None:
        """Name the folder, and how large it may get."""
        self.folder = folder
        self._most_bytes = most_bytes
        self._size = 0  # of what is there, as far as it is known

    def keep_write(self, write: Write, reason: str) -> None:
        """Keep a write, durably. Raises `OSError`."""
        self._keep(DeadLetter(VERSION, _now(), reason, write=msgspec.Raw(encode(write))))

    def keep_bytes(self, raw: bytes, reason: str) -> None:
        """Keep what cannot be read, durably. Raises `OSError`."""
        self._keep(DeadLetter(VERSION, _now(), reason, raw=raw))

    def count(self) -> int:
        """Return how many there are. Raises `OSError`."""
        return len(self.ids())

    def ids(self) -> list[str]:
        """Return the ids of all, the oldest first. Raises `OSError`."""
        stems = (path.stem for path in self.folder.glob(f"*{SUFFIX}"))
        return sorted(filter(_ID.fullmatch, stems))

    def read(self, letter_id: str) -> DeadLetter:
        """Return one. Raises `OSError`, or `UnreadableWrite` where its file is damaged."""
        path = self._path(letter_id)
        try:
            letter = msgspec.json.decode(path.read_bytes(), type=DeadLetter)
        except (msgspec.MsgspecError, ValueError) as exc:
            raise _damaged(path) from exc
        if not (letter.raw or bytes(letter.write)):
            raise _damaged(path)
        return letter

    def remove(self, letter_id: str) -> None:
        """Remove one, durably; one that is not there is no error. Raises `OSError`."""
        self._path(letter_id).unlink(missing_ok=True)
        sync_folder(self.folder)

    def _path(self, letter_id: str) -> Path:
        return self.folder / f"{letter_id}{SUFFIX}"

    def _keep(self, letter: DeadLetter) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{wall_clock():016d}-{uuid.uuid4().hex[:8]}"
        begun = self.folder / f".{name}"
        data = msgspec.json.encode(letter)
        self._take_room(len(data))
        try:
            _write(begun, data)
            begun.rename(self.folder / f"{name}{SUFFIX}")
        except OSError:
            begun.unlink(missing_ok=True)
            raise
        sync_folder(self.folder)

    def _take_room(self, size: int) -> None:
        """Raise `OSError` where there is no room for so many bytes more."""
        needed = max(size, BLOCK)
        if self._most_bytes is None:
            return
        if not self._size or self._size + needed > self._most_bytes:  # others add and remove, too
            self._size = sum(max(it.stat().st_size, BLOCK) for it in self.folder.iterdir())
        if self._size + needed > self._most_bytes:
            raise OSError(errno.EFBIG, "it is full: see to what is in it by 'manage.py journal'")
        self._size += needed


def _damaged(path: Path) -> UnreadableWrite:
    return UnreadableWrite(f"{path} is no dead letter: it was damaged.")


def _now() -> str:
    return time_of_revision(wall_clock())


def _write(path: Path, data: bytes) -> None:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(number)
