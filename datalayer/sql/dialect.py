"""The few places where SQLite and PostgreSQL are spoken to differently."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func
from sqlalchemy.dialects import postgresql, sqlite


def insert(dialect: str, table: Table) -> Any:
    """Return the dialect's own INSERT, which knows ON CONFLICT."""
    return (postgresql if dialect == "postgresql" else sqlite).insert(table)


def contains(connection: Connection, text: ColumnElement[str], needle: str) -> ColumnElement[bool]:
    """Return the condition that a text contains another, no character being special."""
    name = "strpos" if connection.dialect.name == "postgresql" else "instr"
    found: ColumnElement[bool] = getattr(func, name)(text, needle) > 0
    return found
