"""The writer: order, group commit, isolation of a bad write, retries, and the end."""

import asyncio
import gc
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import pytest

from common.concurrency.retry import RetryPolicy
from datalayer.errors import (
    SchemaMismatch,
    StepGone,
    StoreHeldUp,
    StoreUnavailable,
    ThreadsLocked,
    WriterClosed,
    WriteRefused,
    WriteRejected,
)
from datalayer.pipeline import locks
from datalayer.pipeline import writer as writer_module
from datalayer.pipeline.writer import MAX_BATCH, SHARE, Writer
from datalayer.records import Outcome, Result
from datalayer.stores.memory import MemoryStore
from datalayer.writes import SaveStep, Write
from tests.support.builders import BOB, delete_step, delete_thread, new_id, step, thread

SESSION: ContextVar[str] = ContextVar("SESSION", default="none")


class ScriptedStore(MemoryStore):
    """Takes batches while its gate is open, and fails as it is told."""

    def __init__(self, concurrency: int = 1) -> None:
        super().__init__()
        self.concurrency = concurrency
        self.gate = asyncio.Event()
        self.gate.set()
        self.batches: list[list[Write]] = []
        self.stored: list[Write] = []
        self.failures: deque[Exception] = deque()
        self.bad: dict[str, Exception] = {}
        self.held: set[str] = set()
        self.sessions: set[str] = set()
        self.arrived = asyncio.Event()

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        self.batches.append(list(writes))
        self.sessions.add(SESSION.get())
        self.arrived.set()
        await asyncio.sleep(0)
        if not self.held or any(write.order_key in self.held for write in writes):
            await self.gate.wait()
        if self.failures:
            raise self.failures.popleft()
        for name in map(id_of, writes):
            if name in self.bad:
                raise self.bad[name]
        results = await super().apply(writes)
        self.stored += writes
        return results

    @property
    def ids(self) -> list[str]:
        return [id_of(write) for write in self.stored]


def id_of(write: Write) -> str:
    assert isinstance(write, SaveStep)
    return write.id


def writes_of(count: int, thread_id: str | None = None) -> list[SaveStep]:
    return [step(thread_id or new_id(), output=str(number)) for number in range(count)]


def ids_of(writes: Sequence[SaveStep]) -> list[str]:
    return [write.id for write in writes]


def other_tasks() -> set[asyncio.Task[Any]]:
    current = asyncio.current_task()
    return {task for task in asyncio.all_tasks() if task is not current}


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


Make = Callable[..., tuple[ScriptedStore, Writer]]


@pytest.fixture
async def make(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Make]:
    """Make a scripted store with its writer, which is closed at the end."""
    quick = RetryPolicy(first_pause_s=0.001, longest_pause_s=0.002)
    monkeypatch.setattr(writer_module, "RETRY", quick)
    made: list[tuple[ScriptedStore, Writer]] = []

    def new(concurrency: int = 1, **options: Any) -> tuple[ScriptedStore, Writer]:
        store = ScriptedStore(concurrency)
        made.append((store, Writer(store, **options)))
        return made[-1]

    yield new
    for store, writer in made:
        store.gate.set()
        store.failures.clear()
        await writer.close()
    assert other_tasks() == set()


# Order and batches


async def test_writes_are_stored_in_the_order_of_the_calls(make: Make) -> None:
    store, writer = make()
    writes = writes_of(200)
    for number, write in enumerate(writes):
        writer.submit(write)
        if number % 7 == 0:
            await asyncio.sleep(0)
    await writer.flush()
    assert store.ids == ids_of(writes)
    assert len(store.batches) > 1


async def test_what_arrives_while_a_batch_is_new_shares_the_next_one(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "SPACING_S", 100.0)
    store, writer = make(concurrency=4)
    store.gate.clear()
    writes = writes_of(3)
    for write in writes:
        writer.submit(write)
        await turns()
    assert list(map(len, store.batches)) == [1]
    store.gate.set()
    await writer.flush()
    assert list(map(len, store.batches)) == [1, 2]


