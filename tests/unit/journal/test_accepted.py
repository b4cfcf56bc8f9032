"""What is accepted while the database is away: durable, stored in order and once, by whom ever."""

import asyncio
import errno
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.processes.ending import Ending
from datalayer.errors import StepGone
from datalayer.pipeline import backlog as backlog_module
from datalayer.pipeline import writer as writer_module
from datalayer.pipeline.backlog import WINDOW
from datalayer.pipeline.journal import journal as journal_module
from datalayer.pipeline.journal.journal import Journal, Receipt
from datalayer.pipeline.journal.records import encode_record
from datalayer.pipeline.journal.segments import Portion, read_portion
from datalayer.pipeline.writer import Writer
from datalayer.records import Outcome
from datalayer.stores.memory import MemoryStore
from datalayer.writes import DeleteElement, DeleteStep, DeleteThread, Write
from tests.conftest import examples
from tests.support.away import AwayStore
from tests.support.builders import BOB, delete_thread, favorite, new_id, step
from tests.support.journals import MUCH, SOON_S, Make, accept, files, steps_of
from tests.support.random_writes import PlannedWrite, World, planned_writes, shown
from tests.support.waiting import until

LATE_S = 600.0
KINDS = (
    "thread",
    "step",
    "hidden",
    "favorite",
    "element",
    "feedback",
    "delete step",
    "delete what follows",
    "delete element",
    "delete thread",
)
DELETES = (DeleteThread, DeleteStep, DeleteElement)
IN_ONE_THREAD = planned_writes(KINDS).map(lambda plan: replace(plan, person=0, thread=0))


async def test_what_is_stored_in_time_is_not_in_the_journal(
    make: Make, store: AwayStore, tmp_path: Path
) -> None:
    writer = make(after_s=60)
    results = await asyncio.gather(*map(writer.submit, steps_of(20)))
    assert {result.outcome for result in results} == {Outcome.APPLIED}
    await writer.close()
    assert list((tmp_path / "journal").iterdir()) == []


@pytest.mark.parametrize("silent", [False, True], ids=["away", "silent"])
async def test_what_is_not_stored_in_time_is_accepted_and_stored_later(
    make: Make, store: AwayStore, tmp_path: Path, silent: bool
) -> None:
    store.is_away = not silent
    if silent:
        store.heard.clear()
    writer, writes = make(), steps_of(50)
    await accept(writer, writes)
    [segment] = files(tmp_path)
    assert segment.read_bytes() == b"".join(map(encode_record, writes))
    assert store.stored == []
    store.is_away = False
    store.heard.set()
    await writer.drain()
    assert store.stored == writes


async def test_a_flush_ends_with_what_is_accepted_and_draining_with_what_is_stored(
    make: Make, store: AwayStore
) -> None:
    store.is_away = True
    writer, [write] = make(), steps_of(1)
    writer.submit(write)
    await writer.flush(write.thread_id, row_id=write.id)
    drained = asyncio.create_task(writer.drain(write.thread_id))
    await asyncio.sleep(0)
    assert (store.stored, drained.done()) == ([], False)
    store.is_away = False
    await drained
    assert store.stored == [write]


@pytest.mark.slow
async def test_once_it_is_known_to_be_away_nobody_waits(make: Make, store: AwayStore) -> None:
    """Nor longer than it takes to find out that it is back."""
    store.is_away = True
    loop = asyncio.get_running_loop()
    writer, (first, second, third) = make(after_s=0.5), steps_of(3)
    await accept(writer, [first])
    began = loop.time()
    await accept(writer, [second])
    assert loop.time() - began < 0.5
    store.is_away = False
    await writer.drain()
    assert (await writer.submit(third)).outcome is Outcome.APPLIED


