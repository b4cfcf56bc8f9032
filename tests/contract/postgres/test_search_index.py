"""The index of the search is brought up to date by a process of its own."""

import asyncio
from collections.abc import AsyncIterator

import psutil
import pytest

from datalayer.errors import StoreUnavailable
from datalayer.records import MaintenanceState
from datalayer.stores.sql.postgres.search import process as index_process
from datalayer.stores.sql.store import SqlStore
from tests.support.backends import PostgresBackend
from tests.support.builders import ALICE, found_by, keep_up, new_id, save, step


@pytest.fixture
async def store(backend: PostgresBackend) -> AsyncIterator[SqlStore]:
    opened = backend.open()
    assert isinstance(opened, SqlStore)
    yield opened
    await opened.close()
    assert not workers()


def workers() -> list[psutil.Process]:
    """The processes that index, and those that ended and were not taken leave of."""
    return [child for child in psutil.Process().children() if _is_worker(child)]


def _is_worker(process: psutil.Process) -> bool:
    try:
        return (
            process.status() == psutil.STATUS_ZOMBIE or index_process.WORKER[1] in process.cmdline()
        )
    except psutil.Error:
        return False


async def test_there_is_a_process_when_there_is_something_to_index(store: SqlStore) -> None:
    await keep_up(store)
    assert not workers()
    await save(store, step(new_id(), output="some text"))
    assert not workers()
    await keep_up(store)
    assert len(workers()) == 1


async def test_words_of_most_conversations_are_found_among_the_newest_ones(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await save(store, *(step(new_id(), output=f"heron {n} and gull") for n in range(12)))
    await keep_up(store)
    assert len(await found_by(store, "heron 11")) == 1
    assert len(await found_by(store, "gull absent")) == 0

    async def looked_up(*_given: object) -> None:
        pytest.fail("the index was asked")

    monkeypatch.setattr(store, "_search_index", looked_up)
    alice = await store.get_user(ALICE)
    assert alice
    page = await store.list_threads(alice.id, first=5, search="gull HERON and")
    assert len(page.threads) == 5
    page = await store.list_threads(alice.id, first=5, search="heron", after=page.next_cursor)
    assert len(page.threads) == 5


async def test_a_process_that_is_killed_loses_nothing(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(process: asyncio.subprocess.Process, document: bytes) -> bytes:
        process.kill()
        return await exchange(process, document)

    exchange = index_process._exchange
    written = step(new_id(), output="some text")
    await save(store, written)
    with monkeypatch.context() as patched:
        patched.setattr(index_process, "_exchange", killed)
        with pytest.raises(StoreUnavailable, match="The process that indexes"):
            await store.maintain()
    assert not workers()
    assert await store.maintain() is MaintenanceState.DONE
    assert await found_by(store, "some text") == [written.thread_id]


@pytest.mark.parametrize("text", ['quotes " \\ {,} NULL', "\x01\x7f\u2028", "😀 日本語", "", " "])
async def test_any_text_goes_there_and_back(store: SqlStore, text: str) -> None:
    written = step(new_id(), output=f"begins {text}ends")
    await save(store, written, step(new_id(), output="another"))
    await keep_up(store)
    assert await found_by(store, f"{text}ends".strip()) == [written.thread_id]
