"""A journal that takes nothing, or does not answer: people are told, and nothing is lost unseen."""

import asyncio
import errno
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from datalayer.errors import JournalUnusable
from datalayer.pipeline import backlog as backlog_module
from datalayer.pipeline.journal import journal as journal_module
from datalayer.pipeline.journal.journal import Journal, Receipt
from datalayer.pipeline.journal.records import encode_record
from datalayer.pipeline.journal.segments import SegmentFile
from datalayer.pipeline.journal.taking_over import TakingOver
from datalayer.records import Outcome, Saving
from datalayer.writes import Write
from tests.support.away import AwayStore
from tests.support.builders import new_id
from tests.support.journals import SOON_S, Make, accept, steps_of
from tests.support.waiting import until


async def one_left_and_another(make: Make, store: AwayStore) -> Sequence[Write]:
    """Return a write that a process left as it died with its database away, and one that comes."""
    store.is_away = True
    dead, [left, write] = make(), steps_of(2)
    await accept(dead, [left])
    await dead.close()
    store.is_away = False
    return left, write


async def test_what_was_left_is_counted_while_others_append(
    make: Make, store: AwayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be much; and yet it is stored first."""
    store.is_away = True
    left, later = steps_of(2, new_id()), steps_of(2)
    later += steps_of(2, left[0].thread_id)
    dead = make()
    await accept(dead, left)
    await dead.close()
    counted = threading.Event()
    count = TakingOver._count

    def slowly(taking: TakingOver, *given: Any) -> None:
        counted.wait()
        count(taking, *given)

    monkeypatch.setattr(TakingOver, "_count", slowly)
    writer = make()
    writer.start()
    try:
        async with asyncio.timeout(30):
            await accept(writer, later)
        assert not writer._backlog._is_reading  # or it would be stored before
    finally:
        counted.set()
    store.is_away = False
    await writer.drain()
    assert store.stored == [*left, *later]


async def test_what_comes_while_it_is_counted_is_stored_where_it_cannot_be_kept(
    make: Make, store: AwayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database may be there, which nobody has asked."""
    left, write = await one_left_and_another(make, store)
    counted = threading.Event()
    count = TakingOver._count

    def slowly(taking: TakingOver, *given: Any) -> None:
        counted.wait()
        count(taking, *given)

    monkeypatch.setattr(TakingOver, "_count", slowly)
    writer = make(most_bytes=1)
    try:
        async with asyncio.timeout(30):
            assert (await writer.submit(write)).outcome is Outcome.APPLIED
    finally:
        counted.set()
    await until(lambda: store.stored == [write, left], "what was left")


async def test_the_end_of_the_program_does_not_wait_until_all_of_it_is_counted(
    make: Make, store: AwayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.is_away = True
    dead, [left] = make(), steps_of(1)
    await accept(dead, [left])
    await dead.close()
    heard: list[bool] = []
    count = TakingOver._count

    def as_long_as_it_may(taking: TakingOver, *given: Any) -> None:
        heard.append(taking._stopped.wait(30))
        count(taking, *given)

    with monkeypatch.context() as patched:
        patched.setattr(TakingOver, "_count", as_long_as_it_may)
        ending = make()
        ending.start()
        await ending.close()
    assert heard in ([True], [])
    store.is_away = False
    make().start()
    await until(lambda: store.stored == [left], "what was left")


async def test_over_the_limit_nothing_is_accepted_until_the_database_is_back(
    make: Make, store: AwayStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.is_away = True
    first, second, third, fourth = steps_of(4)
    writer = make(most_bytes=len(encode_record(first)) + 5)
    await accept(writer, [first])
    with pytest.raises(JournalUnusable, match="JOURNAL_MAX_MB"):
        await writer.submit(second)
    with pytest.raises(JournalUnusable, match="JOURNAL_MAX_MB"):
        writer.submit(third)
    for each in (second, third):  # as a turn finds out
        with pytest.raises(JournalUnusable, match="JOURNAL_MAX_MB"):
            await writer.flush(each.thread_id)
    assert caplog.text.count("JOURNAL_MAX_MB") == 1
    store.is_away = False
    await writer.drain()
    assert store.stored == [first, second]
    assert (await writer.submit(fourth)).outcome is Outcome.APPLIED


async def test_that_it_was_full_once_says_nothing_of_the_next_time(
    make: Make, store: AwayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = steps_of(3)
    writer = make(most_bytes=len(encode_record(first)) + 5)
    store.is_away = True
    await accept(writer, [first])
    with pytest.raises(JournalUnusable):
        await writer.submit(second)
    store.is_away = False
    await writer.drain()
    append, seen = Journal.append, list[Saving]()

    async def looking(journal: Journal, writes: Sequence[Write]) -> list[Receipt]:
        seen.append(writer.saving)
        return await append(journal, writes)

    monkeypatch.setattr(Journal, "append", looking)
    store.is_away = True
    await accept(writer, [third])
    assert seen == [Saving.SAVED]
    assert writer.saving is Saving.DELAYED


async def test_a_folder_that_cannot_be_used_harms_nothing_while_the_database_is_there(
    make: Make, store: AwayStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "journal").write_text("a file")
    writer, (first, second) = make(), steps_of(2)
    assert (await writer.submit(first)).outcome is Outcome.APPLIED
    store.is_away = True
    with pytest.raises(JournalUnusable, match="cannot be used"):
        await writer.submit(second)
    store.is_away = False
    await writer.drain()
    assert store.stored == [first, second]
    assert "cannot be used" in caplog.text


async def test_what_was_accepted_is_not_said_to_be_lost_when_the_rest_does_not_fit(
    make: Make, store: AwayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog_module, "ROUND", 1)
    store.is_away = True
    first, second = steps_of(2)
    writer = make(most_bytes=len(encode_record(first)) + 5)
    results = await asyncio.gather(*map(writer.submit, [first, second]), return_exceptions=True)
    assert getattr(results[0], "outcome", None) is Outcome.ACCEPTED
    assert isinstance(results[1], JournalUnusable)
    await writer.flush(first.thread_id)
    with pytest.raises(JournalUnusable):
        await writer.flush(second.thread_id)


async def test_that_one_step_could_be_kept_nowhere_says_nothing_of_another(
    make: Make, store: AwayStore
) -> None:
    store.is_away = True
    thread_id = new_id()
    first, second, third = steps_of(3, thread_id)
    writer = make(most_bytes=1)
    with pytest.raises(JournalUnusable):
        await writer.submit(first)
    with pytest.raises(JournalUnusable):
        writer.submit(second)
    store.is_away = False
    await writer.drain()
    await writer.submit(third)
    await writer.flush(thread_id, row_id=third.id)
    await writer.flush(thread_id, row_id=first.id)  # it has been stored after all
    with pytest.raises(JournalUnusable):
        await writer.flush(thread_id, row_id=second.id)
    await writer.flush(thread_id)


async def test_a_disk_that_does_not_answer_is_told_in_time_and_what_it_takes_later_is_accepted(
    make: Make, store: AwayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog_module, "SILENT_S", SOON_S)
    answers = threading.Event()
    append = SegmentFile.append

    def silently(file: SegmentFile, data: bytes) -> None:
        answers.wait()
        append(file, data)

    monkeypatch.setattr(SegmentFile, "append", silently)
    store.is_away = True
    writer, [first, second] = make(), steps_of(2)
    try:
        with pytest.raises(JournalUnusable, match="has not answered"):
            await writer.submit(first)
        with pytest.raises(JournalUnusable, match="has not answered"):
            writer.submit(second)
        assert writer.saving is Saving.REFUSED
        assert writer.journal_state
        assert "has not answered" in writer.journal_state.failure
    finally:
        monkeypatch.setattr(backlog_module, "SILENT_S", 60.0)  # a busy disk is none that is silent
        answers.set()
    await until(lambda: writer.saving is Saving.DELAYED, "what it has taken")
    await writer.flush(first.thread_id)
    assert not writer.journal_state.failure
    store.is_away = False
    await writer.drain()
    assert store.stored == [first]


async def test_a_disk_that_is_silent_from_the_start_harms_nothing_while_the_database_is_there(
    make: Make, store: AwayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, write = await one_left_and_another(make, store)
    answers = threading.Event()
    monkeypatch.setattr(backlog_module, "SILENT_S", SOON_S)
    monkeypatch.setattr(journal_module, "try_out", lambda *_: answers.wait())
    writer = make(after_s=60.0)
    writer.start()
    try:
        async with asyncio.timeout(30):
            assert (await writer.submit(write)).outcome is Outcome.APPLIED
        assert writer.saving is Saving.SAVED
    finally:
        answers.set()
    await until(lambda: store.stored == [write, left], "what was left")


async def test_a_folder_that_is_removed_in_an_outage_is_made_again(
    make: Make, store: AwayStore, tmp_path: Path
) -> None:
    """What was in it is lost, and said to be; no thread waits for it for ever."""
    store.is_away = True
    writer, (first, second) = make(), steps_of(2, new_id())
    await accept(writer, [first])
    shutil.rmtree(tmp_path / "journal")
    await accept(writer, [second])
    store.is_away = False
    async with asyncio.timeout(30):
        await writer.drain()
    assert second in store.stored
    assert not writer.is_behind(first.thread_id)
    assert writer.journal_state
    assert writer.journal_state.depth == 0


async def test_whether_it_can_be_used_is_looked_at_with_nothing_to_append(
    make: Make, store: AwayStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that is full harms nothing as long as the database is there, and may not stay so."""
    monkeypatch.setattr(backlog_module, "LOOK_S", SOON_S)
    writer, [write] = make(), steps_of(1)

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def failure() -> str:
        return writer.journal_state.failure if writer.journal_state else ""

    with monkeypatch.context() as patched:
        patched.setattr(journal_module, "try_out", fail)
        writer.start()
        await until(lambda: "Make room on its disk" in failure(), "a first look")
        assert writer.saving is Saving.SAVED
        assert (await writer.submit(write)).outcome is Outcome.APPLIED
    await until(lambda: not failure(), "another look")
    assert caplog.text.count("Make room on its disk") == 1


async def test_people_are_told_though_the_database_answered_after_the_first_that_waits_came(
    make: Make, store: AwayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does where several batches are under way when it goes."""
    monkeypatch.setattr(backlog_module, "AGAIN_S", SOON_S)
    store.is_away = True
    writer, (first, second) = make(most_bytes=1), steps_of(2)
    waiting = writer.submit(first)
    writer._backlog.answered()
    await until(lambda: writer._backlog._failure, "a look at the journal")
    assert not writer._backlog.is_away
    with pytest.raises(JournalUnusable):
        await writer.submit(second)
    assert writer.saving is Saving.REFUSED
    with pytest.raises(JournalUnusable):
        await waiting
    store.is_away = False
    await writer.drain()
    assert store.stored == [first, second]
