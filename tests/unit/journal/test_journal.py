"""The journal: what is appended is handed out in order and once, by this process or the next."""

import asyncio
import errno
import json
import logging
import shutil
import threading
from base64 import b64decode
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from unittest.mock import ANY

import pytest

from common.processes.process_folders import ProcessFolder, take_dead
from datalayer.errors import JournalUnusable
from datalayer.pipeline.journal import journal as journal_module
from datalayer.pipeline.journal import taking_over
from datalayer.pipeline.journal.dead_letters import BLOCK
from datalayer.pipeline.journal.journal import Journal, Receipt
from datalayer.pipeline.journal.records import VERSION, encode_record
from datalayer.pipeline.journal.segments import Place, Portion, read_portion
from datalayer.serialization import encode
from datalayer.writes import SaveStep, Write
from tests.support.builders import new_id, step
from tests.support.waiting import until
from tests.unit.journal.test_records import record_of

MUCH = 10_000_000
ROOM = 100

Open = Callable[..., Journal]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Open]:
    """Make journals in one folder, which are closed at the end."""
    made: list[Journal] = []

    def new(most_bytes: int = MUCH) -> Journal:
        made.append(Journal(tmp_path / "journal", most_bytes=most_bytes))
        return made[-1]

    yield new
    for journal in made:
        await journal.close()


def writes_of(count: int) -> list[SaveStep]:
    return [step(new_id(), output=str(number)) for number in range(count)]


async def all_of(journal: Journal, most: int = ROOM) -> list[tuple[Write, Receipt]]:
    found: list[tuple[Write, Receipt]] = []
    while more := await journal.read(most):
        found += more
    return found


async def writes_in(journal: Journal) -> list[Write]:
    return [write for write, _receipt in await all_of(journal)]


def files(root: Path, kind: str = "*.journal") -> list[Path]:
    return sorted(root.rglob(kind))


async def left_by_the_dead(make: Open, writes: list[SaveStep], tmp_path: Path) -> Path:
    """The only segment of a process that has ended with writes in its journal."""
    dead = make()
    await dead.open()
    await dead.append(writes)
    await dead.close()
    [segment] = files(tmp_path)
    return segment


async def test_what_is_appended_is_handed_out_in_order_and_once(make: Open) -> None:
    journal, writes = make(), writes_of(10)
    assert await journal.open() == Counter()
    await journal.append(writes[:4])
    await journal.append(writes[4:])
    assert journal.depth == 10
    assert [len(await journal.read(3)) for _ in range(3)] == [3, 3, 3]
    assert [write for write, _ in await journal.read(3)] == writes[9:]
    assert await journal.read(3) == []


