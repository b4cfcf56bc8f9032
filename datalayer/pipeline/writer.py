"""The writer: takes writes in the order of the calls and stores them in batches.

Writes with the same key, which is mostly a thread's id, are stored in that order, one batch of them
at a time; others go side by side. While as many batches are on their way as the store can use, what
arrives waits and goes together in the next ones, so load makes batches larger, not queues longer.
What has to wait for somebody, as for a thread that is locked, waits alone. A batch that fails for a
reason of its own is split until the culprit stands alone; a database that is away, or whose schema
is not ours, is tried again with growing pauses.
"""

import asyncio
import contextvars
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Any

from cachetools import LRUCache

from common.retry import RetryPolicy
from datalayer.errors import (
    DataLayerError,
    SchemaMismatch,
    StepGone,
    StoreHeldUp,
    StoreUnavailable,
    ThreadsLocked,
    WriterClosed,
    WriteRefused,
    WriteRejected,
)
from datalayer.pipeline.locks import Applies, apply_when_free
from datalayer.records import Outcome, Result
from datalayer.writes import SaveStep, Write, describe

logger = logging.getLogger(__name__)

MAX_BATCH = 1_000  # writes in one transaction
SHARE = 200  # writes from which on it pays to store them in one more batch, side by side
RETRY = RetryPolicy(first_pause_s=0.05, longest_pause_s=5.0, jitter=0.5)
REMEMBERED_FAILURES = 1_000  # threads whose next flush raises why a step failed


@dataclass(slots=True, eq=False)
class _Entry:
    write: Write
    number: int  # in the order of the calls
    done: asyncio.Future[Result]  # the caller's, who may cancel it
    resolved: asyncio.Event = field(default_factory=asyncio.Event)


_Queues = dict[str, list[_Entry]]
"""Entries by key, the keys and their entries in the order of arrival."""


