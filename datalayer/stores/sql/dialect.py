"""How databases are spoken to differently: the one place of what they share that knows it."""

import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Dialect, Table, func, text
from sqlalchemy.dialects import postgresql, sqlite

_BUCKETS = 1_024  # so that a large batch takes no more locks than the server has room for
LOCK_CLASS = 0x6B63  # tells our advisory locks from those of others in the same database
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")
_LOCK_NAMES = text(
    "SELECT pg_advisory_xact_lock(:class, bucket) FROM unnest(CAST(:buckets AS int[])) AS bucket"
)


def has_one_writer(connection: Connection) -> bool:
    """Tell whether who writes is alone, as on SQLite: nothing is ever locked by somebody else."""
    return connection.dialect.name == "sqlite"


def has_uuids(dialect: Dialect) -> bool:
    """Tell whether there is a type for UUIDs, which takes nothing else."""
    return dialect.name == "postgresql"


def lock_names(connection: Connection, names: Iterable[str]) -> None:
    """Keep these names from others until the transaction ends, be there rows for them or not."""
    if not has_one_writer(connection):
        # Sorted, so that two who want the same names do not wait for each other.
        buckets = sorted({bucket_of(name) for name in names})
        connection.execute(_LOCK_NAMES, {"class": LOCK_CLASS, "buckets": buckets})


def bucket_of(name: str) -> int:
    """Return the number that is locked for a name."""
    return zlib.crc32(name.encode()) % _BUCKETS


def notify(connection: Connection, channel: str, payload: str) -> None:
    """Tell whoever listens, once the transaction is committed; on SQLite nobody can."""
    if not has_one_writer(connection):
        connection.execute(_NOTIFY, {"channel": channel, "payload": payload})


def insert(dialect: str, table: Table) -> Any:
    """Return the dialect's own INSERT, which knows ON CONFLICT."""
    return (postgresql if dialect == "postgresql" else sqlite).insert(table)


def not_indexed(dialect: str) -> Mapping[str, Any]:
    """Return what a changed search entry says where an index has still to learn of it."""
    return {"pending": func.txid_current()} if dialect == "postgresql" else {}