async def test_it_is_durable_when_append_returns(
    make: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    journal, writes = make(), writes_of(200)
    await journal.prepare()
    monkeypatch.setattr("os.fsync", synced.append)
    await journal.append(writes)
    [segment] = files(tmp_path)
    assert segment.read_bytes() == b"".join(map(encode_record, writes))
    assert (
        len(synced) == 2
    )  # once for the folder that has a new file, once for all that was written


async def test_what_is_in_memory_is_not_handed_out(make: Open) -> None:
    journal, writes = make(), writes_of(3)
    await journal.open()
    receipts = await journal.append(writes)
    journal.keep_in_memory(receipts[1])
    assert await writes_in(journal) == [writes[0], writes[2]]
    assert journal.depth == 3


async def test_a_segment_goes_when_all_of_it_is_settled(
    make: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "SEGMENT_SIZE", 1)
    journal = make()
    await journal.open()
    receipts = [receipt for write in writes_of(3) for receipt in await journal.append([write])]
    assert len(files(tmp_path)) == 3
    for receipt, left in zip(receipts, (2, 1, 0), strict=True):
        journal.settle(receipt)
        await journal.tidy()
        assert len(files(tmp_path)) == left
    assert (journal.depth, journal.size) == (0, 0)
    later = writes_of(1)
    await journal.append(later)
    assert await writes_in(journal) == later


async def test_nothing_stays_of_a_journal_that_is_empty(make: Open, tmp_path: Path) -> None:
    journal = make()
    await journal.open()
    [receipt] = await journal.append(writes_of(1))
    journal.settle(receipt)
    await journal.close()
    assert list((tmp_path / "journal").iterdir()) == []


async def test_the_next_process_takes_over_what_was_left(make: Open, tmp_path: Path) -> None:
    writes = writes_of(3)
    await left_by_the_dead(make, writes, tmp_path)
    journal = make()
    assert await journal.open() == Counter(write.order_key for write in writes)
    later = writes_of(2)
    await journal.append(later)
    found = await all_of(journal)
    assert [write for write, _ in found] == [*writes, *later]
    for _write, receipt in found:
        journal.settle(receipt)
    await journal.close()
    assert list((tmp_path / "journal").iterdir()) == []


async def test_segments_of_several_are_taken_over_in_the_order_of_time(make: Open) -> None:
    first, second = make(), make()
    await first.open()
    await second.open()
    writes = writes_of(2)
    await second.append(writes[:1])
    await first.append(writes[1:])
    await first.close()
    await second.close()
    journal = make()
    await journal.open()
    assert await writes_in(journal) == writes


async def test_nobody_takes_what_a_living_process_has(make: Open) -> None:
    living, other = make(), make()
    await living.open()
    await living.append(writes_of(1))
    assert await other.open() == Counter()
    assert await other.read(ROOM) == []


async def test_what_was_not_settled_is_left_again(make: Open, tmp_path: Path) -> None:
    writes = writes_of(2)
    await left_by_the_dead(make, writes, tmp_path)
    second = make()
    await second.open()
    (_, receipt), _unsettled = await second.read(ROOM)
    second.settle(receipt)
    await second.close()
    third = make()
    await third.open()
    assert await writes_in(third) == writes  # whole: to store one again changes nothing


async def test_a_torn_end_is_cut(
    make: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writes = writes_of(3)
    segment = await left_by_the_dead(make, writes, tmp_path)
    segment.write_bytes(segment.read_bytes()[:-5])
    journal = make()
    with caplog.at_level(logging.WARNING):
        await journal.open()
    assert "bytes at the end of" in caplog.text
    assert await writes_in(journal) == writes[:2]
    assert not (tmp_path / "dead_letters").exists()


async def test_a_segment_in_which_nothing_was_finished_is_removed(
    make: Open, tmp_path: Path
) -> None:
    segment = await left_by_the_dead(make, writes_of(1), tmp_path)
    segment.write_bytes(segment.read_bytes()[:-5])
    journal = make()
    await journal.open()
    assert (await journal.read(ROOM), journal.depth, files(tmp_path)) == ([], 0, [])


async def test_a_damaged_record_is_a_dead_letter_and_the_rest_is_read(
    make: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writes = writes_of(3)
    segment = await left_by_the_dead(make, writes, tmp_path)
    records = list(map(encode_record, writes))
    damaged = records[1].replace(b"SaveStep", b"XaveStep")
    segment.write_bytes(records[0] + damaged + records[2])
    journal = make()
    await journal.open()
    found = await all_of(journal)
    assert [write for write, _ in found] == [writes[0], writes[2]]
    [letter] = files(tmp_path / "dead_letters", "*.json")
    said = json.loads(letter.read_bytes())
    assert (said["version"], b64decode(said["bytes"])) == (1, damaged)
    assert "checksum" in said["reason"]
    assert "checksum" in caplog.text
    for _write, receipt in found:
        journal.settle(receipt)
    await journal.close()
    assert files(tmp_path) == []


async def test_a_dead_letter_has_its_write_and_reason(make: Open, tmp_path: Path) -> None:
    journal, [write] = make(), writes_of(1)
    await journal.set_aside(write, "it holds what no database does")
    [letter] = files(tmp_path / "dead_letters", "*.json")
    said = json.loads(letter.read_bytes())
    assert said["write"] == json.loads(encode(write))
    assert said["reason"] == "it holds what no database does"
    assert said["at"].endswith("Z")
    assert [path.name for path in letter.parent.iterdir()] == [letter.name]


# What it cannot take


async def test_over_its_limit_it_takes_nothing(make: Open, tmp_path: Path) -> None:
    first, second = writes_of(2)
    journal = make(most_bytes=len(encode_record(first)) + 5)
    await journal.open()
    [receipt] = await journal.append([first])
    with pytest.raises(JournalUnusable, match=r"journal has reached.*JOURNAL_MAX_MB") as caught:
        await journal.append([second])
    assert str(tmp_path) in str(caught.value)
    assert await writes_in(journal) == [first]
    journal.settle(receipt)
    await journal.append([second])
    assert await writes_in(journal) == [second]


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOSPC, "Make room"), (errno.EIO, "See to its disk")],
)
async def test_a_disk_that_takes_nothing_is_said_and_tried_again(
    make: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    """In another file: what a failed sync has left of the first one nobody knows."""
    journal, writes = make(), writes_of(3)
    await journal.open()
    await journal.append(writes[:1])

    def fail(_number: int) -> None:
        raise OSError(number, "what the system says")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", fail)
        with pytest.raises(JournalUnusable, match=f"what the system says.*{said}"):
            await journal.append(writes[1:2])
    assert journal.depth == 1
    await journal.append(writes[2:])
    assert await writes_in(journal) == [writes[0], writes[2]]
    assert len(files(tmp_path)) == 2


async def test_a_look_at_whether_it_can_be_used_leaves_nothing(make: Open, tmp_path: Path) -> None:
    journal = make()
    await journal.check()
    [own] = [path for path in (tmp_path / "journal").iterdir() if path.is_dir()]
    assert list(own.iterdir()) == []
    await journal.append(writes_of(1))
    [own] = [path for path in (tmp_path / "journal").iterdir() if path.is_dir()]
    root = (tmp_path / "journal").rename(tmp_path / "elsewhere")
    (tmp_path / "journal").write_text("a file")
    try:
        with pytest.raises(JournalUnusable, match="cannot be used"):
            await journal.check()
    finally:
        (tmp_path / "journal").unlink()
        root.rename(tmp_path / "journal")


async def test_one_that_is_as_good_as_full_cannot_be_used(make: Open) -> None:
    writes = writes_of(20)
    most_bytes = sum(len(encode_record(write)) for write in writes)
    journal = make(most_bytes + most_bytes // 32)
    await journal.check()
    await journal.append(writes)
    with pytest.raises(JournalUnusable, match="JOURNAL_MAX_MB"):
        await journal.check()


async def test_what_others_have_left_takes_no_room_from_it(make: Open) -> None:
    writes = writes_of(3)
    most_bytes = sum(len(encode_record(write)) for write in writes)
    dead = make(most_bytes)
    await dead.append(writes)
    await dead.close()
    journal, more = make(most_bytes), writes_of(3)
    await journal.open()
    await journal.append(more)
    with pytest.raises(JournalUnusable, match="JOURNAL_MAX_MB"):
        await journal.append(writes_of(1))
    assert await writes_in(journal) == [*writes, *more]
    assert journal.size == 2 * most_bytes


async def test_dead_letters_are_counted_whatever_the_disk_is_busy_with(
    make: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Be it with an append, or with what others have left."""
    writes = writes_of(1)
    dead = make()
    await dead.append(writes)
    await dead.close()
    journal, answers, waiting = make(), threading.Event(), list[int]()
    await journal.set_aside(writes[0], "It is too large.")

    def wait(*_: object) -> None:
        waiting.append(1)
        answers.wait()

    monkeypatch.setattr(taking_over.TakingOver, "_count", wait)
    monkeypatch.setattr(journal_module, "try_out", wait)
    busy = asyncio.gather(journal.check(), journal.open())
    try:
        await until(lambda: len(waiting) == 2, "both to be at work")
        async with asyncio.timeout(30):
            assert await journal.count_dead_letters() == 1
    finally:
        answers.set()
        await busy


async def test_a_folder_that_cannot_be_made_is_said(make: Open, tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file")
    journal = make()
    await journal.open()
    with pytest.raises(JournalUnusable, match="cannot be used"):
        await journal.prepare()
    with pytest.raises(JournalUnusable, match="cannot be used"):
        await journal.append(writes_of(1))


async def test_a_full_disk_keeps_nobody_from_taking_over(
    make: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left there is stored, and then there is room."""
    writes = writes_of(2)
    await left_by_the_dead(make, writes, tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    journal = make()
    with monkeypatch.context() as patched:
        patched.setattr(ProcessFolder, "make", fail)
        await journal.open()
        with pytest.raises(JournalUnusable, match="Make room"):
            await journal.prepare()
    assert await writes_in(journal) == writes


async def test_what_is_settled_during_an_append_takes_nothing_away(make: Open) -> None:
    journal, writes = make(), writes_of(2)
    await journal.open()
    [receipt] = await journal.append(writes[:1])

    class Settling(list[Write]):
        """Writes, of which the one before is settled while they are taken."""

        def __iter__(self):  # type: ignore[no-untyped-def]
            journal.settle(receipt)
            return super().__iter__()

    await journal.append(Settling(writes[1:]))
    await journal.tidy()
    assert journal.depth == 1
    assert len(files(journal._root)) == 1


# What cannot be read, or removed


async def test_a_segment_that_cannot_be_read_keeps_no_other_from_being(
    make: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "SEGMENT_SIZE", 1)
    journal, writes = make(), writes_of(3)
    await journal.open()
    for write in writes:
        await journal.append([write])
    unreadable = files(tmp_path)[0]
    away = unreadable.rename(tmp_path / "away")
    unreadable.mkdir()
    assert [write for write, _ in await journal.read(1)] == writes[1:2]
    assert [write for write, _ in await journal.read(1)] == writes[2:]
    with pytest.raises(JournalUnusable, match=rf"{unreadable}.*waits"):
        await journal.read(1)
    unreadable.rmdir()
    away.rename(unreadable)
    assert await writes_in(journal) == writes[:1]


async def test_a_segment_that_somebody_has_removed_is_waited_for_no_more(
    make: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal, writes = make(), writes_of(3)
    await journal.open()
    first, second, _ = await journal.append(writes)
    journal.keep_in_memory(second)
    files(tmp_path)[0].unlink()
    assert await journal.read(ROOM) == []
    assert "2 writes that were accepted are lost" in caplog.text
    assert journal.depth == 1  # that of the memory
    [third] = await journal.append(writes[:1])
    assert len(files(tmp_path)) == 1
    assert await writes_in(journal) == writes[:1]
    for receipt in (second, third):
        journal.settle(receipt)
    assert journal.depth == 0
    assert first.segment is second.segment


async def test_a_program_that_ends_leaves_what_it_has_not_counted(
    make: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is: it may be much, and the end has ten seconds."""
    writes = writes_of(3)
    segment = await left_by_the_dead(make, writes, tmp_path)
    journal = make()

    def read_one(*_: object, **limits: int) -> Portion:
        journal.stop()
        return read_portion(*_, **limits, most=1)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(taking_over, "read_portion", read_one)
        assert await journal.open() == Counter()
    assert segment.exists()
    other = make()
    await other.open()
    assert await writes_in(other) == writes


async def test_a_folder_that_somebody_has_removed_is_made_again(make: Open, tmp_path: Path) -> None:
    journal, writes = make(), writes_of(2)
    await journal.open()
    await journal.append(writes[:1])
    shutil.rmtree(tmp_path / "journal")
    await journal.check()
    await journal.append(writes[1:])
    assert await writes_in(journal) == writes[1:]
    await journal.close()
    [segment] = files(tmp_path)
    journal = make()
    await journal.open()
    assert await writes_in(journal) == writes[1:]
    assert not segment.parent.with_name(".lock").exists()


async def test_what_comes_back_is_left_to_the_next_start(make: Open, tmp_path: Path) -> None:
    journal, writes = make(), writes_of(2)
    await journal.open()
    await journal.append(writes[:1])
    own = files(tmp_path)[0].parent
    away = own.rename(tmp_path / "away")
    await journal.append(writes[1:])
    assert await writes_in(journal) == writes[1:]
    away.rename(own)
    other = make()
    assert await other.open() == Counter()  # this one still has it
    await journal.close()
    await other.open()
    assert await writes_in(other) == writes


async def test_on_another_disk_no_folder_is_made(make: Open, tmp_path: Path) -> None:
    """Where one was that may come back, as what is mounted there does: it would be hidden then."""
    journal, writes = make(), writes_of(2)
    await journal.open()
    await journal.append(writes[:1])
    journal._own._disk = -1
    away = (tmp_path / "journal").rename(tmp_path / "away")
    for work in (journal.check(), journal.append(writes[1:]), journal.read(ROOM)):
        with pytest.raises(JournalUnusable, match=r"disk on which it was is not there|waits"):
            await work
    assert not (tmp_path / "journal").exists()
    away.rename(tmp_path / "journal")
    await journal.append(writes[1:])
    assert await writes_in(journal) == writes


async def test_nothing_is_accepted_into_a_file_that_is_removed(make: Open, tmp_path: Path) -> None:
    journal, writes = make(), writes_of(2)
    await journal.open()
    await journal.append(writes[:1])
    files(tmp_path)[0].unlink()
    with pytest.raises(JournalUnusable, match="removed its file"):
        await journal.append(writes[1:])
    await journal.append(writes[1:])
    assert await writes_in(journal) == writes[1:]


async def test_what_is_broken_in_one_folder_keeps_no_other_from_being_taken(
    make: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor does it count: else the threads in it would be waited for."""
    writes = writes_of(3)
    for name, some in (("a", []), ("b", writes[:2]), ("c", writes[2:])):
        (folder := tmp_path / "journal" / name).mkdir(parents=True)
        data = b"".join(map(encode_record, some))
        (folder / "1000000000000000.journal").write_bytes(data)
    unlink = Path.unlink

    def unlink_not_in_a(path: Path, **options: bool) -> None:
        if path.parent.name == "a":
            raise OSError(errno.EPERM, "Operation not permitted")
        unlink(path, **options)

    def read_half_of_b(path: Path, place: Place, **limits: int) -> Portion:
        if path.parent.name == "b" and place.number:
            raise OSError(errno.EIO, "Input/output error")
        return read_portion(path, place, most=1, **limits)

    monkeypatch.setattr(Path, "unlink", unlink_not_in_a)
    monkeypatch.setattr(taking_over, "read_portion", read_half_of_b)
    journal = make()
    for found in (Counter([writes[2].order_key]), Counter[str]()):
        assert await journal.open() == found
    assert await writes_in(journal) == writes[2:]
    assert caplog.text.count("is left where it is") == 2
    monkeypatch.undo()


async def test_a_segment_that_somebody_has_cut_is_not_read_for_ever(
    make: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "SEGMENT_SIZE", 1)
    journal, writes = make(), writes_of(2)
    await journal.open()
    for write in writes:
        await journal.append([write])
    cut = files(tmp_path)[0]
    cut.write_bytes(cut.read_bytes()[:-5])
    assert await journal.read(ROOM) == [(writes[1], ANY)]
    with pytest.raises(JournalUnusable, match="shorter than what was written"):
        await journal.read(ROOM)


async def test_a_file_that_cannot_be_removed_is_said_and_stops_nothing(
    make: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    journal, writes = make(), writes_of(2)
    await journal.open()
    [receipt] = await journal.append(writes[:1])
    journal.settle(receipt)

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", fail)
        await journal.tidy()
    assert "Read-only file system" in caplog.text
    assert not journal.has_more
    await journal.append(writes[1:])
    assert await writes_in(journal) == writes[1:]


async def test_a_thread_that_cannot_be_started_is_no_other_fault(
    make: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, writes = make(), writes_of(2)
    await journal.open()
    await journal.append(writes[:1])

    async def fail(*_: object) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    with monkeypatch.context() as patched:
        patched.setattr(journal._pool, "run", fail)
        with pytest.raises(JournalUnusable, match="new thread"):
            await journal.append(writes[1:])
        with pytest.raises(JournalUnusable, match="new thread"):
            await journal.read(ROOM)
    assert journal.depth == 1
    await journal.append(writes[1:])
    assert await writes_in(journal) == writes


# Others, while this one runs


async def test_what_is_left_while_it_runs_can_be_taken_over(make: Open) -> None:
    journal, mine, theirs = make(), writes_of(1), writes_of(2)
    dying = make()
    await dying.open()
    await journal.open()
    await dying.append(theirs)
    await journal.append(mine)
    assert await journal.open() == Counter()
    await dying.close()
    assert await journal.open() == Counter(write.order_key for write in theirs)
    assert await journal.open() == Counter()
    found = await all_of(journal)
    assert [write for write, _ in found] == [*theirs, *mine]
    for _write, receipt in found:
        journal.settle(receipt)
    await journal.close()
    assert list(journal._root.iterdir()) == []


async def test_what_a_newer_program_has_left_stays_for_it(
    make: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not half of it: an old replica may run beside a newer one that was killed."""
    writes = writes_of(2)
    segment = await left_by_the_dead(make, writes, tmp_path)
    whole = encode_record(writes[0]) + record_of(VERSION + 1, b"{}")
    segment.write_bytes(whole)
    older = make()
    for _ in range(2):
        assert await older.open() == Counter()
    assert await older.read(ROOM) == []
    assert segment.read_bytes() == whole
    assert caplog.text.count("start the newer Keepchat") == 1
    assert not (tmp_path / "dead_letters").exists()
    [folder] = take_dead(journal_root := tmp_path / "journal")  # nobody holds it
    assert folder.path.parent == journal_root
    folder.remove()


async def test_dead_letters_have_the_journals_limit(make: Open, tmp_path: Path) -> None:
    """What finds no room there stays in the journal, which has one, too."""
    journal, (first, second) = make(most_bytes=BLOCK), writes_of(2)
    await journal.set_aside(first, "never")
    with pytest.raises(JournalUnusable, match=r"stays in the journal.*it is full"):
        await journal.set_aside(second, "never")
    [letter] = files(tmp_path / "dead_letters", "*.json")
    letter.unlink()
    await journal.set_aside(second, "never")
