"""Alembic, driven from inside the program; the versions lie in `sql/`."""

from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect

from datalayer.errors import SchemaMismatch
from datalayer.sql.tables import metadata

SCRIPTS = Path(__file__).resolve().parents[2] / "sql"
VERSION_TABLE = "keepchat_version"


def upgrade(connection: Connection) -> None:
    """Bring the schema to this version within the connection's transaction.

    Raises `SchemaMismatch` when the schema is newer than the program or was not made by it.
    """
    if is_behind(connection):
        command.upgrade(_config(connection), "head")


def is_behind(connection: Connection) -> bool:
    """Tell whether the schema is older than this version. Raises `SchemaMismatch`."""
    config = _config(connection)
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    current = context.get_current_revision()
    _refuse_foreign(connection, current)
    _refuse_newer(config, current)
    return current != ScriptDirectory.from_config(config).get_current_head()


def postgres_sql() -> str:
    """Return the statements that bring an empty PostgreSQL database to this version."""
    config = _config()
    config.output_buffer = StringIO()
    command.upgrade(config, "head", sql=True)
    return config.output_buffer.getvalue()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    if connection:
        config.attributes["connection"] = connection
    return config


def _refuse_foreign(connection: Connection, current: str | None) -> None:
    theirs = set(inspect(connection).get_table_names()) & set(metadata.tables)
    if current is None and theirs:
        message = (
            f"The database that DATABASE_URL names holds tables called {', '.join(sorted(theirs))} "
            "that Keepchat did not make. Name another database."
        )
        raise SchemaMismatch(message)


def _refuse_newer(config: Config, current: str | None) -> None:
    if current is None:
        return
    try:
        ScriptDirectory.from_config(config).get_revision(current)
    except CommandError as exc:
        message = (
            f"The database's schema ({current}) is newer than this version of Keepchat. "
            "Install the version that last used it, or a later one."
        )
        raise SchemaMismatch(message) from exc
