"""The migrations, the tables and the rendered SQL meet."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from cli.render_sql import POSTGRES, SQLITE, render_postgres, render_sqlite
from datalayer.errors import SchemaMismatch
from datalayer.stores.sql.migrations import VERSION_TABLE
from datalayer.stores.sql.postgres.store import PostgresStore
from datalayer.stores.sql.sqlite.store import SqliteStore
from datalayer.stores.sql.store import SqlStore
from tests.support.builders import new_id
from tests.support.marks import on
from tests.support.schema import differences
from tests.support.servers.postgres import Postgres

OpenStore = Callable[[], SqlStore]


@pytest.fixture(params=on("sqlite", "postgres"))
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Opens stores on one new database."""
    if request.param == "sqlite":
        yield lambda: SqliteStore(tmp_path / "test.db")
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database(new_id()) as name:
        yield lambda: PostgresStore(server.url(name))


@pytest.fixture
async def store(open_store: OpenStore) -> AsyncIterator[SqlStore]:
    opened = open_store()
    yield opened
    await opened.close()


async def test_the_migrations_make_the_tables(store: SqlStore) -> None:
    await store.migrate()
    assert await store.database.read(differences) == []


async def test_the_rendered_sql_is_what_the_migrations_make() -> None:
    assert await render_sqlite() == SQLITE.read_text()
    assert render_postgres() == POSTGRES.read_text()


CATALOG = (
    "SELECT table_name, column_name, data_type, udt_name, is_nullable, column_default "
    "FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2",
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = 'public'::regnamespace ORDER BY 1",
    "SELECT version_num FROM keepchat_version",
)


async def test_a_server_takes_the_rendered_sql_for_the_same(postgres: Postgres) -> None:
    with postgres.database(new_id()) as migrated, postgres.database(new_id()) as rendered:
        store = PostgresStore(postgres.url(migrated))
        await store.migrate()
        await store.close()
        postgres.run(POSTGRES.read_text(), database=rendered)
        for query in CATALOG:
            found = postgres.query(query, database=rendered)
            assert found == postgres.query(query, database=migrated)
            assert found
        by_hand = PostgresStore(postgres.url(rendered))
        await by_hand.migrate()
        assert await by_hand.database.read(differences) == []
        await by_hand.close()


async def test_migrating_again_changes_nothing(store: SqlStore) -> None:
    await store.migrate()
    await store.migrate()
    assert await store.database.read(differences) == []


async def test_three_programs_may_start_at_once(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(3)]
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
    assert await store.database.read(lambda on: inspect(on).get_table_names()) == []
    monkeypatch.undo()
    await store.migrate()
    assert await store.database.read(differences) == []