class Writer:
    """Stores writes in order; `close` waits until all of them are durable."""

    def __init__(
        self,
        store: Applies,
        *,
        on_resolved: Callable[[Write, Result | None], None] = lambda _write, _result: None,
        close_timeout_s: float = 20.0,
    ) -> None:
        """Write to a store; `on_resolved` is told of each write, None when it is not stored."""
        self._store = store
        self._on_resolved = on_resolved
        self._close_timeout_s = close_timeout_s
        self._closed = False
        self._count = 0
        self._ready: _Queues = {}
        self._held: _Queues = {}  # what waits for others with its key
        self._in_flight: _Queues = {}
        self._slots = store.concurrency
        self._tasks: set[asyncio.Task[None]] = set()
        self._awake = False
        self._failed: LRUCache[str, Exception] = LRUCache(REMEMBERED_FAILURES)

    def submit(self, write: Write) -> asyncio.Future[Result]:
        """Take a write, at once and in order; the future resolves when it is durable.

        The future raises `WriteRefused` or `WriteRejected` for this write alone. Cancelling a
        caller does not take the write back. Raises `WriterClosed` after `close`.
        """
        if self._closed:
            message = (
                f"{describe(write)} is not stored: it came after the program began to stop. "
                "Send it again when it runs."
            )
            raise WriterClosed(message)
        self._count += 1
        loop = asyncio.get_running_loop()
        entry = _Entry(write, self._count, loop.create_future())
        key = write.order_key
        (self._held if key in self._in_flight else self._ready).setdefault(key, []).append(entry)
        if not self._awake:
            # Not at once: who calls at the same time shares a batch. In an empty context, so that
            # no caller's session is kept alive.
            self._awake = True
            loop.call_soon(self._dispatch, context=contextvars.Context())
        return entry.done

    async def flush(self, key: str | None = None, *, row_id: str | None = None) -> None:
        """Wait until what was written so far is durable, as `drain` does.

        Raises the last error among the steps, those that failed since the last flush included. A
        step that is deleted is one, `StepGone`, unless there is another of its thread.
        """
        await self.drain(key, row_id=row_id)
        failed = [name for name in self._failed if key in (None, name)]
        errors = [self._failed.pop(name) for name in failed]
        if errors:
            raise errors[-1]

    async def drain(self, key: str | None = None, *, row_id: str | None = None) -> None:
        """Wait until what was written so far is durable or has failed.

        That is all of it, what has this key, or what is about the row with this id.
        """
        for entry in list(self._entries(key)):
            if row_id in (None, getattr(entry.write, "id", None)):
                await entry.resolved.wait()

    async def close(self) -> None:
        """Refuse further writes and wait until those that were taken are durable.

        What the database does not take in time is logged, each write by its id.
        """
        await asyncio.sleep(0)  # what was called by a task just made is a write too
        self._closed = True
        try:
            async with asyncio.timeout(self._close_timeout_s):
                await self.drain()
        except TimeoutError:
            for entry in self._entries():
                self._give_up(entry)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _entries(self, key: str | None = None) -> Iterator[_Entry]:
        for queues in (self._in_flight, self._ready, self._held):
            for entries in [queues.get(key, [])] if key else queues.values():
                yield from entries

    # What goes together

    def _dispatch(self) -> None:
        self._awake = False
        if self._slots and self._ready:
            taken = self._take(self._slots * MAX_BATCH)
            count = sum(map(len, taken.values()))
            for queues in _balanced(taken, min(self._slots, max(1, count // SHARE))):
                self._slots -= 1
                self._start(self._run(queues))

    def _take(self, capacity: int) -> _Queues:
        """Take what is ready, the oldest first; what exceeds the capacity waits on."""
        taken: _Queues = {}
        while self._ready and capacity:
            key = next(iter(self._ready))
            entries = self._ready.pop(key)
            limit = min(capacity, MAX_BATCH)
            taken[key] = self._in_flight[key] = entries[:limit]
            capacity -= len(taken[key])
            if len(entries) > limit:
                self._held[key] = entries[limit:]
        return taken

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, queues: _Queues) -> None:
        entries = [entry for queue in queues.values() for entry in queue]
        try:
            held_up = await self._store_batch(sorted(entries, key=attrgetter("number")))
        finally:
            self._slots += 1
        for key in queues:
            if key in held_up:
                self._start(self._run_alone(key))
            else:
                self._release(key)
        self._dispatch()

    async def _run_alone(self, key: str) -> None:
        """Store what has to wait for somebody: in no slot, so that no other waits with it."""
        while left := [entry for entry in self._in_flight[key] if not entry.resolved.is_set()]:
            if await self._store_batch(left, alone=True):
                await asyncio.sleep(RETRY.first_pause_s)
        self._release(key)
        self._dispatch()

    def _release(self, key: str) -> None:
        del self._in_flight[key]
        if key in self._held:
            self._ready[key] = self._held.pop(key)

    # A batch

    async def _store_batch(self, entries: list[_Entry], *, alone: bool = False) -> set[str]:
        """Store entries; return the keys of those that have to wait for somebody."""
        if not entries:
            return set()
        try:
            results = await self._apply(entries, alone=alone)
        except StoreHeldUp as exc:
            return await self._store_unlocked(entries, exc, alone=alone)
        except DataLayerError as exc:
            return await self._isolate(entries, exc, alone=alone)
        except Exception as exc:  # a defect in a store must not stop the writer for all
            logger.exception("A batch of %d writes failed for an unforeseen reason", len(entries))
            return await self._isolate(entries, exc, alone=alone)
        for entry, result in results:
            self._resolve(entry, result)
        return set()

    async def _store_unlocked(
        self, entries: list[_Entry], exc: StoreHeldUp, *, alone: bool
    ) -> set[str]:
        """Store what can be stored without what is locked, or less of it at once."""
        keys = {entry.write.order_key for entry in entries}
        locked = keys & exc.thread_ids if isinstance(exc, ThreadsLocked) else set()
        if alone:
            logger.warning("%d writes wait: %s", len(entries), exc)
            if len(entries) == 1 or locked:
                return keys
            first, last = _halves(entries)
            return await self._store_batch(first, alone=True) or await self._store_batch(
                last, alone=True
            )
        if not locked:
            locked = set(sorted(keys)[: len(keys) // 2])
            if not locked:
                return keys
            held_up = await self._store_batch(_only(entries, locked))
            return held_up | await self._store_batch(_without(entries, locked))
        return locked | await self._store_batch(_without(entries, locked))

    async def _isolate(self, entries: list[_Entry], exc: Exception, *, alone: bool) -> set[str]:
        if len(entries) > 1:
            first, last = _halves(entries)
            held_up = await self._store_batch(first, alone=alone)
            last = _without(last, held_up)
            return held_up | await self._store_batch(last, alone=alone)
        message = f"{describe(entries[0].write)} is not stored: {exc}"
        logger.error("%s", message)
        self._fail(entries[0], WriteRejected(message) if isinstance(exc, WriteRejected) else exc)
        return set()

    async def _apply(self, entries: list[_Entry], *, alone: bool) -> list[tuple[_Entry, Result]]:
        writes = [entry.write for entry in entries]
        apply = partial(apply_when_free, self._store) if alone else self._store.apply
        results = await RETRY.call(
            partial(apply, writes),
            passes=_passes,
            before_pause=partial(_log_wait, len(writes)),
        )
        return list(zip(entries, results, strict=True))

    def _give_up(self, entry: _Entry) -> None:
        if not entry.resolved.is_set():
            message = (
                f"{describe(entry.write)} is lost: the database did not come back before the "
                "program stopped. Send it again."
            )
            logger.error("%s", message)
            self._fail(entry, StoreUnavailable(message))

    def _resolve(self, entry: _Entry, result: Result) -> None:
        if result.outcome is Outcome.REFUSED:
            message = f"{describe(entry.write)} is refused: {result.reason}."
            logger.warning("%s", message)
            self._fail(entry, WriteRefused(message))
            return
        if result.outcome is Outcome.GONE and isinstance(entry.write, SaveStep):
            gone = StepGone(f"{describe(entry.write)} is not stored: {result.reason}.")
            self._failed.setdefault(entry.write.order_key, gone)
        if not entry.done.done():
            entry.done.set_result(result)
        self._finish(entry, result)

    def _fail(self, entry: _Entry, exc: Exception) -> None:
        if not entry.done.done():
            entry.done.set_exception(exc)
            entry.done.exception()  # it was logged with its id: nobody has to fetch it again
        if isinstance(entry.write, SaveStep):
            self._failed[entry.write.order_key] = exc
        self._finish(entry, None)

    def _finish(self, entry: _Entry, result: Result | None) -> None:
        entry.resolved.set()
        try:
            self._on_resolved(entry.write, result)
        except Exception:  # whoever listens must not stop the writer
            logger.exception("What follows on %s failed", describe(entry.write))


def _passes(error: BaseException) -> bool:
    if isinstance(error, StoreHeldUp):
        return False  # others need not wait for it
    return isinstance(error, StoreUnavailable | SchemaMismatch)  # somebody may migrate, or stop it


def _log_wait(count: int, error: BaseException) -> None:
    logger.warning("%d writes wait for the database: %s", count, error)


def _only(entries: Iterable[_Entry], keys: set[str]) -> list[_Entry]:
    return [entry for entry in entries if entry.write.order_key in keys]


def _without(entries: Iterable[_Entry], keys: set[str]) -> list[_Entry]:
    return [entry for entry in entries if entry.write.order_key not in keys]


def _halves(entries: list[_Entry]) -> tuple[list[_Entry], list[_Entry]]:
    middle = len(entries) // 2
    return entries[:middle], entries[middle:]


def _balanced(queues: _Queues, count: int) -> list[_Queues]:
    """Return the queues in so many shares of about the same size."""
    shares: list[_Queues] = [{} for _ in range(count)]
    sizes = [0] * count
    for key, entries in sorted(queues.items(), key=lambda item: -len(item[1])):
        smallest = sizes.index(min(sizes))
        shares[smallest][key] = entries
        sizes[smallest] += len(entries)
    return [share for share in shares if share]
