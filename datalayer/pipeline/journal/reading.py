"""What waits in journals, as another process sees it: nothing is locked, taken over or changed.

All of it blocks.
"""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from datalayer.pipeline.journal.segments import segments_in

_CHUNK = 1024 * 1024


class WaitingWrites(NamedTuple):
    """How much is in the journals of all processes with one DATA_DIR."""

    depth: int  # writes, with those of the same files that are stored
    size: int  # bytes
    since: int | None  # when the oldest file was begun, in microseconds of UTC; None for no file


def waiting_writes(root: Path) -> WaitingWrites:
    """Count what is in the journals below a folder. Raises `OSError`."""
    depth = size = 0
    since: int | None = None
    for path in segments_in(root.glob("*")):
        with suppress(FileNotFoundError):  # it was stored meanwhile
            depth += _lines(path)
            size += path.stat().st_size
            since = min(since or int(path.stem), int(path.stem))
    return WaitingWrites(depth, size, since)


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(_CHUNK), b""))
