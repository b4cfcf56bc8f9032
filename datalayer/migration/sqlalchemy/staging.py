"""Their tables, staged under other names while ours are made and filled, and then dropped."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, bindparam, text

from datalayer.migration.sqlalchemy.schema import STAGED

_FETCH = 200  # rows at a time from the driver
_POSTGRES_INDEXES = text(
    "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename IN :tables"
).bindparams(bindparam("tables", expanding=True))
_SQLITE_INDEXES = text(
    "SELECT name FROM sqlite_master "
    "WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN :tables"
).bindparams(bindparam("tables", expanding=True))
_WITHOUT_ROWID = text(
    "SELECT count(*) FROM sqlite_master WHERE name = :name AND sql LIKE '%WITHOUT ROWID%'"
)


def lock(connection: Connection, tables: Iterable[str]) -> None:
    """Keep others from the tables until the transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        names = ", ".join(_quoted(connection, table) for table in tables)
        connection.exec_driver_sql("SET LOCAL lock_timeout = '30s'")
        connection.exec_driver_sql(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")


def stage(connection: Connection, tables: list[str]) -> None:
    """Give their tables and indexes names that are not ours."""
    for table in tables:
        renamed = _quoted(connection, STAGED + table)
        statement = f"ALTER TABLE {_quoted(connection, table)} RENAME TO {renamed}"
        connection.exec_driver_sql(statement)
    staged = [STAGED + table for table in tables]
    if connection.dialect.name == "postgresql":
        _rename_indexes(connection, staged)
    else:
        _drop_indexes(connection, staged)


def _rename_indexes(connection: Connection, tables: list[str]) -> None:
    names = connection.execute(_POSTGRES_INDEXES, {"tables": tables}).scalars().all()
    for number, name in enumerate(names):
        statement = f'ALTER INDEX {_quoted(connection, name)} RENAME TO "{STAGED}{number}"'
        connection.exec_driver_sql(statement)


def _drop_indexes(connection: Connection, tables: list[str]) -> None:
    names = connection.execute(_SQLITE_INDEXES, {"tables": tables}).scalars().all()
    for name in names:
        connection.exec_driver_sql(f"DROP INDEX {_quoted(connection, name)}")


def drop(connection: Connection, tables: list[str]) -> None:
    """Drop their tables, children first."""
    for table in reversed(tables):
        connection.exec_driver_sql(f"DROP TABLE {_quoted(connection, STAGED + table)}")


def rows_of(
    connection: Connection, table: str, *, by: str | None = None
) -> Iterator[dict[str, Any]]:
    """Iterate over a table's rows as they were written, by a column first if one is named."""
    order = [_quoted(connection, column) for column in (by,) if column]
    order += stored_order(connection, table)
    ordered = f" ORDER BY {', '.join(order)}" if order else ""
    query = f"SELECT * FROM {_quoted(connection, table)}{ordered}"
    if connection.dialect.name == "postgresql":
        yield from _fetched(connection, query, f'"{table}_rows"')
    else:
        for row in connection.execute(text(query)).mappings():
            yield dict(row)


def _fetched(connection: Connection, query: str, cursor: str) -> Iterator[dict[str, Any]]:
    # The driver's own cursor stays open until the transaction ends, and would keep its table.
    connection.exec_driver_sql(f"DECLARE {cursor} NO SCROLL CURSOR FOR {query}")
    while rows := connection.exec_driver_sql(f"FETCH {_FETCH} FROM {cursor}").mappings().all():
        for row in rows:
            yield dict(row)
    connection.exec_driver_sql(f"CLOSE {cursor}")


def stored_order(connection: Connection, table: str) -> list[str]:
    """Return by what the rows of a table are in the order in which they were written."""
    if connection.dialect.name == "postgresql":
        return ["ctid"]
    return [] if connection.execute(_WITHOUT_ROWID, {"name": table}).scalar_one() else ["rowid"]


def count(connection: Connection, table: str) -> int:
    """Return how many rows a table has."""
    statement = text(f"SELECT count(*) FROM {_quoted(connection, table)}")
    found: int = connection.execute(statement).scalar_one()
    return found


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
