"""The journal of one process: what was accepted and is not stored, in segments on disk.

Segments of processes that are gone are read with its own, the oldest first. What is read is handed
out once; a segment goes when all its records are settled. The disk is used in a worker thread, one
step after the other; what others have left is looked through in another, since it may be much, and
dead letters are counted there.
"""

import errno
import logging
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from common.concurrency.blocking import BlockingPool
from common.processes.process_folders import OwnFolder, ProcessFolder
from datalayer.errors import JournalUnusable
from datalayer.pipeline.journal.dead_letters import DeadLetters
from datalayer.pipeline.journal.records import encode_record
from datalayer.pipeline.journal.segments import (
    PORTION_SIZE,
    SUFFIX,
    Line,
    Place,
    SegmentFile,
    read_portion,
    sync_folder,
    try_out,
)
from datalayer.pipeline.journal.taking_over import Segment, TakingOver, give_up
from datalayer.writes import RevisionClock, Write

logger = logging.getLogger(__name__)

SEGMENT_SIZE = 16 * 1024 * 1024  # bytes after which another segment begins
CHECKED_SIZE = 64 * 1024  # bytes: what most writes have room in
MEBI = 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Receipt:
    """Says where a write is in the journal, until it is settled."""

    segment: Segment
    number: int
    size: int  # bytes of its record


class JournalState(NamedTuple):
    """How much is accepted and not stored."""

    depth: int  # writes
    size: int  # bytes, with those of the same files that are stored
    since: int | None  # when the oldest file was begun, in microseconds of UTC; None for no file
    failure: str  # why it cannot be used, empty where it can


def _ignore(_key: str, _revision: int) -> None: ...