async def test_a_batch_that_takes_long_holds_up_no_other(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "SPACING_S", 0.001)
    store, writer = make(concurrency=4)
    store.gate.clear()
    slow, quick = writes_of(2)
    store.held = {slow.thread_id}
    writer.submit(slow)
    await turns()
    await writer.submit(quick)
    assert store.ids == [quick.id]


async def test_a_future_has_the_result_of_its_own_write(make: Make) -> None:
    store, writer = make()
    stale, applied, gone = writes = writes_of(3)
    newer = step(stale.thread_id, stale.id, output="newer")
    await MemoryStore.apply(store, [newer, delete_thread(gone.thread_id)])
    futures = [writer.submit(write) for write in writes]
    assert [await future for future in futures] == [
        Result(Outcome.STALE, newest=newer.revision),
        Result(Outcome.APPLIED, newest=applied.revision),
        Result(Outcome.GONE, f"thread {gone.thread_id} was deleted"),
    ]
    assert store.stored == writes


async def test_a_future_resolves_only_when_its_write_is_stored(make: Make) -> None:
    store, writer = make()
    store.gate.clear()
    first = writer.submit(writes_of(1)[0])
    await store.arrived.wait()
    second = writer.submit(writes_of(1)[0])
    await turns()
    assert not first.done()
    assert not second.done()
    store.gate.set()
    await second
    assert first.done()


async def test_what_arrives_during_a_transaction_goes_together_in_the_next(make: Make) -> None:
    store, writer = make()
    store.gate.clear()
    first, *rest = writes_of(1_000)
    writer.submit(first)
    await store.arrived.wait()
    for write in rest:
        writer.submit(write)
        await asyncio.sleep(0)
    store.gate.set()
    await writer.flush()
    assert [len(batch) for batch in store.batches] == [1, 999]


async def test_a_thousand_callers_share_a_few_batches(make: Make) -> None:
    store, writer = make()
    writes = writes_of(1_000)

    async def caller(write: Write) -> Outcome:
        return (await writer.submit(write)).outcome

    found = await asyncio.gather(*(caller(write) for write in writes))
    assert set(found) == {Outcome.APPLIED}
    assert store.ids == ids_of(writes)
    assert len(store.batches) <= 3


async def test_a_batch_has_a_largest_size(make: Make) -> None:
    store, writer = make()
    writes = writes_of(2 * MAX_BATCH + 1)
    for write in writes:
        writer.submit(write)
    await writer.flush()
    assert [len(batch) for batch in store.batches] == [MAX_BATCH, MAX_BATCH, 1]
    assert store.ids == ids_of(writes)


async def test_writes_of_a_thread_are_stored_one_batch_after_the_other(make: Make) -> None:
    store, writer = make(8)
    writes = writes_of(50, new_id())
    for write in writes:
        writer.submit(write)
        await asyncio.sleep(0)
    await writer.flush()
    assert store.ids == ids_of(writes)


async def test_a_batch_that_is_held_up_holds_up_no_other(make: Make) -> None:
    store, writer = make(2)
    slow, quick = new_id(), new_id()
    store.gate.clear()
    store.held = {slow}
    held = writer.submit(step(slow, output="x"))
    await store.arrived.wait()
    await asyncio.wait_for(writer.submit(step(quick, output="y")), 5)
    assert not held.done()
    store.gate.set()
    await held


async def test_a_batch_does_not_keep_its_callers_context(make: Make) -> None:
    store, writer = make()
    token = SESSION.set("a session")
    await writer.submit(writes_of(1)[0])
    SESSION.reset(token)
    assert store.sessions == {"none"}


# Failures


