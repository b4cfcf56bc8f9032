"""Files whose storage is away: accepted, shown, stored once it is back, and gone where deleted."""

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from chainlit.element import File, Text

from common.blocking import ByteSource
from common.retry import RetryPolicy
from datalayer.layer import KeepchatDataLayer
from datalayer.pipeline import deletion, delivery
from datalayer.pipeline import writer as writer_module
from datalayer.pipeline.journal.journal import Journal
from datalayer.pipeline.spool import in_time, sender
from datalayer.pipeline.spool import spool as spool_module
from datalayer.pipeline.spool.spool import Spool
from datalayer.stores.memory import MemoryTables
from storage.base import ByteRange, Receipt
from storage.errors import ObjectMissing, StorageDenied, StorageUnavailable
from storage.local.storage import LocalStorage
from tests.support.away import AwayStore
from tests.support.builders import delete_thread, new_id, step
from tests.support.storages import get, keys
from tests.support.waiting import until

MUCH = 100_000_000
QUICK = RetryPolicy(first_pause_s=0.001, longest_pause_s=0.002)
SHORT = RetryPolicy(first_pause_s=0.001, longest_pause_s=0.002, limit_s=0.01)


class AwayStorage(LocalStorage):
    """A folder that fails, or is silent, as it is told."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.failure: Exception | None = None
        self.refused: set[str] = set()
        self.heard = asyncio.Event()
        self.heard.set()
        self.running = self.most = 0
        self.put_keys: list[str] = []

    async def put(
        self, key: str, source: ByteSource, *, mime: str, filename: str | None = None
    ) -> Receipt:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.heard.wait()
            self._fail(key)
            receipt = await super().put(key, source, mime=mime, filename=filename)
        finally:
            self.running -= 1
        self.put_keys.append(key)
        return receipt

    def _fail(self, key: str) -> None:
        if self.failure:
            raise self.failure
        if key in self.refused:
            raise StorageDenied(key)

    async def delete(self, keys: Iterable[str]) -> None:
        if self.failure:
            raise self.failure
        await super().delete(keys)


@dataclass(frozen=True)
class Run:
    """One run of the program."""

    layer: KeepchatDataLayer
    spool: Spool
    lost: list[str] = field(default_factory=list)


Start = Callable[..., Run]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (writer_module, sender, deletion):
        monkeypatch.setattr(module, "RETRY", QUICK)
    monkeypatch.setattr(delivery, "RETRY", SHORT)


@pytest.fixture
def store() -> AwayStore:
    return AwayStore()


@pytest.fixture
def storage(tmp_path: Path) -> AwayStorage:
    return AwayStorage(tmp_path / "files")


@pytest.fixture
async def start(store: AwayStore, storage: AwayStorage, tmp_path: Path) -> AsyncIterator[Start]:
    runs: list[Run] = []

    def new(data: Path = tmp_path / "data", most_bytes: int = MUCH, after_s: float = 0.01) -> Run:
        lost: list[str] = []

        async def on_lost(name: str) -> None:
            lost.append(name)

        spool = Spool(data / "spool", LocalStorage, most_bytes=most_bytes)
        layer = KeepchatDataLayer(
            store,
            storage,
            on_lost=on_lost,
            journal=Journal(data / "journal", most_bytes=MUCH),
            journal_after_s=after_s,
            spool=spool,
        )
        layer.start()
        runs.append(Run(layer, spool, lost))
        return runs[-1]

    yield new
    storage.failure = None
    storage.heard.set()
    store.is_away = False
    for run in runs:
        await run.layer.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


def killed(data: Path, name: str) -> Path:
    """Return what a program that is killed now would leave to the next one."""
    left = data.with_name(name)
    shutil.copytree(data, left)
    return left


def text(content: str, thread_id: str | None = None, **fields: Any) -> Text:
    return Text(thread_id=thread_id or new_id(), name="a.txt", content=content, **fields)


def key_of(element: Any) -> str:
    return f"{element.thread_id}/{element.id}"


def spooled(data: Path) -> list[Path]:
    return [path for path in (data / "spool").rglob("*") if path.is_file() and path.stat().st_size]


async def shown(run: Run, element: Any) -> dict[str, Any]:
    await run.layer.settle(element.thread_id)
    thread: Any = await run.layer.get_thread(element.thread_id)
    [found] = thread["elements"] if thread else [{}]
    return dict(found)


def all_sent(run: Run) -> Callable[[], bool]:
    return lambda: run.layer.spool_state is not None and not run.layer.spool_state.depth


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


async def test_it_is_stored_once_the_storage_is_back(
    start: Start, storage: AwayStorage, store: AwayStore, tmp_path: Path
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
    assert spooled(tmp_path / "data") == []


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
    await until(all_sent(second), "the other file")
    await second.layer.close()
    assert {path.name for path in spooled(left)} == {damaged.name}
    assert (folder / "bytes" / damaged.name).read_bytes() == b"damaged"


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


async def test_whoever_waits_for_a_file_is_told_once_it_is_durable(
    start: Start, storage: AwayStorage
) -> None:
    run = start()
    storage.heard.clear()
    element = text("kept")
    before = asyncio.create_task(run.layer.flush_files([element.id]))
    await asyncio.sleep(0)
    assert not before.done()
    await run.layer.create_element(element)
    await before
    assert run.spool.find(key_of(element))
    await run.layer.flush_files([element.id])  # it was long ago
    assert run.layer._pipeline.uploads._expected == {}


async def test_a_file_that_cannot_be_kept_is_no_longer_waited_for(
    start: Start, storage: AwayStorage
) -> None:
    run = start()
    storage.failure = StorageDenied("no rights")
    element = text("lost")
    waiting = asyncio.create_task(run.layer.flush_files([element.id]))
    with pytest.raises(StorageDenied):
        await run.layer.create_element(element)
    await waiting
    assert run.lost == ["a.txt"]


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
    await until(all_sent(second), "the file")
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
    await until(all_sent(run), "the file")
    assert run.spool.state.failure == ""


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
