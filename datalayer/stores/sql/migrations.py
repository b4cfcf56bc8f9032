"""Alembic, driven from inside the program; the versions lie in `sql/`."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect

from datalayer.errors import SchemaMismatch
from datalayer.stores.sql.tables import metadata

SCRIPTS = Path(__file__).resolve().parents[3] / "sql"
VERSION_TABLE = "keepchat_version"

Advice = Callable[[Connection], str]  # what can be done about tables that are none of ours


def upgrade(connection: Connection, advice: Advice) -> None:
    """Bring the schema to this version within the connection's transaction.

    Raises `SchemaMismatch` when the schema is newer than the program or was not made by it.
    """
    if is_behind(connection, advice):
        command.upgrade(_config(connection), "head")


def is_behind(connection: Connection, advice: Advice) -> bool:
    """Tell whether the schema is older than this version. Raises `SchemaMismatch`."""
    config = _config(connection)
    current = _current(connection)
    _refuse_foreign(connection, current, advice)
    _refuse_newer(config, current)
    return current != ScriptDirectory.from_config(config).get_current_head()


def is_ours(connection: Connection) -> bool:
    """Tell whether the schema was made by this program, or nothing like it is there yet."""
    return _current(connection) is not None or not _foreign(connection)


def new_schema_sql(dialect: str) -> str:
    """Return the statements that bring an empty database of that dialect to this version."""
    return _sql(dialect, "head")


def pending_sql(connection: Connection, advice: Advice) -> str:
    """Return the statements that `upgrade` would run. Raises `SchemaMismatch`."""
    if not is_behind(connection, advice):
        return ""
    current = _current(connection)
    return _sql(connection.dialect.name, f"{current}:head" if current else "head")


def _sql(dialect: str, target: str) -> str:
    config = _config()
    config.attributes["dialect"] = dialect
    config.output_buffer = StringIO()
    command.upgrade(config, target, sql=True)
    return config.output_buffer.getvalue()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    if connection:
        config.attributes["connection"] = connection
    return config


def _current(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def _foreign(connection: Connection) -> list[str]:
    return sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))


def _refuse_foreign(connection: Connection, current: str | None, advice: Advice) -> None:
    theirs = _foreign(connection)
    if current is None and theirs:
        message = (
            f"The database that DATABASE_URL names holds tables called {', '.join(theirs)} that "
            f"Keepchat did not make. {advice(connection)}"
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
            "Run 'git pull && make setup' to get the newer version, and start that; to go back to "
            "this one, restore a backup from before the newer one ran."
        )
        raise SchemaMismatch(message) from exc
