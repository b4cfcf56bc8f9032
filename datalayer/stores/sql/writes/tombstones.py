"""Tombstones of what was deleted, and the list of files that are still to be removed."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select

from datalayer.stores.sql.dialect import insert
from datalayer.stores.sql.tables import removals, tombstones

Tombstone = tuple[str, str]  # kind and id

_FIND = select(tombstones).where(tombstones.c.id.in_(bindparam("ids", expanding=True)))


def find_tombstones(connection: Connection, wanted: Iterable[Tombstone]) -> dict[Tombstone, int]:
    """Return the revision of each tombstone that there is."""
    keys = set(wanted)
    if not keys:
        return {}
    rows = connection.execute(_FIND, {"ids": list({name for _, name in keys})})
    return {(row.kind, row.id): row.revision for row in rows if (row.kind, row.id) in keys}


def leave_tombstones(connection: Connection, kind: str, ids: Iterable[str], revision: int) -> None:
    """Leave a tombstone for each id; a later deletion moves its revision on."""
    rows = [{"kind": kind, "id": name, "revision": revision} for name in ids]
    if not rows:
        return
    statement = insert(connection.dialect.name, tombstones)
    statement = statement.on_conflict_do_update(
        index_elements=["kind", "id"],
        set_={"revision": statement.excluded.revision},
        where=tombstones.c.revision < statement.excluded.revision,
    )
    connection.execute(statement, rows)


def record_removals(connection: Connection, keys: Iterable[str | None], revision: int) -> None:
    """Put files on the list of those whose bytes are to be removed."""
    rows = [{"objectKey": key, "revision": revision} for key in keys if key]
    if rows:
        statement = insert(connection.dialect.name, removals).on_conflict_do_nothing()
        connection.execute(statement, rows)