async def test_newer_writes_of_a_thread_wait_for_those_in_the_journal(
    make: Make, store: AwayStore
) -> None:
    store.is_away = True
    thread_id = new_id()
    writer, first = make(), steps_of(5, thread_id)
    await accept(writer, first)
    store.is_away = False
    later = steps_of(5, thread_id)
    await asyncio.gather(*map(writer.submit, later))
    await writer.drain()
    assert store.stored == [*first, *later]


async def test_what_is_stored_while_it_is_appended_is_not_stored_again(
    make: Make, store: AwayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor counted twice: the file goes when all of it is stored, not before."""
    append = Journal.append
    writer, (before, first, second) = make(), steps_of(3)
    await writer.submit(before)
    done: list[asyncio.Future[Any]] = []

    async def slowly(journal: Journal, writes: Sequence[Write]) -> list[Receipt]:
        receipts = await append(journal, writes)
        store.heard.set()
        await done[0]
        return receipts

    monkeypatch.setattr(Journal, "append", slowly)
    store.heard.clear()
    done.append(writer.submit(first))
    done[0].add_done_callback(lambda _first: store.heard.clear())  # before the second is
    await asyncio.sleep(0)  # it is taken alone
    await asyncio.sleep(0)
    done.append(writer.submit(second))
    assert (await done[1]).outcome is Outcome.ACCEPTED
    await until(lambda: not writer._backlog._tasks, "what is read of the journal")
    store.heard.set()
    await until(lambda: not any(writer._queues.entries()), "all that is handed out")
    assert store.stored == [before, first, second]


async def test_others_do_not_wait_for_them(make: Make, store: AwayStore) -> None:
    store.concurrency = 2
    store.is_away = True
    writer, accepted = make(after_s=60), steps_of(3)
    writer._backlog._after_s = SOON_S
    await accept(writer, accepted)
    writer._backlog._after_s = 60
    store.is_away = False
    await until(lambda: not writer.is_away, "a database that is back")
    assert (await writer.submit(steps_of(1)[0])).outcome is Outcome.APPLIED


@pytest.mark.slow
async def test_what_is_in_the_journal_leaves_the_memory(make: Make, store: AwayStore) -> None:
    store.is_away = True
    writer, many = make(), steps_of(4 * WINDOW, new_id())
    for first in range(0, len(many), 500):
        await accept(writer, many[first : first + 500])
    held = len(list(writer._queues.entries()))
    assert held <= 2 * WINDOW  # what is being stored, and what was handed out
    store.is_away = False
    await writer.drain()
    assert store.stored == many
    assert store.largest <= WINDOW


async def test_what_an_earlier_run_has_left_is_stored_at_the_start(
    make: Make, store: AwayStore
) -> None:
    store.is_away = True
    thread_id = new_id()
    dead, writes = make(), steps_of(10, thread_id)
    await accept(dead, writes)
    await dead.close()
    assert store.stored == []
    store.is_away = False
    told: list[Write] = []
    writer = make(on_resolved=lambda write, _result: told.append(write))
    writer.start()
    later = steps_of(1, thread_id)
    assert (await writer.submit(later[0])).outcome in (Outcome.APPLIED, Outcome.ACCEPTED)
    await writer.drain()
    assert store.stored == [*writes, *later]
    assert told == store.stored


async def test_what_needs_what_was_left_finds_it(make: Make, store: AwayStore) -> None:
    """A star for a message of the run before, which is not stored when the star is given."""
    store.is_away = True
    dead, [write] = make(), steps_of(1)
    await accept(dead, [write])
    await dead.close()
    store.is_away = False
    writer = make()
    await writer.submit(favorite(write))
    await writer.drain()
    found = await store.get_step(write.id)
    assert found
    assert found.fields["metadata"] == {"favorite": True}


@pytest.mark.parametrize("known", [False, True])
async def test_closing_puts_into_the_journal_what_is_not_stored(
    make: Make, store: AwayStore, known: bool
) -> None:
    store.heard.clear()
    writer, writes = make(after_s=SOON_S if known else 0.05), steps_of(300, new_id())
    for write in writes[:150]:
        writer.submit(write)
    if known:
        await writer.flush()
    for write in writes[150:]:
        writer.submit(write)
    await writer.close()
    assert store.stored == []
    store.heard.set()
    following = make()
    following.start()
    await until(lambda: len(store.stored) == len(writes), "all that was left")
    assert store.stored == writes


@pytest.mark.parametrize("is_hurried", [False, True])
async def test_at_the_end_of_the_program_the_database_is_not_waited_for_long(
    make: Make, store: AwayStore, is_hurried: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "AT_THE_END_S", LATE_S if is_hurried else SOON_S)
    store.heard.clear()
    ending = Ending()
    writer, write = make(after_s=LATE_S, ending=ending), step(new_id())
    told = writer.submit(write)
    ending.begin()
    if is_hurried:
        ending.hurry()
    await writer.close()
    assert (await told).outcome is Outcome.ACCEPTED
    assert store.stored == []
    store.heard.set()
    following = make()
    following.start()
    await until(lambda: store.stored == [write], "what was left")


async def test_what_is_never_taken_becomes_a_dead_letter(
    make: Make, store: AwayStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.is_away = True
    writer, (before, bad, after) = make(), steps_of(3)
    store.impossible = {bad.thread_id}
    await accept(writer, [before, bad, after])
    store.is_away = False
    await writer.drain()
    assert store.stored == [before, after]
    [letter] = files(tmp_path / "dead_letters", "*.json")
    said = json.loads(letter.read_bytes())
    assert said["write"]["write"]["id"] == bad.id
    assert said["reason"] in caplog.text
    assert bad.id in said["reason"]


async def test_what_was_accepted_and_is_refused_becomes_one(
    make: Make, store: AwayStore, tmp_path: Path
) -> None:
    theirs = step(new_id(), owner=BOB)
    await MemoryStore.apply(store, [theirs])
    store.is_away = True
    writer, mine = make(), step(theirs.thread_id)
    await accept(writer, [mine])
    store.is_away = False
    await writer.drain()
    [letter] = files(tmp_path / "dead_letters", "*.json")
    assert "belongs to another user" in json.loads(letter.read_bytes())["reason"]


@pytest.mark.parametrize("reason", ["belongs to another user", "can never be held"])
async def test_what_is_refused_at_once_is_told_and_not_kept(
    make: Make, store: AwayStore, tmp_path: Path, reason: str
) -> None:
    theirs = step(new_id(), owner=BOB)
    await MemoryStore.apply(store, [theirs])
    if reason == "can never be held":
        store.impossible = {theirs.thread_id}
    writer = make(after_s=60)
    with pytest.raises(Exception, match=reason):
        await writer.submit(step(theirs.thread_id))
    await writer.close()
    assert not (tmp_path / "dead_letters").exists()


async def test_what_was_deleted_meanwhile_stays_so(
    make: Make, store: AwayStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.is_away = True
    writer, [write] = make(), steps_of(1)
    await accept(writer, [write])
    await MemoryStore.apply(store, [delete_thread(write.thread_id)])
    store.is_away = False
    with caplog.at_level(logging.INFO):
        await writer.drain()
    assert f"{write.id} was accepted, and changes nothing" in caplog.text
    assert await store.get_thread(write.thread_id) is None
    assert not (tmp_path / "dead_letters").exists()
    with pytest.raises(StepGone):
        await writer.flush(write.thread_id)


async def test_a_newer_change_on_another_replica_stays(make: Make, store: AwayStore) -> None:
    store.is_away = True
    writer, [write] = make(), steps_of(1)
    await accept(writer, [write])
    newer = step(write.thread_id, write.id, output="newer")
    await MemoryStore.apply(store, [newer])
    store.is_away = False
    await writer.drain()
    found = await store.get_step(write.id)
    assert found
    assert found.fields["output"] == "newer"


# A journal that cannot be read


async def test_what_cannot_be_read_again_keeps_nothing_from_being_accepted(
    make: Make, store: AwayStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store.is_away = True
    writes = steps_of(4)
    dead = make()
    await accept(dead, writes[:2])
    await dead.close()
    attempts: list[object] = []

    def fail(*_: object, until: int | None = None, **limits: int) -> Portion:
        if until is None:  # when what is there is counted
            return read_portion(*_, **limits)  # type: ignore[arg-type]
        attempts.append(until)
        raise OSError(errno.EIO, "Input/output error")

    writer = make()
    with monkeypatch.context() as patched:
        patched.setattr(journal_module, "read_portion", fail)
        writer.start()
        await accept(writer, writes[2:3])
        so_far = len(attempts)
        await until(lambda: len(attempts) > so_far + 1, "attempts while it is away")
        await accept(writer, writes[3:])
    store.is_away = False
    await writer.drain()
    assert len(store.stored) == len(writes)
    assert caplog.text.count("cannot be read") == 1


# Of those that end meanwhile


async def test_what_another_leaves_is_stored_by_one_that_runs(
    make: Make, store: AwayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog_module, "LOOK_S", 0.01)
    running, dying = make(), make()
    running.start()
    store.is_away = True
    writes = steps_of(5, new_id())
    await accept(dying, writes)
    await dying.close()
    store.is_away = False
    await until(lambda: store.stored == writes, "what the other has left")
    later = steps_of(1, writes[0].thread_id)
    await asyncio.gather(*map(running.submit, later))
    await running.drain()
    assert store.stored == [*writes, *later]


async def test_no_more_of_the_journal_is_in_memory_than_so_many_bytes(
    make: Make, store: AwayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog_module, "WINDOW_SIZE", 3_000)
    monkeypatch.setattr(journal_module, "PORTION_SIZE", 1_000)
    store.is_away = True
    thread_id = new_id()
    writer, many = make(), [step(thread_id, output="x" * 1_000) for _ in range(20)]
    await accept(writer, many[:1])
    await accept(writer, many[1:])
    await until(lambda: writer._backlog._room == 0, "the window")
    assert sum(entry.is_handed_out for entry in writer._queues.entries()) < len(many) - 1
    store.is_away = False
    await writer.drain()
    assert store.stored == many


# All of it


@settings(max_examples=examples(60), deadline=None)
@given(
    plans=st.lists(IN_ONE_THREAD, min_size=1, max_size=25),
    away=st.lists(st.booleans(), min_size=25, max_size=25),
    ends=st.sets(st.integers(0, 24), max_size=3),
)
@pytest.mark.slow
async def test_it_ends_as_if_the_database_had_been_there(
    plans: list[PlannedWrite], away: list[bool], ends: set[int]
) -> None:
    """Whenever it is away, and whenever the program is stopped and started again.

    But for what has found nothing to change: stored again, it may find it.
    """
    world = World.new()
    expected = MemoryStore()
    planned = [plan.write(world) for plan in plans]
    outcomes = [(await expected.apply([write]))[0].outcome for write in planned]
    writes = [
        write
        for write, outcome in zip(planned, outcomes, strict=True)
        if isinstance(write, DELETES) or outcome not in (Outcome.ABSENT, Outcome.REFUSED)
    ]
    store = AwayStore()
    with TemporaryDirectory() as folder:

        def new() -> Writer:
            journal = Journal(Path(folder) / "journal", most_bytes=MUCH)
            return Writer(store, journal=journal, journal_after_s=0.001)

        writer = new()
        for number, write in enumerate(writes):
            store.is_away = away[number]
            await asyncio.wait([writer.submit(write)])  # some are refused
            if number in ends:
                await writer.close()
                writer = new()
        store.is_away = False
        writer.start()
        await asyncio.sleep(0)
        await writer.drain()
        await writer.close()
        assert files(Path(folder)) == []
    assert await shown(store, world) == await shown(expected, world)
