"""Maintenance goes on until nothing is left, whatever happens in between."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from chainlit.types import Pagination, ThreadFilter

from datalayer.errors import StoreUnavailable
from datalayer.layer import KeepchatDataLayer
from datalayer.pipeline import maintenance
from datalayer.pipeline.maintenance import Maintenance
from datalayer.records import MaintenanceState
from datalayer.stores.capabilities import Maintains
from datalayer.stores.memory import MemoryStore
from storage.local.storage import LocalStorage
from tests.support.builders import new_id

DEADLINE_S = 30.0


class ListedStore(Maintains):
    """A store that has nothing but work left over, and sometimes fails."""

    def __init__(self, rounds: int, failures: int = 0, held_up: int = 0) -> None:
        self.rounds = rounds
        self.failures = failures
        self.held_up = held_up
        self.ended = asyncio.Event()

    async def maintain(self) -> MaintenanceState:
        if self.failures:
            self.failures -= 1
            message = "away"
            raise StoreUnavailable(message)
        if self.held_up:
            self.held_up -= 1
            return MaintenanceState.HELD_UP
        self.rounds -= 1
        if self.rounds <= 0:
            self.ended.set()
        return MaintenanceState.MORE if self.rounds > 0 else MaintenanceState.DONE


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = replace(maintenance.RETRY, first_pause_s=0.001)
    monkeypatch.setattr(maintenance, "RETRY", quick)


@pytest.mark.parametrize(("failures", "held_up"), [(0, 0), (3, 0), (0, 3)])
async def test_all_that_is_left_is_done(failures: int, held_up: int) -> None:
    """Also when another process had begun with it, and nothing is saved after that one died."""
    store = ListedStore(5, failures, held_up)
    worker = Maintenance(store)
    worker.wake()
    await asyncio.wait_for(store.ended.wait(), DEADLINE_S)
    assert store.rounds == 0
    assert store.failures == 0
    await worker.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_it_is_done_again_when_more_was_written() -> None:
    store = ListedStore(1)
    worker = Maintenance(store)
    for _ in range(3):
        worker.wake()
        await asyncio.wait_for(store.ended.wait(), DEADLINE_S)
        store.ended.clear()
    await worker.close()
    await Maintenance(store).close()


class SearchedStore(MemoryStore, ListedStore):
    """A store in whose searches something is left for later."""

    def __init__(self) -> None:
        MemoryStore.__init__(self)
        ListedStore.__init__(self, 1)


async def test_a_search_wakes_it(tmp_path: Path) -> None:
    store = SearchedStore()
    layer = KeepchatDataLayer(store, LocalStorage(tmp_path))
    for search in (None, "needle"):
        assert not store.ended.is_set()
        filters = ThreadFilter(userId=new_id(), search=search)
        await layer.list_threads(Pagination(first=5), filters)
    await asyncio.wait_for(store.ended.wait(), DEADLINE_S)
    await layer.close()


async def test_a_search_that_shows_where_wakes_it(tmp_path: Path) -> None:
    store = SearchedStore()
    layer = KeepchatDataLayer(store, LocalStorage(tmp_path))
    await layer.search(new_id(), "needle", first=5)
    await asyncio.wait_for(store.ended.wait(), DEADLINE_S)
    await layer.close()


async def test_a_store_that_leaves_nothing_for_later_has_no_worker(tmp_path: Path) -> None:
    layer = KeepchatDataLayer(MemoryStore(), LocalStorage(tmp_path))
    layer.start()
    await layer.update_thread(new_id(), name="x")
    workers = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}  # type: ignore[union-attr]
    assert "FileDeletion._run" in workers
    assert "Maintenance._run" not in workers
    await layer.close()
