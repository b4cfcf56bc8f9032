"""The few places where SQLite and PostgreSQL are spoken to differently."""

import zlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Table, text
from sqlalchemy.dialects import postgresql, sqlite

_BUCKETS = 1_024  # so that a large batch takes no more locks than the server has room for
_CLASS = 0x6B63  # tells our advisory locks from those of others in the same database
_LOCK_NAMES = text(
    "SELECT pg_advisory_xact_lock(:class, bucket) FROM unnest(CAST(:buckets AS int[])) AS bucket"
)


_LOCK_SCHEMA = text("SELECT pg_advisory_xact_lock(:class, 0)")
_SCHEMA_CLASS = _CLASS + 1


def lock_schema(connection: Connection) -> None:
    """Keep other processes from migrating until the transaction ends. PostgreSQL only."""
    connection.execute(_LOCK_SCHEMA, {"class": _SCHEMA_CLASS})


def lock_names(connection: Connection, names: Iterable[str]) -> None:
    """Keep these names from others until the transaction ends, be there rows for them or not.

    SQLite has one writer at a time and needs no such locks.
    """
    if connection.dialect.name == "postgresql":
        # Sorted, so that two who want the same names do not wait for each other.
        buckets = sorted({zlib.crc32(name.encode()) % _BUCKETS for name in names})
        connection.execute(_LOCK_NAMES, {"class": _CLASS, "buckets": buckets})


def insert(dialect: str, table: Table) -> Any:
    """Return the dialect's own INSERT, which knows ON CONFLICT."""
    return (postgresql if dialect == "postgresql" else sqlite).insert(table)
