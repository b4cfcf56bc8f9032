"""Maintenance goes on until nothing is left, whatever happens in between."""

import asyncio
from dataclasses import replace
from typing import cast

import pytest

from datalayer.errors import StoreUnavailable
from datalayer.pipeline import maintenance
from datalayer.pipeline.maintenance import Maintenance
from datalayer.records import MaintenanceState
from datalayer.stores.base import Store

DEADLINE_S = 2.0


class ListedStore:
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
    worker = Maintenance(cast(Store, store))
    worker.wake()
    await asyncio.wait_for(store.ended.wait(), DEADLINE_S)
    assert store.rounds == 0
    assert store.failures == 0
    await worker.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_it_is_done_again_when_more_was_written() -> None:
    store = ListedStore(1)
    worker = Maintenance(cast(Store, store))
    for _ in range(3):
        worker.wake()
        await asyncio.wait_for(store.ended.wait(), DEADLINE_S)
        store.ended.clear()
    await worker.close()
    await Maintenance(cast(Store, store)).close()
