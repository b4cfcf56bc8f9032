"""The writer: takes writes in the order of the calls and stores them in batches.

Writes are spread over lanes by thread. While a lane's transaction is on its way, what arrives
waits and goes together in the next one, so load makes batches larger, not queues longer. A batch
that fails for a reason of its own is split until the culprit stands alone; a database that is away
is tried again with growing pauses.
"""

import asyncio
import contextvars
import logging
import random
import zlib
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from datalayer.base import Store
from datalayer.errors import DataLayerError, StoreUnavailable, WriterClosed, WriteRefused
from datalayer.records import Outcome, Result
from datalayer.writes import SaveStep, Write, describe

logger = logging.getLogger(__name__)

MAX_BATCH = 1_000  # writes in one transaction
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 5.0
REMEMBERED_FAILURES = 1_000  # threads whose next flush raises why a step failed


@dataclass(slots=True)
class _Entry:
    write: Write
    done: asyncio.Future[Result]  # the caller's, who may cancel it
    settled: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class _Lane:
    waiting: deque[_Entry] = field(default_factory=deque)
    on_the_way: list[_Entry] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    def entries(self) -> Iterator[_Entry]:
        yield from self.on_the_way
        yield from self.waiting


class Writer:
    """Stores writes in order; `close` waits until all of them are durable."""

    def __init__(self, store: Store, *, close_timeout_s: float = 20.0) -> None:
        self._store = store
        self._lanes = [_Lane() for _ in range(store.lanes)]
        self._close_timeout_s = close_timeout_s
        self._closed = False
        self._failed: OrderedDict[str, Exception] = OrderedDict()

    def submit(self, write: Write) -> asyncio.Future[Result]:
        """Take a write, at once and in order; the future resolves when it is durable.

        The future raises `WriteRefused` or `WriteRejected` for this write alone. Cancelling a
        caller does not take the write back. Raises `WriterClosed` after `close`.
        """
        if self._closed:
            message = f"{describe(write)} came after the program began to stop and is not stored."
            raise WriterClosed(message)
        lane = self._lane_of(write.lane_key)
        entry = _Entry(write, asyncio.get_running_loop().create_future())
        entry.done.add_done_callback(_retrieve)
        lane.waiting.append(entry)
        if lane.task is None:
            # An empty context, so that the lane keeps no caller's session alive.
            lane.task = asyncio.create_task(self._run(lane), context=contextvars.Context())
        return entry.done

    async def flush(self, key: str | None = None) -> None:
        """Wait until all that was written so far is durable, for one thread or for all.

        Raises the last error among the steps, those that failed since the last flush included.
        """
        await self.settle(key)
        failed = [name for name in self._failed if key in (None, name)]
        errors = [self._failed.pop(name) for name in failed]
        if errors:
            raise errors[-1]

    async def settle(self, key: str | None = None) -> None:
        """Wait until all that was written so far is durable or has failed."""
        waiting = [
            entry
            for lane in self._lanes
            for entry in lane.entries()
            if key is None or entry.write.lane_key == key
        ]
        for entry in waiting:
            await entry.settled.wait()

    async def close(self) -> None:
        """Refuse further writes and wait until those that were taken are durable.

        What the database does not take in time is logged, each write by its id.
        """
        await asyncio.sleep(0)  # what was called by a task just made is a write too
        self._closed = True
        tasks = [lane.task for lane in self._lanes if lane.task]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=self._close_timeout_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for lane in self._lanes:
            self._give_up(lane)

    def _lane_of(self, key: str) -> _Lane:
        return self._lanes[zlib.crc32(key.encode()) % len(self._lanes)]

    async def _run(self, lane: _Lane) -> None:
        while lane.waiting:
            count = min(len(lane.waiting), MAX_BATCH)
            lane.on_the_way = [lane.waiting.popleft() for _ in range(count)]
            await self._store_batch(lane.on_the_way)
            lane.on_the_way = []
        lane.task = None

    async def _store_batch(self, entries: list[_Entry]) -> None:
        try:
            results = await self._apply(entries)
        except DataLayerError as exc:
            await self._isolate(entries, exc)
        except Exception as exc:  # a defect in a store must not stop the lane for all
            logger.exception("A batch of %d writes failed for an unforeseen reason", len(entries))
            await self._isolate(entries, exc)
        else:
            for entry, result in results:
                self._resolve(entry, result)

    async def _isolate(self, entries: list[_Entry], exc: Exception) -> None:
        if len(entries) > 1:
            middle = len(entries) // 2
            await self._store_batch(entries[:middle])
            await self._store_batch(entries[middle:])
            return
        logger.error("%s is not stored: %s", describe(entries[0].write), exc)
        self._fail(entries[0], exc)

    async def _apply(self, entries: list[_Entry]) -> list[tuple[_Entry, Result]]:
        writes = [entry.write for entry in entries]
        for pause in _pauses():
            try:
                return list(zip(entries, await self._store.apply(writes), strict=True))
            except StoreUnavailable as exc:
                logger.warning("%d writes wait for the database: %s", len(writes), exc)
                await asyncio.sleep(pause)
        raise AssertionError

    def _give_up(self, lane: _Lane) -> None:
        for entry in lane.entries():
            if not entry.settled.is_set():
                logger.error("%s is lost: the database did not come back.", describe(entry.write))
                self._fail(entry, StoreUnavailable("The program stopped too early to store it."))

    def _resolve(self, entry: _Entry, result: Result) -> None:
        if result.outcome is Outcome.REFUSED:
            message = f"{describe(entry.write)} is refused: {result.reason}."
            logger.warning("%s", message)
            self._fail(entry, WriteRefused(message))
            return
        if not entry.done.done():
            entry.done.set_result(result)
        entry.settled.set()

    def _fail(self, entry: _Entry, exc: Exception) -> None:
        if not entry.done.done():
            entry.done.set_exception(exc)
        if isinstance(entry.write, SaveStep):
            self._failed[entry.write.lane_key] = exc
        while len(self._failed) > REMEMBERED_FAILURES:
            self._failed.popitem(last=False)
        entry.settled.set()


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE_S
    while True:
        yield pause * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, not a secret
        pause = min(pause * 2, LONGEST_PAUSE_S)


def _retrieve(done: asyncio.Future[Result]) -> None:
    # Every failure was logged with its id; nobody has to fetch it again.
    if not done.cancelled():
        done.exception()
