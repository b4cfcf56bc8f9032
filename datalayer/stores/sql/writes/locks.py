"""Locks on threads. Nobody waits for one here: other threads can go on meanwhile."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from datalayer.errors import ThreadsLocked
from datalayer.stores.sql.dialect import has_one_writer
from datalayer.stores.sql.tables import threads, users

_THREADS = select(threads.c.id).where(threads.c.id.in_(bindparam("ids", expanding=True)))
_OWNED = (
    _THREADS.add_columns(func.coalesce(threads.c.userIdentifier, users.c.identifier))
    .outerjoin(users, users.c.id == threads.c.userId)
    .order_by(threads.c.id)
)
# A save leaves the key alone, so that rows which refer to it can come meanwhile.
_TO_SAVE = _OWNED.with_for_update(of=threads, key_share=True, skip_locked=True)
_TO_DELETE = _OWNED.with_for_update(of=threads, skip_locked=True)


def lock_to_save(connection: Connection, ids: Collection[str]) -> dict[str, str | None]:
    """Lock threads until the transaction ends, and return the owners of those that are there.

    Raises `ThreadsLocked` when somebody else has locked some.
    """
    return _locked(connection, _TO_SAVE, ids)


def lock_to_delete(connection: Connection, thread_id: str) -> bool:
    """Lock a thread as `lock_to_save` does, against all, and tell whether it is there."""
    return thread_id in _locked(connection, _TO_DELETE, [thread_id])


def _locked(connection: Connection, query: Any, ids: Collection[str]) -> dict[str, str | None]:
    owners = {row[0]: row[1] for row in connection.execute(query, {"ids": list(ids)})}
    others = [thread_id for thread_id in ids if thread_id not in owners]
    if others and not has_one_writer(connection):
        there = connection.execute(_THREADS, {"ids": others}).scalars().all()
        if there:
            raise ThreadsLocked(there)
    return owners
