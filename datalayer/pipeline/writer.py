"""The writer: takes writes in the order of the calls and stores them in batches.

Writes with the same key, which is mostly a thread's id, are stored in that order, one batch of them
at a time; others go side by side. While as many batches are on their way as the store can use, what
arrives waits and goes together in the next ones, so load makes batches larger, not queues longer.
What has to wait for somebody, as for a thread that is locked, waits alone. A batch that fails for a
reason of its own is split until the culprit stands alone; a database that is away, or whose schema
is not ours, is tried again with growing pauses. What is not stored in time is durable all the same
where there is a journal (`backlog`): it comes from there in the order in which it went in.
"""

import asyncio
import contextvars
import logging
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

from cachetools import LRUCache

from common.concurrency.retry import RetryPolicy
from common.processes.ending import Ending
from common.recorder import NO_RECORDER, Recorder
from datalayer.errors import (
    DataLayerError,
    JournalUnusable,
    SchemaMismatch,
    StepGone,
    StoreHeldUp,
    StoreUnavailable,
    ThreadsLocked,
    WriterClosed,
    WriteRefused,
    WriteRejected,
)
from datalayer.pipeline.backlog import AFTER_S, Backlog
from datalayer.pipeline.journal.journal import Journal, JournalState, Receipt
from datalayer.pipeline.locks import Applies, apply_when_free
from datalayer.pipeline.outages import Outages
from datalayer.pipeline.queues import ByKey, Entry, Queues, balanced, halves, only, without
from datalayer.records import Outcome, Result, Saving
from datalayer.writes import FinishElement, SaveStep, SetFavorite, Write, describe

logger = logging.getLogger(__name__)

MAX_BATCH = 1_000  # writes in one transaction
SHARE = 200  # writes from which on it pays to store them in one more batch, side by side
SPACING_S = 0.01  # between the beginnings of batches that are on their way at the same time
RETRY = RetryPolicy(first_pause_s=0.05, longest_pause_s=5.0, jitter=0.5)
Apply = Callable[[Sequence[Write]], Awaitable[list[Result]]]
AT_THE_END_S = 1.0  # how long a database is waited for, at most, as the program ends
REMEMBERED_FAILURES = 1_000  # threads whose next flush raises why a step failed


class Unkept(NamedTuple):
    """Why a step of a thread is neither stored nor in the journal."""

    thread_id: str
    reason: JournalUnusable


