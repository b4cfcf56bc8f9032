"""A program whose storage and database may go away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from common.concurrency.retry import RetryPolicy
from datalayer.layer import KeepchatDataLayer
from datalayer.pipeline import deletion, delivery
from datalayer.pipeline import writer as writer_module
from datalayer.pipeline.journal.journal import Journal
from datalayer.pipeline.spool import sender
from datalayer.pipeline.spool.spool import Spool
from storage.local.storage import LocalStorage
from tests.support.away import AwayStorage, AwayStore
from tests.support.spools import LostFiles, Run, Start

MUCH = 100_000_000
QUICK = RetryPolicy(first_pause_s=0.001, longest_pause_s=0.002)
SHORT = RetryPolicy(first_pause_s=0.001, longest_pause_s=0.002, limit_s=0.01)


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

    def new(
        data: Path = tmp_path / "data",
        most_bytes: int = MUCH,
        after_s: float = 0.01,
        storage: AwayStorage = storage,
    ) -> Run:
        lost: list[str] = []
        counted = LostFiles()

        async def on_lost(name: str) -> None:
            lost.append(name)

        spool = Spool(data / "spool", LocalStorage, most_bytes=most_bytes)
        layer = KeepchatDataLayer(
            store,
            storage,
            on_lost=on_lost,
            recorder=counted,
            journal=Journal(data / "journal", most_bytes=MUCH),
            journal_after_s=after_s,
            spool=spool,
        )
        layer.start()
        runs.append(Run(layer, spool, data, lost, counted))
        return runs[-1]

    yield new
    storage.failure = None
    storage.heard.set()
    store.is_away = False
    for run in runs:
        await run.layer.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
