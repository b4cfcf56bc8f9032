"""What waits in spools, as another process sees it: nothing is locked or taken over.

All of it blocks.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from datalayer.errors import UnreadableWrite
from datalayer.pipeline.delivery import key_of
from datalayer.pipeline.journal.records import decode_record
from datalayer.pipeline.spool.spool import BYTES, WRITES
from datalayer.writes import SaveElement


class WaitingFile(NamedTuple):
    """A file in a spool; `key` is empty where its record cannot be read."""

    path: Path
    size: int  # bytes
    since: int  # microseconds of UTC; 0 where that is not known
    key: str
    name: str

    def remove(self) -> None:
        """Remove it, its record first: bytes without one were never accepted. Raises `OSError`."""
        (self.path.parent.parent / WRITES / self.path.name).unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


def waiting_files(root: Path) -> list[WaitingFile]:
    """Return what is in the spools below a folder, the oldest first. Raises `OSError`."""
    found = [file for record in root.glob(f"*/{WRITES}*") for file in _read(record)]
    return sorted(found, key=lambda file: file.since)


def _read(record: Path) -> Iterator[WaitingFile]:
    path = record.parent.parent / BYTES / record.name
    try:
        size, line = path.stat().st_size, record.read_bytes()
    except FileNotFoundError:
        return  # it was stored meanwhile
    try:
        write = decode_record(line)
    except UnreadableWrite:
        yield WaitingFile(path, size, 0, "", "")
        return
    if isinstance(write, SaveElement):
        name = str(write.fields.get("name") or "")
        yield WaitingFile(path, size, write.revision, key_of(write), name)
