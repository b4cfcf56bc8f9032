"""How a database's schema differs from the tables as the program knows them."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Table

from datalayer.stores.sql.migrations import VERSION_TABLE
from datalayer.stores.sql.tables import metadata


def differences(connection: Connection) -> list[Any]:
    """What Alembic would change, tables that another database has left aside."""

    def is_here(thing: Any, *_: Any) -> bool:
        table = thing if isinstance(thing, Table) else getattr(thing, "table", None)
        dialect = table.info.get("dialect") if table is not None else None
        return dialect in (None, connection.dialect.name)

    options = {"version_table": VERSION_TABLE, "compare_type": True, "include_object": is_here}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))
