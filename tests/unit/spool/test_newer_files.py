"""A file that waits in a spool, and a newer one of the same element that came another way."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from chainlit.element import Text

from common.concurrency.retry import RetryPolicy
from datalayer.pipeline import delivery
from datalayer.pipeline.spool import sender
from storage.errors import StorageUnavailable
from tests.support.away import AwayStorage, AwayStore
from tests.support.spools import Run, Start, all_sent, key_of, killed, spooled, text
from tests.support.storages import get
from tests.support.waiting import until

LONG = RetryPolicy(first_pause_s=0.001, longest_pause_s=0.002, limit_s=1_000)


@pytest.fixture
def _looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Senders come back soon to what was held."""
    monkeypatch.setattr(sender, "LOOK_S", 0.01)


@pytest.fixture
def elsewhere(tmp_path: Path) -> AwayStorage:
    """The same storage, as another replica reaches it."""
    return AwayStorage(tmp_path / "files")


@asynccontextmanager
async def unsent(run: Run, element: Text) -> AsyncIterator[None]:
    """See to it that a program begins no attempt to store a file meanwhile, nor has begun one."""
    key = key_of(element)
    await until(lambda: not run.spool.is_held(key), "the end of an attempt")
    with run.spool.holding(key):
        yield


async def assert_is_newer(store: AwayStore, storage: AwayStorage, element: Text) -> None:
    """Assert that bytes and row are those of the newer file."""
    assert await get(storage, key_of(element)) == b"newer"
    record = await store.get_element(element.thread_id, element.id)
    assert record
    assert record.sha256 == hashlib.sha256(b"newer").hexdigest()


@pytest.mark.usefixtures("_looking")
async def test_another_replica_s_newer_file_stays(
    start: Start, store: AwayStore, storage: AwayStorage, elsewhere: AwayStorage, tmp_path: Path
) -> None:
    cut_off, other = start(), start(tmp_path / "other", storage=elsewhere)
    storage.failure = StorageUnavailable("away")
    element = text("old")
    await cut_off.layer.create_element(element)
    async with unsent(cut_off, element):
        element.content = "newer"
        await other.layer.create_element(element)
        await other.layer.settle(element.thread_id)
        storage.failure = None
    await until(all_sent(cut_off), "the end")
    assert storage.put_keys == []
    await assert_is_newer(store, storage, element)


async def test_a_newer_file_stays_when_a_spool_is_taken_over(
    start: Start, store: AwayStore, storage: AwayStorage, elsewhere: AwayStorage, tmp_path: Path
) -> None:
    first = start()
    storage.failure = StorageUnavailable("away")
    element = text("old")
    await first.layer.create_element(element)
    left = killed(tmp_path / "data", "left")
    element.content = "newer"
    await start(tmp_path / "other", storage=elsewhere).layer.create_element(element)
    start(left)
    await until(lambda: not spooled(left), "the end")
    await assert_is_newer(store, elsewhere, element)


@pytest.mark.slow
@pytest.mark.usefixtures("_looking")
async def test_a_newer_file_stays_while_the_database_is_away(
    start: Start, store: AwayStore, storage: AwayStorage, elsewhere: AwayStorage, tmp_path: Path
) -> None:
    """The storage is back before it: whose file is there, nobody can tell yet."""
    first = start()
    storage.failure = StorageUnavailable("away")
    element, others = text("old"), [text(str(number)) for number in range(20)]
    for each in (element, *others):
        await first.layer.create_element(each)
    async with unsent(first, element):
        element.content = "newer"
        await start(tmp_path / "other", storage=elsewhere).layer.create_element(element)
        store.is_away = True
        storage.failure = None
    await until(lambda: len(storage.put_keys) == len(others), "those that nobody has replaced")
    assert first.spool.find(key_of(element))
    store.is_away = False
    await until(all_sent(first), "the end")
    await assert_is_newer(store, elsewhere, element)


async def test_a_file_stays_whose_successor_never_came(start: Start, storage: AwayStorage) -> None:
    """The row is newer, and people see it: with the bytes that it had before."""
    run = start(most_bytes=10)
    storage.failure = StorageUnavailable("away")
    element = text("old")
    await run.layer.create_element(element)
    element.content = "newer, and too large"
    with pytest.raises(StorageUnavailable):
        await run.layer.create_element(element)
    storage.failure = None
    await until(all_sent(run), "the file")
    assert await get(storage, key_of(element)) == b"old"


async def test_a_file_is_left_alone_while_its_successor_is_stored(
    start: Start, storage: AwayStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "RETRY", LONG)
    run = start(most_bytes=10)
    storage.failure = StorageUnavailable("away")
    element = text("old")
    await run.layer.create_element(element)
    element.content = "newer, and too large"
    storing = asyncio.create_task(run.layer.create_element(element))
    await until(lambda: bool(run.spool.state.failure), "the refusal")
    await until(lambda: run.spool._held[key_of(element)] == 1, "the end of the sender's attempt")
    assert run.spool.waiting() == []
    storage.failure = None
    await storing
    await until(all_sent(run), "the end")
    assert storage.put_keys == [key_of(element)]
    assert await get(storage, key_of(element)) == b"newer, and too large"
