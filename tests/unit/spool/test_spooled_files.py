"""Files whose storage is away: accepted, shown, stored once it is back, and gone where deleted."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest
from chainlit.element import File

from datalayer.pipeline import deletion
from datalayer.pipeline.spool import in_time, sender
from datalayer.stores.memory import MemoryTables
from storage.base import ByteRange
from storage.errors import ObjectMissing, StorageUnavailable
from tests.support.away import AwayStorage, AwayStore
from tests.support.builders import delete_thread, new_id, step
from tests.support.spools import Run, Start, all_sent, key_of, killed, shown, spooled, text
from tests.support.storages import get, keys
from tests.support.waiting import until


async def test_a_file_is_accepted_and_read_while_the_storage_is_away(
    start: Start, storage: AwayStorage
) -> None:
    run = start()
    storage.failure = StorageUnavailable("away")
    element = text("0123456789")
    await run.layer.create_element(element)
    assert (await shown(run, element))["id"] == element.id
    assert await get(run.layer.storage, key_of(element)) == b"0123456789"
    assert await get(run.layer.storage, key_of(element), ByteRange(2, 4)) == b"234"
    assert await run.layer.storage.read_url(key_of(element), 60) is None
    assert await keys(storage) == []
    assert run.lost == []


@pytest.mark.slow
async def test_it_is_stored_once_the_storage_is_back(
    start: Start, storage: AwayStorage, store: AwayStore
) -> None:
    run = start()
    storage.failure = StorageUnavailable("away")
    elements = [text(f"content {number}") for number in range(20)]
    for element in elements:
        await run.layer.create_element(element)
    state = run.layer.spool_state
    assert state
    assert state.depth == len(elements)
    assert state.size == sum(len(str(element.content)) for element in elements)
    storage.failure = None
    await until(all_sent(run), "the files")
    for element in elements:
        content = str(element.content).encode()
        assert await get(storage, key_of(element)) == content
        record = await store.get_element(element.thread_id, element.id)
        assert record
        assert (record.size, record.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert sorted(storage.put_keys) == sorted(map(key_of, elements))


async def test_a_silent_storage_is_waited_for_only_so_long(
    start: Start, storage: AwayStorage
) -> None:
    run = start()
    storage.heard.clear()
    element = text("said")
    await run.layer.create_element(element)
    assert await get(run.layer.storage, key_of(element)) == b"said"
    storage.heard.set()  # what was asked first comes to its end
    await until(all_sent(run), "the file")
    assert await get(storage, key_of(element)) == b"said"
    assert storage.put_keys == [key_of(element)]


@pytest.mark.slow
async def test_few_files_wait_for_a_silent_storage_in_memory(
    start: Start, storage: AwayStorage, tmp_path: Path
) -> None:
    run = start()
    storage.heard.clear()
    (tmp_path / "upload").write_bytes(b"upload")
    elements = [
        File(thread_id=new_id(), name="a", path=str(tmp_path / "upload")) for _ in range(100)
    ]
    await asyncio.gather(*map(run.layer.create_element, elements))
    assert storage.most <= in_time.AT_ONCE + sender.AT_ONCE
    await until(
        lambda: len(run.layer._pipeline.uploads._running) <= in_time.AT_ONCE,
        "the end of the others",
    )
    (tmp_path / "upload").unlink()
    storage.heard.set()
    await until(all_sent(run), "the files")
    assert len(await keys(storage)) == len(elements)


async def test_a_file_in_the_spool_survives_a_kill(
    start: Start, storage: AwayStorage, store: AwayStore, tmp_path: Path
) -> None:
    first = start()
    storage.failure = StorageUnavailable("away")
    store.is_away = True
    element = text("kept")
    await first.layer.create_element(element)
    left = killed(tmp_path / "data", "left")
    second = start(left)  # both are away still
    await until(lambda: bool(second.spool.find(key_of(element))), "the takeover")
    assert await get(second.layer.storage, key_of(element)) == b"kept"
    again = killed(left, "again")
    storage.failure, store.is_away = None, False
    await until(all_sent(second), "the file")
    third = start(again)  # once more, of what is stored already
    await until(lambda: len(storage.put_keys) > 1, "the other's file")
    await until(all_sent(third), "the file")
    assert (await shown(third, element))["id"] == element.id
    assert await get(storage, key_of(element)) == b"kept"
    assert await keys(storage) == [key_of(element)]


async def test_the_program_ends_soon_and_the_next_run_goes_on(
    start: Start, storage: AwayStorage, tmp_path: Path
) -> None:
    first = start()
    storage.heard.clear()
    element = text("kept")
    await first.layer.create_element(element)
    await asyncio.wait_for(first.layer.close(), 5)
    storage.heard.set()
    second = start()
    await until(lambda: storage.put_keys == [key_of(element)], "the file")
    await until(all_sent(second), "the file")
    await second.layer.close()
    assert not [path for path in (tmp_path / "data" / "spool").iterdir() if path.is_dir()]


async def test_what_is_deleted_leaves_the_spool_at_once(
    start: Start, storage: AwayStorage, tmp_path: Path
) -> None:
    run = start()
    storage.failure = StorageUnavailable("away")
    element, other = text("gone"), text("stays")
    for each in (element, other):
        await run.layer.create_element(each)
    await run.layer.delete_thread(element.thread_id)
    await until(lambda: len(spooled(tmp_path / "data")) == 2, "the removal of bytes and record")
    assert b"gone" not in [path.read_bytes() for path in spooled(tmp_path / "data")]
    assert run.spool.find(key_of(element)) is None
    storage.failure = None
    await until(all_sent(run), "the other file")
    assert await keys(storage) == [key_of(other)]


@pytest.mark.slow
async def test_of_many_deleted_threads_none_leaves_anything(
    start: Start, storage: AwayStorage, tmp_path: Path
) -> None:
    """Also where they are more than are removed from the storage at once."""
    run = start()
    storage.failure = StorageUnavailable("away")
    elements = [text("gone") for _ in range(deletion.BATCH + 20)]
    await asyncio.gather(*map(run.layer.create_element, elements))
    for element in elements:
        await run.layer.delete_thread(element.thread_id)
    await until(lambda: not spooled(tmp_path / "data"), "the removal")
    assert run.spool.state.depth == 0


async def test_what_is_deleted_while_it_is_sent_leaves_nothing(
    start: Start, storage: AwayStorage, store: AwayStore
) -> None:
    run = start()
    storage.heard.clear()
    element = text("gone")
    await run.layer.create_element(element)
    await run.layer.delete_thread(element.thread_id)
    await until(lambda: run.spool.find(key_of(element)) is None, "the removal")
    storage.heard.set()
    await until(lambda: bool(storage.put_keys), "the end of the attempt")
    await until(lambda: not files_in(storage), "the removal")
    assert await run.layer.get_thread(element.thread_id) is None


def files_in(storage: AwayStorage) -> list[Path]:
    return [path for path in storage._tree.root.rglob("*") if path.is_file()]


async def test_what_another_replica_has_deleted_is_not_stored(
    start: Start, storage: AwayStorage, store: AwayStore, tmp_path: Path
) -> None:
    first = start()
    storage.failure = StorageUnavailable("away")
    element = text("gone")
    await first.layer.create_element(element)
    left = killed(tmp_path / "data", "left")
    await first.layer.settle(element.thread_id)
    await store.apply([delete_thread(element.thread_id)])
    second = start(left)
    await until(lambda: not spooled(left), "the removal")
    storage.failure = None
    await until(all_sent(second), "the end")
    assert files_in(storage) == []


async def test_of_two_versions_the_later_counts(start: Start, storage: AwayStorage) -> None:
    run = start()
    storage.failure = StorageUnavailable("away")
    element = text("old")
    await run.layer.create_element(element)
    element.content = "new"
    await run.layer.create_element(element)
    assert await get(run.layer.storage, key_of(element)) == b"new"
    storage.failure = None
    await until(all_sent(run), "the file")
    assert await get(storage, key_of(element)) == b"new"


async def test_a_version_after_one_that_waits_waits_too(start: Start, storage: AwayStorage) -> None:
    run = start()
    storage.heard.clear()
    element = text("old")
    await run.layer.create_element(element)
    element.content = "new"
    await run.layer.create_element(element)
    storage.heard.set()
    await until(all_sent(run), "the file")
    assert await get(storage, key_of(element)) == b"new"


async def test_a_conversation_is_copied_with_a_file_that_waits(
    start: Start, storage: AwayStorage
) -> None:
    run = start()
    storage.heard.clear()
    element = text("both")
    await run.layer.create_element(element)
    storage.heard.set()
    storage.refused = {key_of(element)}
    copied = await run.layer.copy_thread(element.thread_id, "copy")
    [found] = await keys(storage, f"{copied}/")
    assert await get(storage, found) == b"both"


async def test_messages_go_on_as_files_wait(start: Start, storage: AwayStorage) -> None:
    run = start()
    storage.heard.clear()
    said = step(new_id(), output="hello")
    element = text("waits", said.thread_id)
    await run.layer.create_element(element)
    message: Any = {"id": said.id, "threadId": said.thread_id, "type": "user_message"}
    message["output"] = "hello"
    await run.layer.create_step(message)
    await run.layer.flush(said.thread_id)
    thread: Any = await run.layer.get_thread(said.thread_id)
    assert [each["output"] for each in thread["steps"]] == ["hello"]
    with pytest.raises(ObjectMissing):
        await get(storage, key_of(element))


@pytest.mark.slow
async def test_files_of_an_earlier_run_are_shown_while_the_storage_is_away(
    start: Start, storage: AwayStorage, store: AwayStore, tmp_path: Path
) -> None:
    """Also those whose row nobody had told before the kill."""
    first = start()
    storage.failure = StorageUnavailable("away")
    elements = [text(str(number)) for number in range(20)]
    for element in elements:
        await first.layer.create_element(element)
    left = killed(tmp_path / "data", "left")
    store._kept = MemoryTables()
    second = start(left)
    await until(lambda: are_announced(second) == [True] * len(elements), "the word to their rows")
    for element in elements:
        assert (await shown(second, element))["id"] == element.id
        assert await get(second.layer.storage, key_of(element)) == str(element.content).encode()


def are_announced(run: Run) -> list[bool]:
    return [file.is_announced for file in run.spool.waiting()]


async def test_whoever_waits_for_a_file_is_told_once_it_is_durable(
    start: Start, storage: AwayStorage
) -> None:
    run = start()
    storage.heard.clear()
    element = text("kept")
    before = asyncio.create_task(run.layer.flush_files(element.thread_id, [element.id]))
    await asyncio.sleep(0)
    assert not before.done()
    await run.layer.create_element(element)
    await before
    assert run.spool.find(key_of(element))
    await run.layer.flush_files(element.thread_id, [element.id])  # it was long ago
    assert run.layer._pipeline.uploads._expected == {}


async def test_who_gives_up_waiting_for_a_file_takes_it_from_nobody(start: Start) -> None:
    run = start()
    element = text("kept")
    first, second = [
        asyncio.create_task(run.layer.flush_files(element.thread_id, [element.id]))
        for _ in range(2)
    ]
    await until(lambda: bool(run.layer._pipeline.uploads._expected), "the wait")
    first.cancel()
    await asyncio.wait([first])
    await run.layer.create_element(element)
    await asyncio.wait_for(second, 10)


async def test_nothing_is_kept_of_those_who_gave_up_waiting_for_a_file(start: Start) -> None:
    run = start()
    waiting = asyncio.create_task(run.layer.flush_files(new_id(), [new_id()]))
    await until(lambda: bool(run.layer._pipeline.uploads._expected), "the wait")
    waiting.cancel()
    await asyncio.wait([waiting])
    del waiting
    await until(lambda: not run.layer._pipeline.uploads._expected, "the end of it")


async def test_a_program_that_runs_takes_over_what_another_leaves(
    start: Start, storage: AwayStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "LOOK_S", 0.01)
    lasting, first = start(), start()
    storage.failure = StorageUnavailable("away")
    element = text("left")
    await first.layer.create_element(element)
    assert lasting.spool.find(key_of(element)) is None
    await first.layer.close()
    await until(lambda: bool(lasting.spool.find(key_of(element))), "the takeover")
    storage.failure = None
    await until(all_sent(lasting), "the file")
    assert await get(storage, key_of(element)) == b"left"


@pytest.mark.slow
async def test_at_the_end_of_the_program_nothing_waits_for_its_second(
    start: Start, storage: AwayStorage, tmp_path: Path
) -> None:
    run = start(after_s=1_000)
    storage.heard.clear()
    element = text("kept")
    sending = asyncio.create_task(run.layer.create_element(element))
    await until(lambda: storage.running, "the attempt")
    await asyncio.wait_for(run.layer.close(), 10)
    await sending
    assert b"kept" in [path.read_bytes() for path in spooled(tmp_path / "data")]
    assert run.lost == []
