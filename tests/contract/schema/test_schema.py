"""The contract of stores: migrations, schemas that do not fit, and the export."""

import asyncio

import pytest

from datalayer.errors import SchemaMismatch
from datalayer.pipeline.locks import apply_when_free
from datalayer.stores.base import Store
from datalayer.stores.sql.store import SqlStore
from tests.support.backends import DatabaseBackend
from tests.support.builders import (
    BOB,
    delete_thread,
    element,
    everything,
    feedback,
    get_thread,
    get_user,
    new_id,
    save,
    step,
    thread,
    unchanged,
    user,
)


async def test_migrating_again_does_nothing(sql_store: SqlStore) -> None:
    await save(sql_store, step(new_id(), output="x"))
    async with unchanged(sql_store):
        await sql_store.migrate()
        await sql_store.migrate()
        assert not await sql_store.needs_migration()


@pytest.mark.fresh_database
async def test_a_new_database_needs_a_migration(database: DatabaseBackend) -> None:
    store = database.open()
    assert await store.needs_migration()
    await store.migrate()
    assert not await store.needs_migration()
    await store.close()


@pytest.mark.fresh_database
async def test_many_migrate_an_empty_database_at_once(database: DatabaseBackend) -> None:
    stores = [database.open() for _ in range(8)]
    await asyncio.gather(*(each.migrate() for each in stores))
    write = thread(name="x")
    await save(stores[0], write)
    for each in stores:
        assert (await get_thread(each, write.id)).name == "x"
        await database.assert_idle(each)
        await each.close()


@pytest.mark.fresh_database
async def test_migrating_while_others_write(database: DatabaseBackend, sql_store: SqlStore) -> None:
    other = database.open()
    writes = [step(new_id(), output="x") for _ in range(20)]
    await asyncio.gather(
        *(apply_when_free(sql_store, [write]) for write in writes), other.migrate()
    )
    assert len([found async for found in other.threads()]) == 20
    await database.assert_idle(other)
    await other.close()


@pytest.mark.fresh_database
async def test_a_schema_newer_than_the_program(
    database: DatabaseBackend, sql_store: SqlStore
) -> None:
    await save(sql_store, thread())
    database.make_newer()
    async with unchanged(sql_store):
        with pytest.raises(SchemaMismatch, match="newer"):
            await sql_store.migrate()


@pytest.mark.fresh_database
async def test_somebody_elses_tables(database: DatabaseBackend) -> None:
    database.add_foreign_tables()
    store = database.open()
    for _ in range(2):
        with pytest.raises(SchemaMismatch, match="users"):
            await store.migrate()
    await database.assert_idle(store)
    await store.close()


@pytest.mark.fresh_database
async def test_a_store_that_knows_no_other_layers_adopts_nothing(database: DatabaseBackend) -> None:
    database.add_foreign_tables()
    store = database.open()
    for dry_run in (True, False):
        assert await store.adopt(dry_run=dry_run) is None
    with pytest.raises(SchemaMismatch, match=r"did not make\. Name another database\.$"):
        await store.migrate()
    await store.close()


# Export


async def test_an_empty_store_has_nothing_to_export(store: Store) -> None:
    assert await everything(store) == ([], [])


@pytest.mark.slow
async def test_the_export_has_all_users_and_threads(store: Store) -> None:
    threads = [thread(owner=f"user {number % 600}") for number in range(1_020)]
    await save(store, *threads)
    users, found = await everything(store)
    assert {record.identifier for record in users} == {f"user {n}" for n in range(600)}
    assert len(users) == 600
    assert {record.id for record in found} == {write.id for write in threads}
    assert len(found) == 1_020
    assert [record async for record in store.users()] == users


async def test_the_export_has_threads_whole(store: Store) -> None:
    write = step(new_id(), output="x", metadata={"a": 1})
    attached = element(write.thread_id, forId=write.id, objectKey="a/key")
    await save(store, write, attached, feedback(write, 0, comment="no"))
    await save(store, step(new_id(), owner=None, output="nobody's"), thread(owner=BOB))
    found = [record async for record in store.threads()]
    assert len(found) == 3
    for record in found:
        assert record == await get_thread(store, record.id)


async def test_the_export_has_users_as_they_are(store: Store) -> None:
    await save(store, user(metadata={"role": "admin"}), user(BOB))
    found = {record.identifier: record async for record in store.users()}
    assert found == {name: await get_user(store, name) for name in ("alice", BOB)}


async def test_a_thread_deleted_during_the_export_is_left_out(store: Store) -> None:
    writes = [thread() for _ in range(5)]
    await save(store, *writes)
    seen: list[str] = []
    async for record in store.threads():
        seen.append(record.id)
        if len(seen) == 1:
            gone = next(write.id for write in writes if write.id not in seen)
            await save(store, delete_thread(gone))
    assert len(seen) == 4
