"""What processes that are gone have left in their journals, taken over by one that runs.

All of it blocks.
"""

import logging
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from common.processes.process_folders import ProcessFolder, take_dead
from datalayer.errors import NewerWrite
from datalayer.pipeline.journal.segments import PORTION_SIZE, Place, read_portion, segments_in
from datalayer.writes import Write

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Segment:
    """A segment of which something counts."""

    path: Path
    folder: ProcessFolder
    size: int = 0  # bytes that count
    count: int = 0  # records
    left: int = 0  # records that are not settled
    place: Place = field(default_factory=Place)  # up to where it was handed out
    kept: set[int] = field(default_factory=set)  # records that are in memory anyway
    is_lost: bool = False  # somebody has removed its file


@dataclass(slots=True)
class Left:
    """What was left of each key: how many writes, and the newest revision."""

    counts: Counter[str] = field(default_factory=Counter)
    newest: dict[str, int] = field(default_factory=dict)

    def add(self, write: Write) -> None:
        """Count a write."""
        key = write.order_key
        self.counts[key] += 1
        self.newest[key] = max(write.revision, self.newest.get(key, 0))

    def update(self, other: "Left") -> None:
        """Count what another has counted."""
        self.counts.update(other.counts)
        for key, revision in other.newest.items():
            self.newest[key] = max(revision, self.newest.get(key, 0))


class _Stopped(Exception):
    """What is left is left to the next process."""


class TakingOver:
    """Takes what processes that are gone have left; what cannot be read keeps nothing else from it.

    What stays where it is, is said once.
    """

    def __init__(self, root: Path) -> None:
        """Name the folder of all processes' journals."""
        self._root = root
        self._said: set[Path] = set()
        self._stopped = Event()

    def stop(self) -> None:
        """Count no more, from any thread: it may be much, and the program ends."""
        self._stopped.set()

    def run(self) -> tuple[list[Segment], Left]:
        """Take over what there is. A folder with what a newer program wrote stays for that one.

        Raises `OSError`.
        """
        found, left = list[Segment](), Left()
        for folder in take_dead(self._root):
            theirs = self._all_in(folder, left)
            found += theirs
            if not theirs:
                give_up(folder)
        return found, left

    def _all_in(self, folder: ProcessFolder, left: Left) -> list[Segment]:
        found, theirs = list[Segment](), Left()
        try:
            for path in segments_in([folder.path]):
                found += self._segment(Segment(path, folder), theirs)
        except _Stopped:
            return []
        except (NewerWrite, OSError) as exc:
            self._say_once(folder.path, exc)
            return []
        left.update(theirs)
        return found

    def _segment(self, segment: Segment, left: Left) -> list[Segment]:
        """Count a segment, and remove it if nothing is in it."""
        theirs = Left()
        try:
            self._count(segment, theirs)
            if not segment.left:
                segment.path.unlink()
        except OSError as exc:
            self._say_once(segment.path, exc)
            return []
        left.update(theirs)
        return [segment] if segment.left else []

    def _count(self, segment: Segment, left: Left) -> None:
        place = Place()
        while True:
            if self._stopped.is_set():
                raise _Stopped
            portion = read_portion(segment.path, place, most_bytes=PORTION_SIZE)
            if newer := next((line for line in portion.lines if line.is_newer), None):
                raise NewerWrite(newer.reason)
            for line in portion.lines:
                if line.write:
                    left.add(line.write)
            place = portion.then
            if portion.torn:
                cut = "%d bytes at the end of %s are cut: they were never accepted"
                logger.warning(cut, portion.torn, segment.path)
            if portion.torn or not portion.lines:
                break
        segment.size = place.offset
        segment.count = segment.left = place.number

    def _say_once(self, path: Path, exc: Exception) -> None:
        if path not in self._said:
            logger.error("%s is left where it is: %s", path, exc)
        self._said.add(path)


def give_up(folder: ProcessFolder) -> None:
    """Release a folder, and remove it if it is empty."""
    try:
        empty = not folder.path.exists() or not any(folder.path.iterdir())
        (folder.remove if empty else folder.release)()
    except OSError as exc:
        logger.warning("%s stays: %s", folder.path, exc)
