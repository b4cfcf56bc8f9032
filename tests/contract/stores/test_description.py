"""The contract of stores: what they say of themselves, and backups."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from datalayer.errors import BackupFailed, StoreUnavailable
from datalayer.stores.sql.sqlite.store import SqliteStore
from datalayer.stores.sql.store import SqlStore
from tests.support.backends import DatabaseBackend
from tests.support.builders import get_step, new_id, save, step, unchanged


def files(folder: Path) -> set[Path]:
    return set(folder.iterdir())


async def test_what_database_it_is(sql_store: SqlStore) -> None:
    await save(sql_store, step(new_id(), output="x"))
    async with unchanged(sql_store):
        about = await sql_store.describe()
    name, _, version = about.summary.partition(" ")
    assert name in ("SQLite", "PostgreSQL")
    assert version[0].isdecimal()
    assert (about.is_there, about.warning, about.remedy) == (True, "", "")


async def test_a_server_that_is_away_and_a_file_that_can_never_be(
    database: DatabaseBackend,
) -> None:
    store = database.unreachable()
    if store.is_remote:
        with pytest.raises(StoreUnavailable):
            await store.describe()
    else:
        assert (await store.describe()).is_there  # nothing that a start would make
    await store.close()


async def test_a_backup_is_whole_and_its_owners_alone(sql_store: SqlStore, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "backups"
    await save(sql_store, step(new_id(), output="x"))
    async with unchanged(sql_store):
        paths = {await sql_store.backup(folder), await sql_store.backup(folder)}
    assert files(folder) == paths
    assert len(paths) == 2
    for path in paths:
        assert path.stat().st_mode & 0o077 == 0
        assert path.stat().st_size > 1_000


async def test_a_backup_that_cannot_be_made_leaves_nothing(
    sql_store: SqlStore, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    before = files(tmp_path)
    with pytest.raises(BackupFailed, match="No backup could be made") as caught:
        await sql_store.backup(tmp_path / "file" / "backups")
    assert "\n" not in str(caught.value)
    assert files(tmp_path) == before


async def test_a_copy_of_a_file_is_as_it_was_at_one_moment(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "keepchat.db")
    await store.migrate()
    first, second = step(new_id(), output="before"), step(new_id(), output="after")
    await save(store, first)
    with closing(sqlite3.connect(tmp_path / "keepchat.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # it is in use
        path = await store.backup(tmp_path / "backups")
    await save(store, second)
    await store.close()
    copy = SqliteStore(path)
    assert not await copy.needs_migration()
    assert (await get_step(copy, first)).fields["output"] == "before"
    assert await copy.get_step(second.id) is None
    await copy.close()


async def test_a_file_that_is_no_database_has_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"These are notes. " * 1_000)
    store = SqliteStore(path)
    with pytest.raises(BackupFailed, match="not a database"):
        await store.backup(tmp_path / "backups")
    assert files(tmp_path / "backups") == set()
    await store.close()