class Journal:
    """Keeps writes in order: one task appends, one reads, and both may be at work at a time."""

    def __init__(self, root: Path, *, most_bytes: int) -> None:
        """Name the folder of all processes' journals, and how much this one may append."""
        self._root = root
        self._most_bytes = most_bytes
        self._dead_letters = DeadLetters(root.with_name("dead_letters"), most_bytes)
        self._pool = BlockingPool(1)
        self._looking = BlockingPool(2)
        self._clock = RevisionClock()
        self._segments: deque[Segment] = deque()
        self._stored: list[Segment] = []  # whose files are to be removed
        self._own = OwnFolder(root)
        self._taken: dict[Path, ProcessFolder] = {}  # over
        self._taking_over = TakingOver(root)
        self._current: Segment | None = None  # to which is appended
        self._file: SegmentFile | None = None  # the current segment's, or that of one before

    @property
    def size(self) -> int:
        """The bytes of all segments."""
        return sum(segment.size for segment in self._segments)

    @property
    def depth(self) -> int:
        """How many writes are in it that are not settled."""
        return sum(segment.left for segment in self._segments)

    @property
    def since(self) -> int | None:
        """When the oldest segment was begun, in microseconds of UTC."""
        return min((int(it.path.stem) for it in self._segments), default=None)

    @property
    def has_more(self) -> bool:
        """Whether there is something to hand out, or to tidy up."""
        return self._unread() is not None or bool(self._stored)

    # What others have left

    async def open(self, observe: Callable[[str, int], None] = _ignore) -> Counter[str]:
        """Take over what processes that are gone have left, which needs no room on the disk.

        Called again it takes what was left since. Returns how many writes of each key are in it,
        after `observe` was told the newest revision of each. What cannot be read becomes a dead
        letter when it would be handed out; what a newer program has written is left to that one.
        Raises `JournalUnusable`.
        """
        with self._translated():
            found, left = await self._looking.run(self._taking_over.run)
        self._taken |= {segment.folder.path: segment.folder for segment in found}
        self._segments = deque(sorted([*self._segments, *found], key=lambda it: it.path.name))
        if found:
            count = sum(segment.left for segment in found)
            logger.warning("%d writes of a process that is gone are stored now", count)
        for key, revision in left.newest.items():
            observe(key, revision)
        return left.counts

    async def prepare(self) -> ProcessFolder:
        """Make the folder of this process, if there is none, or somebody has removed it.

        Raises `JournalUnusable`.
        """
        with self._translated():
            return await self._pool.run(self._make_own)

    def _make_own(self) -> ProcessFolder:
        before, own = self._own.folder, self._own.make()
        if own is not before:
            sync_folder(self._root)
        return own

    # In

    async def check(self) -> None:
        """Find out whether it can take writes. Raises `JournalUnusable`."""
        own = await self.prepare()
        if self._room < min(CHECKED_SIZE, self._most_bytes // 16):
            raise self._full()
        with self._translated():
            await self._pool.run(try_out, own.path, CHECKED_SIZE)

    @property
    def _room(self) -> int:
        """The bytes that may be added: what others have left takes none of them."""
        own = (segment.size for segment in self._segments if segment.folder is self._own.folder)
        return self._most_bytes - sum(own)

    async def append(self, writes: Sequence[Write]) -> list[Receipt]:
        """Append writes, all of them or none; when it returns they are durable.

        Raises `JournalUnusable`.
        """
        segment = self._writable(await self.prepare())
        room = self._room
        first = segment.count
        segment.left += len(writes)  # at once: what is settled meanwhile must not remove it
        segment.count += len(writes)
        try:
            with self._translated():
                sizes = await self._pool.run(self._append, segment, writes, room)
        except JournalUnusable as exc:
            segment.count = first
            self._take_off(segment, len(writes))
            if exc.__cause__:
                self._current = None  # nobody knows what is in its file now
            raise
        segment.size += sum(sizes)
        return [Receipt(segment, first + number, size) for number, size in enumerate(sizes)]

    def _writable(self, own: ProcessFolder) -> Segment:
        current = self._current
        if current is None or current.folder is not own or current.size >= SEGMENT_SIZE:
            path = own.path / f"{self._clock.next():016d}{SUFFIX}"
            self._current = current = Segment(path, own)
            self._segments.append(current)
        return current

    def _append(self, segment: Segment, writes: Sequence[Write], room: int) -> list[int]:
        records = list(map(encode_record, writes))
        data = b"".join(records)
        if len(data) > room:
            raise self._full()
        if self._file is None or self._file.path != segment.path:
            if self._file:
                self._file.close()
            self._file = SegmentFile(segment.path)
        self._file.append(data)
        return list(map(len, records))

    def keep_in_memory(self, receipt: Receipt) -> None:
        """Never hand a write out, which is in memory: said in the step in which it was appended."""
        receipt.segment.kept.add(receipt.number)

    # Out

    async def read(self, most: int) -> list[tuple[Write, Receipt]]:
        """Hand out the next writes, up to so many, each once; empty when all were handed out.

        A segment that cannot be read keeps no other from being. Raises `JournalUnusable` when
        there are only such.
        """
        found: list[tuple[Write, Receipt]] = []
        failed: dict[Segment, OSError] = {}
        while not found and (segment := self._unread(failed)):
            try:
                with self._translated(OSError):
                    await self._read_segment(segment, most, found)
            except OSError as exc:
                if not await self._is_removed(segment, exc):
                    failed[segment] = exc
        if failed and not found:
            segment, reason = next(iter(failed.items()))
            message = f"{segment.path} cannot be read ({reason.strerror}): what is in it waits."
            raise JournalUnusable(message) from reason
        return found

    async def _is_removed(self, segment: Segment, exc: OSError) -> bool:
        """Tell whether a file was removed by somebody; then it is waited for no more."""
        if not isinstance(exc, FileNotFoundError):
            return False
        with self._translated():
            if not await self._pool.run(self._own.is_on_its_disk):
                return False
        unread = segment.count - segment.place.number - len(segment.kept)
        if unread:
            lost = "%d writes that were accepted are lost: somebody has removed %s"
            logger.error(lost, unread, segment.path)
        segment.is_lost, segment.place = True, Place(segment.size, segment.count)
        self._take_off(segment, unread)
        if segment is self._current:
            self._current = None
        return True

    def _unread(self, without: Collection[Segment] = ()) -> Segment | None:
        unread = (it for it in self._segments if it.place.offset < it.size)
        return next((it for it in unread if it not in without), None)

    async def _read_segment(
        self, segment: Segment, most: int, found: list[tuple[Write, Receipt]]
    ) -> None:
        read = partial(read_portion, until=segment.size, most=most, most_bytes=PORTION_SIZE)
        portion = await self._pool.run(read, segment.path, segment.place)
        if not portion.lines:
            raise OSError(errno.EIO, "it is shorter than what was written there")
        for line in portion.lines:
            receipt = Receipt(segment, line.number, len(line.raw))
            if line.number in segment.kept:
                segment.kept.remove(line.number)
            elif line.write is not None:
                found.append((line.write, receipt))
            else:
                await self._set_aside_bytes(line, receipt)
        segment.place = portion.then

    async def _set_aside_bytes(self, line: Line, receipt: Receipt) -> None:
        logger.error("%s It becomes a dead letter in %s.", line.reason, self._dead_letters.folder)
        try:
            await self._pool.run(self._dead_letters.keep_bytes, line.raw, line.reason)
        except OSError as exc:
            logger.error("It stays where it is until the next start: %s", exc)  # noqa: TRY400
        else:
            self.settle(receipt)

    def settle(self, receipt: Receipt) -> None:
        """Say that a write is stored, or a dead letter; each once."""
        self._take_off(receipt.segment, 1)

    def _take_off(self, segment: Segment, count: int) -> None:
        segment.left -= count
        if segment.left == 0:
            self._segments.remove(segment)
            if not segment.is_lost:
                self._stored.append(segment)
            if segment is self._current:
                self._current = None

    async def set_aside(self, write: Write, reason: str) -> None:
        """Keep a write as a dead letter, durably. Raises `JournalUnusable`."""
        try:
            with self._translated(OSError):
                await self._pool.run(self._dead_letters.keep_write, write, reason)
        except OSError as exc:
            message = (
                "What no database takes stays in the journal until the next start, for "
                f"{self._dead_letters.folder} does not: {exc.strerror}."
            )
            raise JournalUnusable(message) from exc

    async def count_dead_letters(self) -> int:
        """Return how many dead letters there are, of all processes. Raises `OSError`."""
        return await self._looking.run(self._dead_letters.count)

    async def tidy(self) -> None:
        """Remove the files of which all is settled; one that stays is logged, and stored again.

        Raises `JournalUnusable`.
        """
        stored, self._stored = self._stored, []
        if stored:
            with self._translated():
                await self._pool.run(self._remove, stored)

    def _remove(self, segments: Sequence[Segment]) -> None:
        for segment in segments:
            if self._file and self._file.path == segment.path:
                self._file.close()
            try:
                segment.path.unlink(missing_ok=True)
            except OSError as exc:
                logger.warning("%s stays until the next start: %s", segment.path, exc)

    def stop(self) -> None:
        """Count no more of what others have left: it may be much, and the program ends."""
        self._taking_over.stop()

    async def close(self) -> None:
        """Leave what is not settled to the process that starts next."""
        with suppress(JournalUnusable):
            await self.tidy()
        await self._pool.run(self._close)

    def _close(self) -> None:
        if self._file:
            self._file.close()
        for folder in filter(None, (self._own.folder, *self._own.removed, *self._taken.values())):
            give_up(folder)

    # What is said

    def _full(self) -> JournalUnusable:
        message = (
            f"Nothing more is accepted: the journal in {self._root} has reached its "
            f"limit of {self._most_bytes // MEBI} MB while the database is away. See to the "
            "database, or raise JOURNAL_MAX_MB."
        )
        return JournalUnusable(message)

    def silent(self, seconds: float) -> JournalUnusable:
        """Return how it is said that the disk has not answered for so long."""
        return self._unusable(TimeoutError(f"its disk has not answered for {seconds:g} s"))

    @contextmanager
    def _translated(self, but_for: type[Exception] = JournalUnusable) -> Iterator[None]:
        """Say whatever fails, be it that no thread can be started, as `JournalUnusable`."""
        try:
            yield
        except Exception as exc:
            if isinstance(exc, JournalUnusable | but_for):
                raise
            raise self._unusable(exc) from exc

    def _unusable(self, exc: Exception) -> JournalUnusable:
        is_full = getattr(exc, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        remedy = "Make room on its disk" if is_full else "See to its disk, and who may write there"
        reason = getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
        message = (
            f"The journal in {self._root} cannot be used ({reason}), so that nothing is "
            f"accepted while the database is away. {remedy}."
        )
        return JournalUnusable(message)
