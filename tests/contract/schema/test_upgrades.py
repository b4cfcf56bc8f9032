"""A database that an older version has made and filled is brought to this one."""

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from datalayer.stores.sql.migrations import SCRIPTS
from datalayer.stores.sql.store import SqlStore
from tests.support.backends import DatabaseBackend, PostgresBackend
from tests.support.builders import found_by, get_step, get_thread, new_id, save, step, thread
from tests.support.schema import differences

BEFORE_HIDDEN = "0003"


def downgrade(connection: Connection) -> None:
    """Make the database one of the version before steps could be hidden."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    command.downgrade(config, BEFORE_HIDDEN)
    # As it stored a step all of whose fields were given.
    connection.execute(text('UPDATE steps SET "fieldRevisions" = NULL'))


@pytest.mark.fresh_database
async def test_steps_of_before_are_shown_and_can_be_hidden(
    database: DatabaseBackend, sql_store: SqlStore
) -> None:
    said = step(new_id(), output="needle")
    await save(sql_store, said, step(said.thread_id, output="hay"), thread(name="other"))
    await sql_store.database.migrate(downgrade)
    await sql_store.close()
    store = database.open()
    assert await store.needs_migration()
    place = await place_of_steps(database, store)
    await store.migrate()
    assert await place_of_steps(database, store) == place
    assert await store.database.read(differences) == []
    assert [it.fields["hidden"] for it in (await get_thread(store, said.thread_id)).steps] == [
        *(None, None)
    ]
    assert await found_by(store, "needle") == [said.thread_id]
    await save(store, step(said.thread_id, said.id, hidden=True))
    assert (await get_step(store, said)).fields["output"] == "needle"
    assert await found_by(store, "needle") == []
    await save(store, step(said.thread_id, said.id, hidden=False))
    assert await found_by(store, "needle") == [said.thread_id]
    await store.close()


async def place_of_steps(database: DatabaseBackend, store: SqlStore) -> object:
    """The file in which PostgreSQL has the steps: another one where all were written anew."""
    if not isinstance(database, PostgresBackend):
        return None
    query = text("SELECT pg_relation_filenode('steps')")
    return await store.database.read(lambda on: on.execute(query).scalar())