class Writer:
    """Stores writes in order; `close` waits until all of them are durable."""

    def __init__(
        self,
        store: Applies,
        *,
        on_resolved: Callable[[Write, Result | None], None] = lambda _write, _result: None,
        on_saving: Callable[[Saving], None] = lambda _saving: None,
        observe: Callable[[str, int], None] = lambda _key, _revision: None,
        close_timeout_s: float = 5.0,
        journal: Journal | None = None,
        journal_after_s: float = AFTER_S,
        recorder: Recorder = NO_RECORDER,
        ending: Ending | None = None,
        outages: Outages | None = None,
    ) -> None:
        """Write to a store; `on_resolved` is told of each write, None when it is not stored.

        With a journal it is told when a write of there is stored, be it of an earlier run, and
        `on_saving` when what becomes of writes has changed; of what earlier runs have left in it
        `observe` is told each key with its newest revision, before anything is stored.
        """
        self._store = store
        self._on_resolved = on_resolved
        self._recorder = recorder
        self._close_timeout_s = close_timeout_s
        self._ending = ending or Ending()
        self._outages = outages or Outages()
        self._closed = False
        self._count = 0
        self._queues = Queues()
        self._slots = store.concurrency
        self._tasks: set[asyncio.Task[None]] = set()
        self._awake = False
        self._began_at = -math.inf  # when the last batch began, by the loop's clock
        self._timer: asyncio.TimerHandle | None = None
        self._failed: LRUCache[str, Exception] = LRUCache(REMEMBERED_FAILURES)
        self._unkept: LRUCache[str, Unkept] = LRUCache(REMEMBERED_FAILURES)  # by step
        self._backlog = Backlog(
            journal,
            self._queues,
            after_s=journal_after_s,
            hand_in=self._hand_in,
            accepted=self._accepted,
            refused=self._note_unkept,
            dispatch=self._dispatch_soon,
            changed=on_saving,
            observe=observe,
        )

    def start(self) -> None:
        """Begin to store what an earlier run has left; the first write does so, too."""
        self._backlog.open()

    @property
    def is_away(self) -> bool:
        """Whether the database did not answer in time, and has not since; no without a journal."""
        return self._backlog.is_away

    def is_behind(self, key: str) -> bool:
        """Tell whether something of a key is accepted and not stored yet."""
        return self._backlog.is_behind(key)

    @property
    def saving(self) -> Saving:
        """What becomes of what is written now."""
        return self._backlog.saving

    @property
    def journal_state(self) -> JournalState | None:
        """How much is accepted and not stored; None without a journal."""
        return self._backlog.state

    def submit(self, write: Write) -> asyncio.Future[Result]:
        """Take a write, at once and in order; the future resolves when it is durable.

        That it is so in the journal alone is told by `ACCEPTED`: what became of it in the store
        comes too late for the caller. The future raises `WriteRefused` or `WriteRejected` for this
        write alone, or `JournalUnusable` where the database is away and it cannot be kept
        meanwhile: it is stored if that comes back before the program ends. Cancelling a caller
        does not take the write back. Raises `WriterClosed` after `close`, and `JournalUnusable`
        where that is known at once.
        """
        if self._closed:
            message = (
                f"{describe(write)} is not stored: it came after the program began to stop. "
                "Send it again when it runs."
            )
            raise WriterClosed(message)
        if failure := self._backlog.failure:
            self._record(write, "unkept")
            self._note_failed(write, failure)
            raise JournalUnusable(str(failure))
        self._backlog.open()
        entry = self._entry(write)
        self._queues.put(entry, behind=self._backlog.is_behind(entry.key))
        self._dispatch_soon()
        self._backlog.watch()
        return entry.done

    def _entry(self, write: Write, receipt: Receipt | None = None) -> Entry:
        self._count += 1
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Result] = loop.create_future()
        return Entry(write, self._count, loop.time(), done, receipt, receipt is not None)

    def _hand_in(self, write: Write, receipt: Receipt) -> None:
        """Take a write from the journal."""
        entry = self._entry(write, receipt)
        entry.told.set()
        self._queues.put(entry)

    async def flush(self, key: str | None = None, *, row_id: str | None = None) -> None:
        """Wait until what was written so far is durable, in the store or the journal.

        That is all of it, what has this key, or what is about the row with this id. Raises the
        last error among the steps, those that failed since the last flush included. A step that is
        deleted is one, `StepGone`, unless there is another of its thread.
        """
        for entry in self._about(key, row_id):
            await entry.told.wait()
        failed = [name for name in self._failed if key in (None, name)]
        errors = [self._failed.pop(name) for name in failed]
        errors += self._unkept_errors(key, row_id)
        if errors:
            raise errors[-1]

    def _unkept_errors(self, key: str | None, row_id: str | None) -> list[Exception]:
        """Take why steps are durable nowhere; of the one that is named, others say nothing."""
        found = [
            step_id
            for step_id, unkept in self._unkept.items()
            if key in (None, unkept.thread_id) and row_id in (None, step_id)
        ]
        return [self._unkept.pop(step_id).reason for step_id in found]

    async def drain(self, key: str | None = None, *, row_id: str | None = None) -> None:
        """Wait until what was written so far is stored or has failed.

        That is all of it, what has this key, or what is about the row with this id; what had left
        the memory for the journal is waited for by its key alone.
        """
        waiting = self._about(key, row_id)
        for entry in waiting:
            await entry.told.wait()
            if entry.receipt is None:
                await entry.resolved.wait()
        names = {entry.key for entry in waiting} if key or row_id else {None}
        for name in names | ({key} if key else set()):
            await self._backlog.stored(name)

    def _about(self, key: str | None, row_id: str | None) -> list[Entry]:
        entries = self._queues.entries(key)
        return [it for it in entries if row_id in (None, getattr(it.write, "id", None))]

    async def close(self) -> None:
        """Refuse further writes and wait until those that were taken are durable.

        What the database does not take in time goes to the journal, at once if it is away. Without
        one, or if it takes nothing, it is logged, each write by its id.
        """
        await asyncio.sleep(0)  # what was called by a task just made is a write too
        self._closed = True
        if not await self._are_durable():
            for entry in self._queues.entries():
                self._give_up(entry)
        await self._backlog.stop()
        while tasks := list(self._tasks):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await self._backlog.close()
        for entry in self._queues.entries():
            entry.resolved.set()

    async def _are_durable(self) -> bool:
        """Wait until all that was taken is stored or in the journal; tell whether it is."""
        patience_s = self._backlog.patience_s
        if patience_s is not None and (
            await self._are_resolved(patience_s) or await self._backlog.take_all()
        ):
            return True
        return await self._are_resolved(self._close_timeout_s)

    async def _are_resolved(self, within_s: float) -> bool:
        most_s = AT_THE_END_S if self._ending.is_begun else within_s
        waiting = [entry for entry in self._queues.entries() if entry.receipt is None]
        return await self._ending.within(min(within_s, most_s), _until_resolved(waiting))

    # What goes together

    def _dispatch_soon(self) -> None:
        if not self._awake:
            # Not at once: who calls at the same time shares a batch. In an empty context, so that
            # no caller's session is kept alive.
            self._awake = True
            loop = asyncio.get_running_loop()
            loop.call_soon(self._dispatch, context=contextvars.Context())

    def _dispatch(self) -> None:
        self._awake = False
        if self._slots and self._queues.ready and not self._waits_for_more():
            self._began_at = asyncio.get_running_loop().time()
            taken = self._queues.take(self._slots * MAX_BATCH, MAX_BATCH)
            count = sum(map(len, taken.values()))
            for queues in balanced(taken, min(self._slots, max(1, count // SHARE))):
                self._slots -= 1
                self._start(self._run(queues))

    def _waits_for_more(self) -> bool:
        """Let what arrives shortly after a batch that is on its way share the next one.

        A busy loop would otherwise have all slots taken by a few writes each.
        """
        loop = asyncio.get_running_loop()
        then = self._began_at + SPACING_S
        if not self._queues.in_flight or loop.time() >= then:
            return False
        if self._timer is None or self._timer.when() < then:
            context = contextvars.Context()
            self._timer = loop.call_at(then, self._dispatch, context=context)
        return True

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, queues: ByKey) -> None:
        entries = [entry for queue in queues.values() for entry in queue]
        try:
            held_up = await self._store_batch(sorted(entries, key=attrgetter("number")))
        finally:
            self._slots += 1
        for key in queues:
            if key in held_up:
                self._start(self._run_alone(key))
            else:
                self._queues.release(key)
        self._dispatch()

    async def _run_alone(self, key: str) -> None:
        """Store what has to wait for somebody: in no slot, so that no other waits with it."""
        while left := [
            entry for entry in self._queues.in_flight[key] if not entry.resolved.is_set()
        ]:
            if await self._store_batch(left, alone=True):
                await asyncio.sleep(RETRY.first_pause_s)
        self._queues.release(key)
        self._dispatch()

    # A batch

    async def _store_batch(self, entries: list[Entry], *, alone: bool = False) -> set[str]:
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
            if result.outcome is Outcome.REFUSED:
                await self._refuse(entry, result.reason)
            elif _lacks_its_row(entry, result):
                await self._keep_for_its_row(entry, result)
            else:
                self._resolve(entry, result)
        return set()

    async def _store_unlocked(
        self, entries: list[Entry], exc: StoreHeldUp, *, alone: bool
    ) -> set[str]:
        """Store what can be stored without what is locked, or less of it at once."""
        keys = {entry.key for entry in entries}
        locked = keys & exc.thread_ids if isinstance(exc, ThreadsLocked) else set()
        if alone:
            logger.warning("%d writes wait: %s", len(entries), exc)
            if len(entries) == 1 or locked:
                return keys
            first, last = halves(entries)
            return await self._store_batch(first, alone=True) or await self._store_batch(
                last, alone=True
            )
        if not locked:
            locked = set(sorted(keys)[: len(keys) // 2])
            if not locked:
                return keys
            held_up = await self._store_batch(only(entries, locked))
            return held_up | await self._store_batch(without(entries, locked))
        return locked | await self._store_batch(without(entries, locked))

    async def _isolate(self, entries: list[Entry], exc: Exception, *, alone: bool) -> set[str]:
        if len(entries) > 1:
            first, last = halves(entries)
            held_up = await self._store_batch(first, alone=alone)
            last = without(last, held_up)
            return held_up | await self._store_batch(last, alone=alone)
        message = f"{describe(entries[0].write)} is not stored: {exc}"
        logger.error("%s", message)
        self._record(entries[0].write, "rejected" if isinstance(exc, WriteRejected) else "failed")
        await self._fail(
            entries[0], WriteRejected(message) if isinstance(exc, WriteRejected) else exc
        )
        return set()

    async def _apply(self, entries: list[Entry], *, alone: bool) -> list[tuple[Entry, Result]]:
        writes = [entry.write for entry in entries]
        apply = partial(apply_when_free, self._store) if alone else self._store.apply
        results = await RETRY.call(
            partial(self._apply_once, apply, writes),
            passes=_passes,
            before_pause=partial(self._note_wait, len(writes)),
        )
        self._outages.over("writes")
        self._backlog.answered()
        return list(zip(entries, results, strict=True))

    async def _apply_once(self, apply: Apply, writes: Sequence[Write]) -> list[Result]:
        began = time.perf_counter()
        results = await apply(writes)
        self._recorder.batch_stored(len(writes), time.perf_counter() - began)
        return results

    def _note_wait(self, count: int, error: BaseException) -> None:
        if not self._outages.note("writes", error):
            logger.warning("%d writes wait for the database: %s", count, error)
        self._recorder.batch_retried()

    def _give_up(self, entry: Entry) -> None:
        if entry.receipt is None and not entry.resolved.is_set():
            message = (
                f"{describe(entry.write)} is lost: the database did not come back before the "
                "program stopped. Send it again."
            )
            logger.error("%s", message)
            self._record(entry.write, "lost")
            self._refused(entry, StoreUnavailable(message))
            self._finish(entry, None)

    def _accepted(self, entry: Entry) -> None:
        self._recorder.write_accepted()
        self._unkept.pop(getattr(entry.write, "id", ""), None)
        if not entry.done.done():
            entry.done.set_result(Result(Outcome.ACCEPTED))
        entry.told.set()

    def _record(self, write: Write, outcome: str) -> None:
        self._recorder.write_ended(type(write).__name__, outcome)

    async def _keep_for_its_row(self, entry: Entry, result: Result) -> None:
        """Keep as a dead letter what can be stored once what it is about is stored again."""
        logger.error("%s is not stored: %s", describe(entry.write), result.reason)
        is_kept = await self._backlog.set_aside(entry.write, result.reason)
        self._resolve(entry, result, is_kept=is_kept)

    def _resolve(self, entry: Entry, result: Result, *, is_kept: bool = True) -> None:
        self._record(entry.write, result.outcome.value)
        if result.outcome is Outcome.GONE and isinstance(entry.write, SaveStep):
            gone = StepGone(f"{describe(entry.write)} is not stored: {result.reason}.")
            self._failed.setdefault(entry.key, gone)
        if isinstance(entry.write, SaveStep):
            self._unkept.pop(entry.write.id, None)
        if not entry.done.done():
            entry.done.set_result(result)
        if entry.receipt:
            _log_accepted(entry.write, result)
        self._finish(entry, result, is_kept=is_kept)

    async def _refuse(self, entry: Entry, reason: str) -> None:
        message = f"{describe(entry.write)} is refused: {reason}."
        logger.warning("%s", message)
        self._record(entry.write, Outcome.REFUSED.value)
        await self._fail(entry, WriteRefused(message))

    async def _fail(self, entry: Entry, exc: Exception) -> None:
        """Tell that a write is not stored; keep it as a dead letter before the journal loses it.

        What is refused at once is told, and not kept: it may be forged, as much as one likes.
        """
        self._refused(entry, exc)
        is_told = entry.receipt is None and isinstance(exc, WriteRefused | WriteRejected)
        is_kept = is_told or await self._backlog.set_aside(entry.write, str(exc))
        self._finish(entry, None, is_kept=is_kept)

    def _refused(self, entry: Entry, exc: Exception) -> None:
        """Tell a caller, and who flushes, that a write is not stored, or not yet."""
        if not entry.done.done():
            entry.done.set_exception(exc)
            entry.done.exception()  # it is logged: nobody has to fetch it again
        self._note_failed(entry.write, exc)
        entry.told.set()

    def _note_unkept(self, entry: Entry, exc: JournalUnusable) -> None:
        """Tell that a write is durable nowhere, which it may be when it is tried again."""
        if not entry.told.is_set():
            self._record(entry.write, "unkept")
        self._refused(entry, exc)

    def _note_failed(self, write: Write, exc: Exception) -> None:
        if isinstance(write, SaveStep) and isinstance(exc, JournalUnusable):
            self._unkept[write.id] = Unkept(write.thread_id, exc)
        elif isinstance(write, SaveStep):
            self._failed[write.thread_id] = exc

    def _finish(self, entry: Entry, result: Result | None, *, is_kept: bool = True) -> None:
        entry.told.set()
        entry.resolved.set()
        self._backlog.settle(entry, is_kept=is_kept)
        try:
            self._on_resolved(entry.write, result)
        except Exception:  # whoever listens must not stop the writer
            logger.exception("What follows on %s failed", describe(entry.write))


async def _until_resolved(entries: Iterable[Entry]) -> None:
    for entry in entries:
        await entry.resolved.wait()


def _lacks_its_row(entry: Entry, result: Result) -> bool:
    """Tell whether a write that nobody can repeat found nothing, not even a deletion.

    So it is where the row became a dead letter after it was accepted.
    """
    if result.outcome is not Outcome.ABSENT:
        return False
    is_accepted = entry.receipt is not None
    return isinstance(entry.write, FinishElement) or (
        is_accepted and isinstance(entry.write, SetFavorite)
    )


def _log_accepted(write: Write, result: Result) -> None:
    """Log what became of a write where whoever was told that it is accepted expects another end."""
    if result.outcome in (Outcome.STALE, Outcome.GONE):
        reason = result.reason or "something newer is there"
        logger.info("%s was accepted, and changes nothing: %s", describe(write), reason)


def _passes(error: BaseException) -> bool:
    if isinstance(error, StoreHeldUp):
        return False  # others need not wait for it
    return isinstance(error, StoreUnavailable | SchemaMismatch)  # somebody may migrate, or stop it
