"""The contract of stores: many at once, callers that are cancelled, databases that are away."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from datalayer.errors import StoreUnavailable
from datalayer.pipeline.locks import apply_when_free
from datalayer.records import Outcome, Result
from datalayer.stores.base import Store
from datalayer.stores.capabilities import Migrates
from datalayer.writes import Write
from tests.support.backends import Backend, DatabaseBackend, migrated
from tests.support.builders import (
    delete_thread,
    element,
    get_step,
    get_thread,
    get_user,
    listed,
    new_id,
    outcome,
    save,
    step,
    thread,
    user,
)


@asynccontextmanager
async def several(backend: Backend, count: int = 3) -> AsyncIterator[list[Store]]:
    """Stores on one database, as several replicas have them."""
    stores = await asyncio.gather(*(migrated(backend.open()) for _ in range(count)))
    yield stores
    for each in stores:
        await backend.assert_idle(each)
        await each.close()


async def at_once(stores: Sequence[Store], writes: Sequence[Write]) -> list[Outcome]:
    """Apply each write alone, all at the same time."""
    calls = [apply_when_free(stores[at % len(stores)], [write]) for at, write in enumerate(writes)]
    found: list[list[Result]] = await asyncio.gather(*calls)
    return [result.outcome for [result] in found]


async def test_a_store_says_how_many_batches_help(store: Store) -> None:
    assert store.concurrency >= 1


async def test_concurrent_merges_of_metadata_all_survive(backend: Backend) -> None:
    async with several(backend) as stores:
        write = thread(name="x")
        await save(stores[0], write)
        merges = [thread(write.id, metadata={f"key {n}": n}) for n in range(50)]
        assert set(await at_once(stores, merges)) == {Outcome.APPLIED}
        found = await get_thread(stores[0], write.id)
        assert found.metadata == {f"key {n}": n for n in range(50)}


async def test_concurrent_first_writes_of_a_user_and_a_thread(backend: Backend) -> None:
    async with several(backend) as stores:
        thread_id = new_id()
        writes: list[Write] = [step(thread_id, output=str(number)) for number in range(40)]
        writes += [element(thread_id, name=str(number)) for number in range(10)]
        writes += [thread(thread_id, name="x"), user(), thread(thread_id, tags=("one",))]
        random.shuffle(writes)
        assert set(await at_once(stores, writes)) == {Outcome.APPLIED}
        found = await get_thread(stores[0], thread_id)
        assert (len(found.steps), len(found.elements)) == (40, 10)
        assert (found.name, found.tags) == ("x", ("one",))
        assert found.user_id == (await get_user(stores[0])).id
        await backend.settle()
        assert await listed(stores[0]) == [thread_id]


async def test_concurrent_first_threads_of_a_user(backend: Backend) -> None:
    async with several(backend) as stores:
        writes = [step(new_id(), output="x") for _ in range(40)]
        assert set(await at_once(stores, writes)) == {Outcome.APPLIED}
        await backend.settle()
        assert set(await listed(stores[0])) == {write.thread_id for write in writes}
        assert [found.identifier async for found in stores[0].users()] == ["alice"]


async def test_concurrent_saves_of_a_step_end_with_the_newest(backend: Backend) -> None:
    async with several(backend) as stores:
        first = step(new_id(), output="0")
        writes = [first]
        writes += [step(first.thread_id, first.id, output=str(n)) for n in range(1, 40)]
        arriving = random.sample(writes, k=len(writes))
        assert set(await at_once(stores, arriving)) <= {Outcome.APPLIED, Outcome.STALE}
        assert (await get_step(stores[0], first)).fields["output"] == "39"


async def test_a_thread_deleted_while_it_is_written_to_stays_deleted(backend: Backend) -> None:
    async with several(backend) as stores:
        thread_id = new_id()
        writes: list[Write] = [step(thread_id, output=str(number)) for number in range(30)]
        writes.insert(15, delete_thread(thread_id))
        found = await at_once(stores, writes)
        assert set(found) <= {Outcome.APPLIED, Outcome.GONE, Outcome.ABSENT}
        assert await stores[0].get_thread(thread_id) is None


async def test_a_delete_is_never_seen_half_done(store: Store) -> None:
    thread_id = new_id()
    writes = [step(thread_id, output="x") for _ in range(200)]
    await save(store, *writes, *[element(thread_id, name="y") for _ in range(50)])
    deleting = asyncio.create_task(store.apply([delete_thread(thread_id)]))
    seen = []
    while not deleting.done():
        seen.append(await store.get_thread(thread_id))
        await turns(1)
    await deleting
    assert {(len(found.steps), len(found.elements)) for found in seen if found} <= {(200, 50)}
    assert await store.get_thread(thread_id) is None


# Cancelled callers


async def turns(count: int) -> None:
    """Let everybody else go on, so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def cancel(task: asyncio.Task[object]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("count", [0, 1, 2, 5, 20, 100])
async def test_a_cancelled_write_is_stored_whole_or_not_at_all(
    backend: Backend, store: Store, count: int
) -> None:
    thread_id = new_id()
    batch = [step(thread_id, output="x" * 1_000) for _ in range(300)]
    task: asyncio.Task[object] = asyncio.create_task(store.apply(batch))
    await turns(count)
    await cancel(task)
    await backend.assert_idle(store)
    await save(store, step(new_id(), output="another"))
    found = await store.get_thread(thread_id)
    assert found is None or len(found.steps) == 300


@pytest.mark.parametrize("count", [0, 1, 2, 5, 20, 100])
async def test_close_waits_for_a_write_whose_caller_was_cancelled(
    backend: Backend, count: int
) -> None:
    thread_id = new_id()
    store = await backend.open_migrated()
    batch = [step(thread_id, output="x" * 1_000) for _ in range(300)]
    task: asyncio.Task[object] = asyncio.create_task(store.apply(batch))
    await turns(count)
    await cancel(task)
    await store.close()
    async with several(backend, 1) as [later]:
        found = await later.get_thread(thread_id)
        assert found is None or len(found.steps) == 300
        assert await outcome(later, delete_thread(thread_id)) is (
            Outcome.APPLIED if found else Outcome.ABSENT
        )


@pytest.mark.parametrize("count", [0, 1, 2, 5, 20])
async def test_a_cancelled_read_leaves_the_store_usable(
    backend: Backend, store: Store, count: int
) -> None:
    thread_id = new_id()
    await save(store, *[step(thread_id, output="x" * 1_000) for _ in range(300)])
    tasks: list[asyncio.Task[object]] = [
        asyncio.create_task(store.get_thread(thread_id)) for _ in range(20)
    ]
    await turns(count)
    for task in tasks:
        await cancel(task)
    await backend.assert_idle(store)
    assert len((await get_thread(store, thread_id)).steps) == 300


async def test_an_export_that_is_left_early_leaves_nothing_open(
    backend: Backend, store: Store
) -> None:
    await save(store, thread(), thread(), user())
    async for _ in store.threads():
        break
    async for _ in store.users():
        break
    await backend.assert_idle(store)
    await save(store, thread())


# Databases that are away


async def test_a_database_that_cannot_be_reached(database: DatabaseBackend) -> None:
    store = database.unreachable()
    with pytest.raises(StoreUnavailable):
        await store.migrate()
    with pytest.raises(StoreUnavailable):
        await store.apply([thread()])
    with pytest.raises(StoreUnavailable):
        await store.get_user("alice")
    await database.assert_idle(store)
    await store.close()


async def test_a_busy_database_is_unavailable_and_works_later(database: DatabaseBackend) -> None:
    write = thread(name="x")
    async with several(database, 1) as [later]:
        async with database.busy() as store:
            with pytest.raises(StoreUnavailable):
                await store.apply([write])
            assert await store.get_thread(write.id) is None
        await save(later, write)


async def test_a_closed_store_is_unavailable(backend: Backend) -> None:
    store = await backend.open_migrated()
    await save(store, thread())
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.apply([thread()])
    with pytest.raises(StoreUnavailable):
        await store.get_user("alice")
    if isinstance(store, Migrates):
        with pytest.raises(StoreUnavailable):
            await store.migrate()
    await store.close()


async def test_what_was_stored_is_there_for_the_next_store(backend: Backend) -> None:
    write = step(new_id(), output="x")
    async with several(backend, 1) as [store]:
        await save(store, write)
        before = await get_thread(store, write.thread_id)
    async with several(backend, 1) as [store]:
        assert await get_thread(store, write.thread_id) == before
