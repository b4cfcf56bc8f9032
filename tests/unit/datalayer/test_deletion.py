"""Files of deleted rows are removed, however often that fails at first."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest

from datalayer.errors import StoreUnavailable
from datalayer.pipeline.deletion import AWAY, BATCH, FileDeletion
from datalayer.pipeline.writer import Writer
from datalayer.records import Result
from datalayer.stores.memory import MemoryStore, MemoryTables
from datalayer.writes import RevisionClock, Write
from storage.base import Storage
from storage.errors import StorageUnavailable
from storage.local.storage import LocalStorage
from tests.support.pauses import skip_pauses

DEADLINE_S = 30.0


class ListedStore(MemoryStore):
    """A store with a list of removals, of which it says when it is asked for and is empty."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self.tables = MemoryTables()
        super().__init__(self.tables)
        self.revisions = count(1)
        self.record(keys)
        self.failures: deque[Exception] = deque()
        self.empty = asyncio.Event()
        self.forgot = asyncio.Event()

    @property
    def keys(self) -> list[str]:
        return list(self.tables.removals)

    def record(self, keys: Iterable[str]) -> None:
        """Put files on the list, as a delete does."""
        for key in keys:
            self.tables.removals[key] = next(self.revisions)

    async def list_removals(self, limit: int, *, skip: int = 0) -> list[str]:
        if self.failures:
            raise self.failures.popleft()
        if not self.keys:
            self.empty.set()
        return await super().list_removals(limit, skip=skip)

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        results = await super().apply(writes)
        self.forgot.set()
        return results


class ForgetfulStorage:
    """A storage that only deletes, and fails as it is told."""

    def __init__(self) -> None:
        self.deleted: list[list[str]] = []
        self.failures: deque[Exception] = deque()
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()

    async def delete(self, keys: Iterable[str]) -> None:
        self.asked.set()
        await self.gate.wait()
        if self.failures:
            raise self.failures.popleft()
        self.deleted.append(list(keys))


