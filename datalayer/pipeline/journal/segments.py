"""Segments: files to which records are appended, and that are read in portions. All blocks."""

import errno
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from datalayer.errors import NewerWrite, UnreadableWrite
from datalayer.pipeline.journal.records import decode_record, split_lines
from datalayer.writes import Write

SUFFIX = ".journal"
PORTION_SIZE = 4 * 1024 * 1024  # bytes that are read at once

_CLOSED = -1
_STEM = re.compile(r"[0-9]{1,16}")


class Line(NamedTuple):
    """A line of a segment: its number, and its write, or why that cannot be read."""

    number: int
    raw: bytes
    write: Write | None
    reason: str
    is_newer: bool = False  # it is whole, and a newer program wrote it


@dataclass(frozen=True, slots=True)
class Place:
    """Where to read on in a segment."""

    offset: int = 0
    number: int = 0


class Portion(NamedTuple):
    """Lines that were read at once; `torn` is how many bytes at the end were never finished."""

    lines: list[Line]
    then: Place
    torn: int


class SegmentFile:
    """A segment that is being written."""

    def __init__(self, path: Path) -> None:
        """Make the file, durably. Raises `OSError`, also where it is there already."""
        self.path = path
        self.size = 0
        self._number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            sync_folder(path.parent)
        except OSError:
            self.close()
            raise

    def append(self, data: bytes) -> None:
        """Append bytes, durably. Raises `OSError`; then nothing is appended, if that can be."""
        try:
            _write(self._number, data)
            _require_named(self._number)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._number, self.size)
            raise
        self.size += len(data)

    def close(self) -> None:
        """Close the file, once; what counts is durable."""
        number, self._number = self._number, _CLOSED
        if number != _CLOSED:
            with suppress(OSError):
                os.close(number)


def try_out(folder: Path, size: int) -> None:
    """Write so many bytes into a folder, durably, and leave nothing. Raises `OSError`."""
    with TemporaryFile(dir=folder) as file:
        _write(file.fileno(), bytes(size))


def _write(number: int, data: bytes) -> None:
    """Write bytes, durably. Raises `OSError`."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(number, rest) :]
    os.fsync(number)


def segments_in(folders: Iterable[Path]) -> Iterator[Path]:
    """Iterate over the segments in folders. Raises `OSError`."""
    for folder in folders:
        for path in folder.glob(f"*{SUFFIX}"):
            if _STEM.fullmatch(path.stem) and path.is_file():
                yield path


def _require_named(number: int) -> None:
    """Raise `OSError` for a file that somebody has removed: nobody would find what is in it."""
    if not os.fstat(number).st_nlink:
        raise OSError(errno.ENOENT, "somebody has removed its file")


def sync_folder(path: Path) -> None:
    """Make what was made and removed in a folder durable, where the system can."""
    if os.name == "nt":
        return
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def read_portion(
    path: Path, place: Place, *, until: int | None = None, most: int = 1_000, most_bytes: int
) -> Portion:
    """Read lines from a place on: up to so many, and up to the first that exceeds so many bytes.

    `until` is the offset up to which the segment counts. A line without its end is torn: whoever
    wrote it was never told that it is there. Raises `OSError`.
    """
    lines: list[Line] = []
    offset, number, torn = place.offset, place.number, 0
    for raw in _raw_lines(path, offset, until):
        if not raw.endswith(b"\n"):
            torn = len(raw)
            break
        lines.append(_line(number, raw))
        offset, number = offset + len(raw), number + 1
        if len(lines) >= most or offset - place.offset >= most_bytes:
            break
    return Portion(lines, Place(offset, number), torn)


def _raw_lines(path: Path, offset: int, until: int | None) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(offset)
        while until is None or offset < until:
            raw = file.readline(-1 if until is None else until - offset)
            if not raw:
                return
            yield from split_lines(raw)
            offset += len(raw)


def _line(number: int, raw: bytes) -> Line:
    try:
        return Line(number, raw, decode_record(raw), "")
    except UnreadableWrite as exc:
        return Line(number, raw, None, str(exc), isinstance(exc, NewerWrite))
