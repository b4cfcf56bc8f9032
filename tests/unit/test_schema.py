"""The migrations, the tables and the rendered SQL meet."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from datalayer.errors import SchemaMismatch
from datalayer.sql.migrations import VERSION_TABLE
from datalayer.sql.store import SqlStore
from datalayer.sql.tables import metadata
from operations.render_sql import TARGET, render_sqlite


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = SqlStore.sqlite(str(tmp_path / "test.db"))
    yield opened
    await opened.close()


def differences(connection: Connection) -> list[Any]:
    options = {"version_table": VERSION_TABLE, "compare_type": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


async def test_the_migrations_make_the_tables(store: SqlStore) -> None:
    await store.migrate()
    assert await store.database.read(differences) == []


async def test_the_rendered_sql_is_what_the_migrations_make() -> None:
    assert await render_sqlite() == TARGET.read_text()


async def test_migrating_again_changes_nothing(store: SqlStore) -> None:
    await store.migrate()
    await store.migrate()
    assert await store.database.read(differences) == []


async def test_three_programs_may_start_at_once(tmp_path: Path) -> None:
    stores = [SqlStore.sqlite(str(tmp_path / "test.db")) for _ in range(3)]
    await asyncio.gather(*(store.migrate() for store in stores))
    assert await stores[0].database.read(differences) == []
    for store in stores:
        await store.close()


async def test_a_newer_schema_is_refused(store: SqlStore) -> None:
    await store.migrate()
    newer = text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")  # noqa: S608 - a constant
    await store.database.write(lambda on: on.execute(newer))
    with pytest.raises(SchemaMismatch, match="newer than this version"):
        await store.migrate()


async def test_somebody_elses_tables_are_left_alone(store: SqlStore) -> None:
    theirs = text("CREATE TABLE threads (id TEXT)")
    await store.database.write(lambda on: on.execute(theirs))
    with pytest.raises(SchemaMismatch, match="threads"):
        await store.migrate()


async def test_a_migration_that_fails_leaves_nothing(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("alembic.operations.Operations.create_index", broken)
    with pytest.raises(RuntimeError):
        await store.migrate()
    tables = text("SELECT count(*) FROM sqlite_master")
    assert await store.database.read(lambda on: on.execute(tables).scalar_one()) == 0
    monkeypatch.undo()
    await store.migrate()
    assert await store.database.read(differences) == []
