"""Writers with a journal over one store, which may be away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from common.concurrency.retry import RetryPolicy
from datalayer.pipeline import backlog as backlog_module
from datalayer.pipeline import writer as writer_module
from datalayer.pipeline.journal.journal import Journal
from datalayer.pipeline.writer import Writer
from tests.support.away import AwayStore
from tests.support.journals import MUCH, SOON_S, Make, files

QUICK = RetryPolicy(first_pause_s=0.001, longest_pause_s=0.002)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "RETRY", QUICK)
    monkeypatch.setattr(backlog_module, "AGAIN_S", 0.001)


@pytest.fixture
def store() -> AwayStore:
    return AwayStore()


@pytest.fixture
async def make(store: AwayStore, tmp_path: Path) -> AsyncIterator[Make]:
    """Make writers with a journal each in one folder; those that are not closed are, at the end."""
    made: list[Writer] = []

    def new(most_bytes: int = MUCH, after_s: float = SOON_S, **options: Any) -> Writer:
        journal = Journal(tmp_path / "journal", most_bytes=most_bytes)
        made.append(Writer(store, journal=journal, journal_after_s=after_s, **options))
        return made[-1]

    yield new
    store.heard.set()
    store.is_away = False
    for writer in made:
        await writer.drain()
        await writer.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert files(tmp_path) == []