Make = Callable[..., FileDeletion]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for; none of them is waited for."""
    return skip_pauses(monkeypatch)


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    deletions: list[FileDeletion] = []
    writers: list[Writer] = []

    def new(store: ListedStore, storage: Any) -> FileDeletion:
        writers.append(Writer(store))
        parts = (store, cast(Storage, storage), writers[-1], RevisionClock())
        deletions.append(FileDeletion(*parts))
        return deletions[-1]

    yield new
    for deletion in deletions:
        await deletion.close()
    for writer in writers:
        await writer.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def until(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), DEADLINE_S)


def keys(count: int) -> list[str]:
    return [f"thread/{number}" for number in range(count)]


async def test_files_are_removed_and_forgotten(make: Make) -> None:
    store, storage = ListedStore(keys(3)), ForgetfulStorage()
    make(store, storage).wake()
    await until(store.empty)
    assert storage.deleted == [keys(3)]
    assert store.keys == []


async def test_many_files_are_removed_some_at_a_time(make: Make) -> None:
    store, storage = ListedStore(keys(2 * BATCH + 1)), ForgetfulStorage()
    make(store, storage).wake()
    await until(store.empty)
    assert [len(batch) for batch in storage.deleted] == [BATCH, BATCH, 1]
    assert [key for batch in storage.deleted for key in batch] == keys(2 * BATCH + 1)


async def test_nothing_happens_before_it_is_woken(make: Make) -> None:
    store, storage = ListedStore(keys(1)), ForgetfulStorage()
    make(store, storage)
    await asyncio.sleep(0)
    assert (storage.deleted, store.keys) == ([], keys(1))


async def test_it_is_woken_again_and_again(make: Make) -> None:
    store, storage = ListedStore(), ForgetfulStorage()
    deletion = make(store, storage)
    for number in range(3):
        store.empty.clear()
        store.record([f"key/{number}"])
        deletion.wake()
        await until(store.empty)
    assert storage.deleted == [["key/0"], ["key/1"], ["key/2"]]


async def test_what_is_recorded_during_the_work_is_removed_too(make: Make) -> None:
    store, storage = ListedStore(["first"]), ForgetfulStorage()
    deletion = make(store, storage)
    storage.gate.clear()
    deletion.wake()
    await until(storage.asked)
    store.record(["second"])
    deletion.wake()
    storage.gate.set()
    await until(store.empty)
    assert storage.deleted == [["first"], ["second"]]


async def test_a_file_stays_on_the_list_until_it_is_removed(make: Make) -> None:
    store, storage = ListedStore(keys(1)), ForgetfulStorage()
    storage.gate.clear()
    make(store, storage).wake()
    await until(storage.asked)
    assert store.keys == keys(1)


@pytest.mark.parametrize("error", [StorageUnavailable("away"), RuntimeError("unforeseen")])
async def test_a_storage_that_fails_is_tried_again(
    make: Make, pauses: list[float], error: Exception
) -> None:
    store, storage = ListedStore(keys(1)), ForgetfulStorage()
    storage.failures.extend([error] * 3)
    make(store, storage).wake()
    await until(store.empty)
    assert storage.deleted == [keys(1)]
    assert pauses[:3] == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("error", [StoreUnavailable("away"), RuntimeError("unforeseen")])
async def test_a_database_that_fails_is_asked_again(
    make: Make, pauses: list[float], error: Exception
) -> None:
    store, storage = ListedStore(keys(2)), ForgetfulStorage()
    store.failures.append(error)
    make(store, storage).wake()
    await until(store.empty)
    assert storage.deleted == [keys(2)]
    assert pauses[0] == 1.0


async def test_the_pauses_grow_up_to_a_limit_and_begin_anew(
    make: Make, pauses: list[float]
) -> None:
    store, storage = ListedStore(keys(1)), ForgetfulStorage()
    storage.failures.extend([StorageUnavailable("away")] * 9)
    deletion = make(store, storage)
    deletion.wake()
    await until(store.empty)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    store.empty.clear()
    store.record(keys(1))
    storage.failures.append(StorageUnavailable("away"))
    deletion.wake()
    await until(store.empty)
    assert pauses[9:] == [1.0]


async def test_a_key_that_can_never_be_removed_keeps_no_other(
    make: Make, tmp_path: Path, pauses: list[float]
) -> None:
    storage = LocalStorage(tmp_path)
    await storage.put("thread/element", b"x", mime="text/plain")
    store = ListedStore(["../outside", "thread/element"])
    deletion = make(store, storage)
    deletion.wake()
    await until(store.forgot)
    assert store.keys == ["../outside"]
    assert [found.key async for found in storage.list()] == []
    await deletion.close()
    await storage.close()


class PickyStorage(LocalStorage):
    """Fails for some keys as a service does that has a fault of its own with them."""

    async def delete(self, keys: Iterable[str]) -> None:
        if any(key.endswith("/bad") for key in keys):
            raise StorageUnavailable("internal error")
        await super().delete(keys)


async def test_a_key_with_which_the_storage_has_a_fault_keeps_no_other(
    make: Make, tmp_path: Path, pauses: list[float]
) -> None:
    storage = PickyStorage(tmp_path)
    bad = [f"{number}/bad" for number in range(AWAY - 1)]
    store = ListedStore([*bad, "thread/good", "thread/better"])
    for key in store.keys:
        await storage.put(key, b"x", mime="text/plain")
    deletion = make(store, storage)
    deletion.wake()
    await until(store.forgot)
    assert store.keys == bad
    await deletion.close()
    await storage.close()


async def test_many_keys_that_can_never_be_removed_keep_no_other(
    make: Make, tmp_path: Path, pauses: list[float]
) -> None:
    storage = LocalStorage(tmp_path)
    bad = [f"../outside/{number}" for number in range(2 * BATCH + 1)]
    good = keys(BATCH + 1)
    for key in good:
        await storage.put(key, b"x", mime="text/plain")
    store = ListedStore([*bad, *good])
    deletion = make(store, storage)
    deletion.wake()
    await until(store.forgot)
    store.forgot.clear()
    await until(store.forgot)
    assert store.keys == bad
    assert [found.key async for found in storage.list()] == []
    await deletion.close()
    await storage.close()


async def test_closing_ends_the_work_and_leaves_the_rest_for_the_next_start(make: Make) -> None:
    store, storage = ListedStore(keys(3)), ForgetfulStorage()
    storage.gate.clear()
    first = make(store, storage)
    first.wake()
    await until(storage.asked)
    await first.close()
    assert store.keys == keys(3)
    storage.gate.set()
    make(store, storage).wake()
    await until(store.empty)
    assert storage.deleted == [keys(3)]


async def test_closing_does_not_wait_for_a_pause(make: Make) -> None:
    store, storage = ListedStore(keys(1)), ForgetfulStorage()
    storage.failures.extend([StorageUnavailable("away")] * 100)
    deletion = make(store, storage)
    deletion.wake()
    await until(storage.asked)
    await asyncio.wait_for(deletion.close(), 0.9)


async def test_closing_what_was_never_woken(make: Make) -> None:
    deletion = make(ListedStore(), ForgetfulStorage())
    await deletion.close()
    await deletion.close()
