"""Users: their rows, and the metadata that the newest sign-in brought."""

from collections.abc import Sequence

from sqlalchemy import Connection, case, or_, update

from datalayer.records import Outcome
from datalayer.rules.batch import Item
from datalayer.stores.sql.tables import users
from datalayer.stores.sql.writes.admission import ensure_users


def save_users(connection: Connection, items: Sequence[Item]) -> None:
    """Create users or replace their metadata, and resolve the saves."""
    if not items:
        return
    newest: dict[str, int] = {}
    for item in items:
        name = item.write.identifier
        newest[name] = max(item.write.revision, newest.get(name, 0))
    known = ensure_users(connection, newest)
    for item in items:
        if item.write.identifier in known:
            _save_user(connection, item)
        else:
            item.resolve(Outcome.GONE, f"user {item.write.identifier!r} was deleted")


def _save_user(connection: Connection, item: Item) -> None:
    write = item.write
    known = users.c.metadataRevision
    statement = (
        update(users)
        .where(users.c.identifier == write.identifier)
        .where(or_(known.is_(None), known < write.revision))
        .values(
            metadata=dict(write.metadata),
            metadataRevision=write.revision,
            revision=case(
                (users.c.revision > write.revision, users.c.revision), else_=write.revision
            ),
        )
    )
    done = connection.execute(statement)
    item.resolve(Outcome.APPLIED if done.rowcount else Outcome.STALE)
