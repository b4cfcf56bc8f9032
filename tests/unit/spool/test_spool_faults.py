"""What a spool cannot keep, or finds damaged, is told, and keeps nothing else from its storage."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from chainlit.element import Text

from common.processes.process_folders import take_dead
from datalayer.pipeline import uploads
from datalayer.pipeline.journal.dead_letters import DeadLetters
from datalayer.pipeline.spool import sender
from datalayer.pipeline.spool import spool as spool_module
from datalayer.pipeline.spool.reading import waiting_files
from datalayer.stores.memory import MemoryTables
from datalayer.writes import FinishElement, SaveElement, Write
from storage.base import Receipt
from storage.errors import StorageDenied, StorageUnavailable
from storage.local.storage import LocalStorage
from tests.support.away import AwayStorage, AwayStore
from tests.support.builders import element as row_of
from tests.support.builders import new_id
from tests.support.spools import Run, Start, all_sent, key_of, killed, shown, spooled, text
from tests.support.storages import keys
from tests.support.waiting import until


async def test_a_full_spool_is_told(
    start: Start, storage: AwayStorage, caplog: pytest.LogCaptureFixture
) -> None:
    run = start(most_bytes=10)
    storage.failure = StorageUnavailable("away")
    await run.layer.create_element(text("0123456"))
    with pytest.raises(StorageUnavailable):
        await run.layer.create_element(text("0123456"))
    assert run.lost == ["a.txt"]
    assert "SPOOL_MAX_MB" in caplog.text
    state = run.layer.spool_state
    assert state
    assert "SPOOL_MAX_MB" in state.failure
    assert state.size == len("0123456")


async def test_a_disk_without_room_is_told(
    start: Start, storage: AwayStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start()
    monkeypatch.setattr(spool_module, "LEFT_FREE", 2**62)
    storage.failure = StorageUnavailable("away")
    with pytest.raises(StorageUnavailable):
        await run.layer.create_element(text("lost"))
    assert run.lost == ["a.txt"]


async def test_files_side_by_side_leave_others_their_part_of_the_disk(
    start: Start, storage: AwayStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size, room = 1_000_000, 2_500_000
    before = spool_module.LEFT_FREE + room

    def usage(_path: Path) -> shutil._ntuple_diskusage:
        free = before - sum(path.stat().st_size for path in spooled(tmp_path / "data"))
        return shutil._ntuple_diskusage(before, before - free, free)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    run = start()
    storage.failure = StorageUnavailable("away")
    for _ in range(2):
        await run.layer.create_element(text("x" * 1_000))
    sent = [run.layer.create_element(text("x" * size)) for _ in range(8)]
    await asyncio.gather(*sent, return_exceptions=True)
    assert run.counted.count >= len(sent) - room // size
    assert usage(tmp_path).free >= spool_module.LEFT_FREE


async def test_a_disk_that_is_full_shows_before_a_file_comes(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "LOOK_S", 0.01)
    run = start()
    with monkeypatch.context() as patch:
        patch.setattr(spool_module, "LEFT_FREE", 2**62)
        await until(lambda: "Make room" in run.spool.state.failure, "the word about it")
    await until(lambda: run.spool.state.failure == "", "the end of it")


async def test_a_file_that_was_too_large_is_not_told_for_ever(
    start: Start,
    storage: AwayStorage,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(sender, "LOOK_S", 0.01)
    run = start(most_bytes=10)
    storage.failure = StorageUnavailable("away")
    with pytest.raises(StorageUnavailable):
        await run.layer.create_element(text("0123456789 and more"))
    assert "SPOOL_MAX_MB" in caplog.text
    await until(lambda: run.spool.state.failure == "", "the end of it")


async def test_a_spool_that_is_full_is_told_as_long_as_it_is(
    start: Start, storage: AwayStorage
) -> None:
    run = start(most_bytes=10)
    storage.failure = StorageUnavailable("away")
    await run.layer.create_element(text("0123456"))
    with pytest.raises(StorageUnavailable):
        await run.layer.create_element(text("0123456"))
    await run.spool.check()
    assert "SPOOL_MAX_MB" in run.spool.state.failure


async def test_what_the_storage_refuses_at_once_is_told_at_once(
    start: Start, storage: AwayStorage, tmp_path: Path
) -> None:
    run = start()
    storage.failure = StorageDenied("no rights")
    with pytest.raises(StorageDenied):
        await run.layer.create_element(text("lost"))
    assert run.lost == ["a.txt"]
    assert spooled(tmp_path / "data") == []


async def test_a_file_that_is_refused_keeps_no_other(start: Start, storage: AwayStorage) -> None:
    run = start()
    storage.failure = StorageUnavailable("away")
    elements = [text(str(number)) for number in range(10)]
    for element in elements:
        await run.layer.create_element(element)
    storage.refused = {key_of(elements[0]), key_of(elements[5])}
    storage.failure = None
    await until(lambda: len(storage.put_keys) == len(elements) - 2, "the others")
    storage.refused.clear()
    await until(all_sent(run), "the rest")
    assert len(await keys(storage)) == len(elements)


async def test_bytes_that_were_never_accepted_are_removed(start: Start, tmp_path: Path) -> None:
    left = tmp_path / "data" / "spool" / new_id() / "bytes"
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"half")
    run = start()
    await until(lambda: not spooled(tmp_path / "data"), "the removal")
    assert all_sent(run)()


async def test_a_record_that_cannot_be_read_stays_with_its_bytes(
    start: Start, storage: AwayStorage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = start()
    storage.failure = StorageUnavailable("away")
    for content in ("readable", "damaged"):
        await first.layer.create_element(text(content))
    left = killed(tmp_path / "data", "left")
    [folder] = [path for path in (left / "spool").iterdir() if path.is_dir()]
    _, damaged = sorted((folder / "writes").iterdir())
    damaged.write_bytes(b"1 2 3 4\n")
    storage.failure = None
    second = start(left)
    await until(lambda: "A file stays in" in caplog.text, "the word about it")
    await until(lambda: {it.name for it in spooled(left)} == {damaged.name}, "the other file")
    await second.layer.close()
    assert {path.name for path in spooled(left)} == {damaged.name}
    assert (folder / "bytes" / damaged.name).read_bytes() == b"damaged"


async def test_bytes_that_somebody_has_removed_are_lost_and_said(
    start: Start, storage: AwayStorage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = start()
    storage.failure = StorageUnavailable("away")
    element = text("removed")
    await run.layer.create_element(element)
    for path in spooled(tmp_path / "data"):
        path.unlink()
    storage.failure = None
    await until(all_sent(run), "the end")
    assert f"The file of element {element.id} is lost" in caplog.text
    assert run.counted.count == 1


async def test_a_file_whose_row_is_refused_is_lost_and_counted(
    start: Start, store: AwayStore, storage: AwayStorage, tmp_path: Path
) -> None:
    first = start()
    storage.failure = StorageUnavailable("away")
    row = text("lost")
    await first.layer.create_element(row)
    left = killed(tmp_path / "data", "left")
    store._kept = MemoryTables()
    await store.apply([row_of(new_id(), row.id)])
    second = start(left)
    await until(all_sent(second), "the end")
    assert second.counted.count == 1


async def test_a_file_whose_row_no_database_takes_waits_until_one_does(
    start: Start, store: AwayStore, storage: AwayStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "LOOK_S", 0.01)
    monkeypatch.setattr(sender, "REFUSED_S", 0.05)
    run, row = start(), text("stays")
    await refused(run, store, storage, row)
    assert (run.spool.state.depth, run.counted.count) == (1, 0)
    assert await keys(storage) == []
    store.cannot_hold = ()
    await retry_all(run, store)
    await until(all_sent(run), "the end")
    assert await keys(storage) == [key_of(row)]
    assert (await shown(run, row))["name"] == "a.txt"


async def test_a_file_that_was_stored_before_its_row_was_refused_stays(
    start: Start, store: AwayStore, storage: AwayStorage
) -> None:
    run, row = start(), text("stays")
    store.is_away, store.cannot_hold = True, (SaveElement,)
    await run.layer.create_element(row)
    assert await keys(storage) == [key_of(row)]
    store.is_away = False
    await run.layer.settle(row.thread_id)
    assert {type(it) for it in letters_of(run)} == {SaveElement, FinishElement}
    store.cannot_hold = ()
    await retry_all(run, store)
    assert await keys(storage) == [key_of(row)]
    assert (await shown(run, row))["name"] == "a.txt"


async def test_a_file_is_dropped_with_its_dead_letter(
    start: Start,
    store: AwayStore,
    storage: AwayStorage,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(sender, "LOOK_S", 0.01)
    monkeypatch.setattr(sender, "REFUSED_S", 0.05)
    run, row = start(), text("dropped")
    await refused(run, store, storage, row)
    [file] = waiting_files(run.data / "spool")
    file.remove()
    await until(all_sent(run), "the end")
    assert f"The file of element {row.id} is lost" in caplog.text


async def refused(run: Run, store: AwayStore, storage: AwayStorage, element: Text) -> None:
    """Accept a file while database and storage are away, and let its row be refused then."""
    store.is_away, storage.failure = True, StorageUnavailable("away")
    store.cannot_hold = (SaveElement,)
    await run.layer.create_element(element)
    store.is_away = False
    await run.layer.settle(element.thread_id)
    assert {type(it) for it in letters_of(run)} == {SaveElement, FinishElement}
    await until(lambda: [it.again_at for it in run.spool.waiting()] > [0.0], "what is left")
    storage.failure = None


def letters_of(run: Run) -> list[Write]:
    letters = DeadLetters(run.data / "dead_letters")
    return [letters.read(letter_id).read_write() for letter_id in letters.ids()]


async def retry_all(run: Run, store: AwayStore) -> None:
    for write in letters_of(run):
        await store.apply([write])


@pytest.mark.slow
async def test_a_file_that_the_end_of_the_program_loses_is_counted(
    start: Start, storage: AwayStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "END_S", 0.01)
    run = start(most_bytes=1)
    storage.heard.clear()
    sending = asyncio.create_task(run.layer.create_element(text("lost")))
    await until(lambda: bool(run.spool.state.failure), "the refusal")
    await run.layer.close()
    assert run.counted.count == 1
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_a_file_that_cannot_be_kept_is_no_longer_waited_for(
    start: Start, storage: AwayStorage
) -> None:
    run = start()
    storage.failure = StorageDenied("no rights")
    element = text("lost")
    waiting = asyncio.create_task(run.layer.flush_files(element.thread_id, [element.id]))
    with pytest.raises(StorageDenied):
        await run.layer.create_element(element)
    await waiting
    assert run.lost == ["a.txt"]


async def test_a_file_whose_record_has_no_room_leaves_nothing(
    start: Start, storage: AwayStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start()
    storage.failure = StorageUnavailable("away")
    put = LocalStorage.put

    async def no_room(self: LocalStorage, key: str, *given: Any, **more: Any) -> Receipt:
        if key.startswith("writes/"):
            raise StorageUnavailable("No space left on device")
        return await put(self, key, *given, **more)

    monkeypatch.setattr(LocalStorage, "put", no_room)
    with pytest.raises(StorageUnavailable):
        await run.layer.create_element(text("lost"))
    assert run.lost == ["a.txt"]
    assert spooled(tmp_path / "data") == []
    assert "No space left" in run.spool.state.failure


async def test_a_record_that_nobody_may_read_keeps_no_other(
    start: Start, storage: AwayStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start()
    storage.failure = StorageUnavailable("away")
    elements = [text("good"), text("bad")]
    for element in elements:
        await first.layer.create_element(element)
    left = killed(tmp_path / "data", "left")
    _, record = sorted((left / "spool").glob("*/writes/*"))
    opened = LocalStorage.open

    def denied(self: LocalStorage, key: str, *given: Any) -> Any:
        if key == f"writes/{record.name}" and self._tree.root == record.parent.parent:
            raise StorageDenied(key)
        return opened(self, key, *given)

    monkeypatch.setattr(LocalStorage, "open", denied)
    storage.failure = None
    second = start(left)
    await until(lambda: storage.put_keys.count(key_of(elements[0])) == 2, "both runs' file")
    await until(lambda: {it.name for it in spooled(left)} == {record.name}, "the file")
    await second.layer.close()
    assert {path.name for path in spooled(left)} == {record.name}


async def test_a_spool_that_was_full_is_not_said_to_be_full_any_more(
    start: Start, storage: AwayStorage
) -> None:
    run = start(most_bytes=10)
    storage.failure = StorageUnavailable("away")
    await run.layer.create_element(text("0123456"))
    with pytest.raises(StorageUnavailable):
        await run.layer.create_element(text("0123456"))
    storage.failure = None
    await until(lambda: run.spool.state.failure == "", "the end of it")


async def test_a_spool_that_somebody_has_removed_is_made_again(
    start: Start, storage: AwayStorage, tmp_path: Path
) -> None:
    """With its lock: else another program would take over what this one is at work on."""
    run = start()
    storage.failure = StorageUnavailable("away")
    await run.layer.create_element(text("removed"))
    shutil.rmtree(tmp_path / "data" / "spool")
    row = text("kept")
    await run.layer.create_element(row)
    assert list(take_dead(tmp_path / "data" / "spool")) == []
    storage.failure = None
    await until(all_sent(run), "the end")
    assert await keys(storage) == [key_of(row)]
    assert run.lost == []