@pytest.mark.parametrize("error", [WriteRejected("bad"), ValueError("unforeseen")])
@pytest.mark.parametrize("places", [[0], [7], [19], [3, 4, 15]])
async def test_a_bad_write_harms_no_other(
    make: Make, caplog: pytest.LogCaptureFixture, error: Exception, places: list[int]
) -> None:
    store, writer = make()
    writes = writes_of(20)
    bad = {writes[place].id for place in places}
    store.bad = dict.fromkeys(bad, error)
    futures = [writer.submit(write) for write in writes]
    await asyncio.wait(futures)
    failed = {write.id for write, done in zip(writes, futures, strict=True) if done.exception()}
    assert failed == bad
    for place in places:
        raised = futures[place].exception()
        assert type(raised) is type(error)
        if isinstance(error, WriteRejected):
            assert str(raised) == f"SaveStep {writes[place].id} is not stored: bad"
    assert store.ids == [name for name in ids_of(writes) if name not in bad]
    for name in bad:
        assert name in caplog.text


async def test_a_refused_write_raises_for_its_caller_alone(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    store, writer = make()
    writes = writes_of(3)
    await MemoryStore.apply(store, [thread(writes[1].thread_id, owner=BOB)])
    first, refused, last = [writer.submit(write) for write in writes]
    with pytest.raises(WriteRefused, match=f"{writes[1].id} is refused: .*another user"):
        await refused
    assert (await first).outcome is (await last).outcome is Outcome.APPLIED
    assert writes[1].id in caplog.text


async def test_a_database_that_is_away_is_tried_again_in_order(make: Make) -> None:
    store, writer = make()
    store.failures.extend([StoreUnavailable("away")] * 3)
    writes = writes_of(6)
    early = [writer.submit(write) for write in writes[:3]]
    await store.arrived.wait()
    late = [writer.submit(write) for write in writes[3:]]
    await asyncio.gather(*early, *late)
    assert store.ids == ids_of(writes)
    assert len(store.batches) == 5


async def test_a_schema_that_is_not_ours_is_waited_out(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    store, writer = make()
    store.failures.extend([StoreUnavailable("away"), SchemaMismatch("It is newer.")])
    writes = writes_of(3)
    results = await asyncio.gather(*map(writer.submit, writes))
    assert [result.outcome for result in results] == [Outcome.APPLIED] * 3
    assert store.ids == ids_of(writes)
    assert caplog.text.count("The database is away: away") == 1
    assert caplog.text.count("The database is back") == 1


async def test_a_database_that_goes_away_while_a_bad_write_is_isolated(make: Make) -> None:
    store, writer = make()
    writes = writes_of(8)
    store.bad = {writes[2].id: WriteRejected("bad")}
    store.failures.append(WriteRejected("the whole batch"))
    store.failures.extend([StoreUnavailable("away")] * 2)
    futures = [writer.submit(write) for write in writes]
    await asyncio.wait(futures)
    assert isinstance(futures[2].exception(), WriteRejected)
    assert store.ids == [name for name in ids_of(writes) if name != writes[2].id]


async def test_a_failure_that_nobody_waits_for_is_no_unhandled_error(make: Make) -> None:
    store, writer = make()
    unhandled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, what: unhandled.append(what))
    write = writes_of(1)[0]
    store.bad = {write.id: WriteRejected("bad")}
    writer.submit(write)
    with suppress(WriteRejected):
        await writer.flush()
    gc.collect()
    await turns()
    assert unhandled == []


async def test_a_store_with_too_few_results_does_not_stop_the_writer(make: Make) -> None:
    store, writer = make()
    honest = store.apply

    async def short(writes: Sequence[Write]) -> list[Result]:
        return (await honest(writes))[:-1]

    store.apply = short  # type: ignore[method-assign]
    wrong = writer.submit(writes_of(1)[0])
    done, _ = await asyncio.wait([wrong], timeout=2)
    assert done
    assert wrong.exception() is not None
    store.apply = honest  # type: ignore[method-assign]
    assert (await asyncio.wait_for(writer.submit(writes_of(1)[0]), 2)).outcome is Outcome.APPLIED


# Callers that are cancelled


async def cancelled_caller(writer: Writer, write: Write) -> None:
    async def caller() -> None:
        await writer.submit(write)

    task = asyncio.create_task(caller())
    await turns(2)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("waiting", [True, False])
async def test_cancelling_a_caller_does_not_take_the_write_back(make: Make, waiting: bool) -> None:
    store, writer = make()
    store.gate.clear()
    before, mine, after = writes_of(3)
    if waiting:
        writer.submit(before)
        await store.arrived.wait()
    await cancelled_caller(writer, mine)
    last = writer.submit(after)
    store.gate.set()
    await last
    assert store.ids == ids_of([before, mine, after] if waiting else [mine, after])


async def test_a_flush_waits_for_a_write_whose_caller_was_cancelled(make: Make) -> None:
    store, writer = make()
    store.gate.clear()
    write = writes_of(1)[0]
    await cancelled_caller(writer, write)
    flushing = asyncio.create_task(writer.flush())
    await turns()
    assert not flushing.done()
    store.gate.set()
    await flushing
    assert store.ids == [write.id]


# Flush


async def test_a_flush_of_nothing_returns_at_once(make: Make) -> None:
    _, writer = make()
    await writer.flush()
    await writer.flush(new_id())


async def test_a_flush_waits_for_its_own_thread(make: Make) -> None:
    store, writer = make(2)
    slow, quick = new_id(), new_id()
    store.gate.clear()
    store.held = {slow}
    writer.submit(step(slow, output="x"))
    await store.arrived.wait()
    mine = step(quick, output="y")
    writer.submit(mine)
    await asyncio.wait_for(writer.flush(quick), 5)
    assert store.ids == [mine.id]
    whole = asyncio.create_task(writer.flush())
    await turns()
    assert not whole.done()
    store.gate.set()
    await whole
    assert len(store.stored) == 2


async def test_a_flush_of_one_row_does_not_wait_for_what_follows(make: Make) -> None:
    store, writer = make()
    question, run = writes_of(2, new_id())
    await writer.submit(question)
    store.gate.clear()
    writer.submit(run)
    await asyncio.wait_for(writer.flush(question.thread_id, row_id=question.id), 5)
    flushing = asyncio.create_task(writer.flush(run.thread_id, row_id=run.id))
    await turns()
    assert not flushing.done()
    store.gate.set()
    await flushing
    assert store.ids == ids_of([question, run])


async def test_a_flush_waits_for_what_is_waiting_and_on_its_way(make: Make) -> None:
    store, writer = make()
    store.gate.clear()
    writes = writes_of(2, new_id())
    writer.submit(writes[0])
    await store.arrived.wait()
    writer.submit(writes[1])
    flushing = asyncio.create_task(writer.flush(writes[0].thread_id))
    await turns()
    assert not flushing.done()
    store.gate.set()
    await flushing
    assert store.ids == ids_of(writes)


async def test_a_flush_does_not_wait_for_what_comes_later(make: Make) -> None:
    store, writer = make()
    early, late = writes_of(2)
    store.gate.clear()
    store.held = {late.thread_id}
    writer.submit(early)
    flushing = asyncio.create_task(writer.flush())
    await store.arrived.wait()
    later = writer.submit(late)
    await asyncio.wait_for(flushing, 5)
    assert not later.done()


async def test_a_flush_raises_the_error_of_its_thread(make: Make) -> None:
    store, writer = make()
    writes = writes_of(3)
    store.bad = {writes[1].id: WriteRejected("bad")}
    for write in writes:
        writer.submit(write)
    good = asyncio.create_task(writer.flush(writes[0].thread_id))
    with pytest.raises(WriteRejected, match="bad"):
        await writer.flush(writes[1].thread_id)
    await good


async def test_a_flush_raises_the_error_of_a_write_that_failed_before(make: Make) -> None:
    store, writer = make()
    write = writes_of(1)[0]
    store.bad = {write.id: WriteRejected("bad")}
    await asyncio.wait([writer.submit(write)])
    with pytest.raises(WriteRejected, match="bad"):
        await writer.flush(write.thread_id)


async def test_a_flush_raises_an_error_once(make: Make) -> None:
    store, writer = make()
    bad, good = writes_of(2)
    store.bad = {bad.id: WriteRejected("bad")}
    writer.submit(bad)
    with pytest.raises(WriteRejected):
        await writer.flush(bad.thread_id)
    await writer.flush(bad.thread_id)
    writer.submit(good)
    await writer.flush()
    assert store.ids == [good.id]


async def test_a_flush_of_all_raises_the_errors_of_all(make: Make) -> None:
    store, writer = make()
    writes = writes_of(3)
    store.bad = {write.id: WriteRejected("bad") for write in writes[:2]}
    for write in writes:
        writer.submit(write)
    with pytest.raises(WriteRejected):
        await writer.flush()
    await writer.flush()


@pytest.mark.parametrize("early", [True, False])
async def test_a_flush_tells_that_a_step_is_deleted(make: Make, early: bool) -> None:
    store, writer = make()
    alone, within, other = writes_of(3)
    await MemoryStore.apply(store, [delete_step(alone), delete_thread(within.thread_id)])
    futures = [writer.submit(write) for write in (alone, within, other)]
    if early:
        await asyncio.wait(futures)
    for write in (alone, within):
        with pytest.raises(StepGone, match=f"{write.id}.*was deleted"):
            await writer.flush(write.thread_id, row_id=write.id)
        await writer.flush(write.thread_id)
    await writer.flush(other.thread_id)
    outcomes = [(await future).outcome for future in futures]
    assert outcomes == [Outcome.GONE, Outcome.GONE, Outcome.APPLIED]


@pytest.mark.parametrize("order", [1, -1])
async def test_a_deleted_step_hides_no_other_error(make: Make, order: int) -> None:
    store, writer = make()
    bad, gone = writes_of(2, new_id())
    await MemoryStore.apply(store, [delete_step(gone)])
    store.bad = {bad.id: WriteRejected("bad")}
    for write in (bad, gone)[::order]:
        await asyncio.wait([writer.submit(write)])
    with pytest.raises(WriteRejected, match="bad"):
        await writer.flush(bad.thread_id)
    await writer.flush(bad.thread_id)


async def test_settling_waits_and_raises_nothing(make: Make) -> None:
    store, writer = make()
    store.gate.clear()
    write = writes_of(1)[0]
    store.bad = {write.id: WriteRejected("bad")}
    failed = writer.submit(write)
    draining = asyncio.create_task(writer.drain())
    await turns()
    assert not draining.done()
    store.gate.set()
    await draining
    assert isinstance(failed.exception(), WriteRejected)


# The end


async def test_close_waits_until_all_is_stored(make: Make) -> None:
    store, writer = make(4)
    store.gate.clear()
    writes = writes_of(100)
    for write in writes:
        writer.submit(write)
    closing = asyncio.create_task(writer.close())
    await turns()
    assert not closing.done()
    store.gate.set()
    await closing
    assert sorted(store.ids) == sorted(ids_of(writes))
    assert other_tasks() == set()


async def test_after_close_writes_are_refused(make: Make) -> None:
    store, writer = make()
    write = writes_of(1)[0]
    await writer.close()
    with pytest.raises(WriterClosed, match=write.id):
        writer.submit(write)
    await writer.close()
    assert store.batches == []


async def test_while_it_closes_writes_are_refused(make: Make) -> None:
    store, writer = make()
    store.gate.clear()
    writer.submit(writes_of(1)[0])
    closing = asyncio.create_task(writer.close())
    await turns(2)
    with pytest.raises(WriterClosed):
        writer.submit(writes_of(1)[0])
    store.gate.set()
    await closing
    assert len(store.stored) == 1


@pytest.mark.parametrize("why", ["slow", "away"])
async def test_close_gives_up_after_its_time(
    make: Make, caplog: pytest.LogCaptureFixture, why: str
) -> None:
    store, writer = make(close_timeout_s=0.02)
    if why == "slow":
        store.gate.clear()
    else:
        store.failures.extend([StoreUnavailable("away")] * 1_000)
    first, second = writes_of(2)
    futures = [writer.submit(first)]
    await store.arrived.wait()
    futures.append(writer.submit(second))
    with caplog.at_level(logging.ERROR):
        await writer.close()
    assert [type(future.exception()) for future in futures] == [StoreUnavailable] * 2
    assert first.id in caplog.text
    assert second.id in caplog.text
    assert other_tasks() == set()
    assert store.stored == []


async def test_a_flush_ends_when_close_gives_up(make: Make) -> None:
    store, writer = make(close_timeout_s=0.02)
    store.gate.clear()
    [write] = writes_of(1)
    writer.submit(write)
    flushing = asyncio.create_task(writer.flush())
    await turns()
    await writer.close()
    with pytest.raises(StoreUnavailable, match=write.id):
        await flushing


async def test_a_writer_at_rest_has_no_task(make: Make) -> None:
    _, writer = make(4)
    for write in writes_of(20):
        writer.submit(write)
    await writer.flush()
    await turns(2)
    assert other_tasks() == set()


# Threads that somebody else has locked


class LockingStore(ScriptedStore):
    """Has threads that somebody else has locked until they are taken off its set."""

    def __init__(self, concurrency: int = 1) -> None:
        super().__init__(concurrency)
        self.locked: set[str] = set()
        self.nameless: set[str] = set()  # held up, without saying by which
        self.largest = 1_000

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        keys = {write.order_key for write in writes}
        if found := (self.locked | self.nameless) & keys:
            raise ThreadsLocked(found) if found & self.locked else StoreHeldUp("a lock")
        if len(writes) > self.largest:
            raise StoreHeldUp("it took too long")
        return await super().apply(writes)


@pytest.fixture
async def locking(
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[LockingStore, Writer]]:
    quick = RetryPolicy(first_pause_s=0.001, longest_pause_s=0.002, limit_s=0.01)
    monkeypatch.setattr(locks, "RETRY", quick)
    store = LockingStore()
    writer = Writer(store)
    yield store, writer
    store.locked.clear()
    await writer.close()
    assert other_tasks() == set()


async def test_a_locked_thread_holds_up_no_other(locking: tuple[LockingStore, Writer]) -> None:
    store, writer = locking
    writes = writes_of(9)
    store.locked = {writes[2].thread_id, writes[5].thread_id}
    stuck = [writer.submit(writes[2]), writer.submit(writes[5])]
    free = [write for write in writes if write.thread_id not in store.locked]
    await asyncio.wait_for(asyncio.gather(*map(writer.submit, free)), 5)
    for write in free:
        again = step(write.thread_id, output="again")
        await asyncio.wait_for(writer.submit(again), 5)
    assert not any(done.done() for done in stuck)
    store.locked.clear()
    await asyncio.wait_for(asyncio.gather(*stuck), 5)
    assert len(store.stored) == 9 + 7


async def test_writes_of_a_locked_thread_keep_their_order(
    locking: tuple[LockingStore, Writer],
) -> None:
    store, writer = locking
    thread_id = new_id()
    writes = writes_of(6, thread_id)
    others = writes_of(3)
    store.locked = {thread_id}
    for write in (*writes[:3], *others):
        writer.submit(write)
    await writer.flush(others[0].thread_id)
    for write in writes[3:]:
        writer.submit(write)
    await turns()
    store.locked.clear()
    await writer.flush(thread_id)
    assert [name for name in store.ids if name in ids_of(writes)] == ids_of(writes)


async def test_a_bad_write_beside_a_locked_thread_harms_no_other(
    locking: tuple[LockingStore, Writer],
) -> None:
    store, writer = locking
    writes = writes_of(8)
    held = writes_of(2, new_id())
    store.bad = {writes[1].id: WriteRejected("bad"), held[0].id: WriteRejected("bad too")}
    store.locked = {held[0].thread_id}
    futures = [writer.submit(write) for write in (*writes[:4], *held, *writes[4:])]
    await asyncio.wait_for(asyncio.wait(futures[:4] + futures[6:]), 5)
    store.locked.clear()
    await asyncio.wait(futures)
    failed = [number for number, done in enumerate(futures) if done.exception()]
    assert failed == [1, 4]


async def test_large_loads_go_side_by_side(make: Make) -> None:
    store, writer = make(4)
    store.gate.clear()
    writes = writes_of(4 * SHARE)
    for write in writes:
        writer.submit(write)
    await turns()
    assert [len(batch) for batch in store.batches] == [SHARE] * 4
    store.gate.set()
    await writer.flush()
    assert sorted(store.ids) == sorted(ids_of(writes))


async def test_few_writes_go_together_though_more_could_go_side_by_side(make: Make) -> None:
    store, writer = make(4)
    for write in writes_of(50):
        writer.submit(write)
    await writer.flush()
    assert [len(batch) for batch in store.batches] == [50]


async def test_as_many_locked_threads_as_batches_hold_up_no_other(
    locking: tuple[LockingStore, Writer],
) -> None:
    store, writer = locking
    *held, free = writes_of(6)
    store.locked = {write.thread_id for write in held}
    stuck = []
    for write in held:
        stuck.append(writer.submit(write))
        await turns()
    await asyncio.wait_for(writer.submit(free), 5)
    assert not any(done.done() for done in stuck)


async def test_what_is_held_up_without_a_name_is_found_and_waits_alone(
    locking: tuple[LockingStore, Writer],
) -> None:
    store, writer = locking
    writes = writes_of(20)
    store.nameless = {writes[13].thread_id}
    futures = [writer.submit(write) for write in writes]
    await asyncio.wait_for(asyncio.gather(*futures[:13], *futures[14:]), 5)
    assert not futures[13].done()
    store.nameless.clear()
    await asyncio.wait_for(futures[13], 5)


@pytest.mark.parametrize("thread_id", [None, new_id()], ids=["new", "known"])
async def test_what_is_too_much_at_once_is_stored_in_less(
    locking: tuple[LockingStore, Writer], thread_id: str | None
) -> None:
    store, writer = locking
    store.largest = 3
    writes = writes_of(40, thread_id)
    await asyncio.wait_for(asyncio.gather(*map(writer.submit, writes)), 5)
    assert sorted(store.ids) == sorted(ids_of(writes))
    if thread_id:
        assert store.ids == ids_of(writes)


async def test_who_listens_cannot_stop_the_writer(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_write: Write, _result: Result | None) -> None:
        raise ValueError("the listener")

    store = ScriptedStore()
    writer = Writer(store, on_resolved=fail)
    thread_id = new_id()
    for write in writes_of(3, thread_id):
        await asyncio.wait_for(writer.submit(write), 5)
    await writer.close()
    assert len(store.stored) == 3
    assert "the listener" in caplog.text


async def test_settling_a_row_waits_for_no_other(make: Make) -> None:
    store, writer = make(2)
    slow, quick = writes_of(2)
    store.gate.clear()
    store.held = {slow.thread_id}
    writer.submit(slow)
    await store.arrived.wait()
    done = writer.submit(quick)
    await asyncio.wait_for(writer.drain(row_id=quick.id), 5)
    assert done.done()
    assert store.ids == [quick.id]
