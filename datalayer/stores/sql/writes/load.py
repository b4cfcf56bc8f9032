"""What the rules ask, locked until the transaction ends."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, Table, bindparam, func, or_, select

from datalayer.errors import ThreadsLocked
from datalayer.rules.loading import (
    ElementLink,
    Loaded,
    Members,
    Need,
    StepLink,
    StoredFeedback,
    StoredPreferences,
    StoredRow,
    StoredThread,
    StoredUser,
    Tombstone,
)
from datalayer.stores.sql.dialect import has_one_writer, lock_names
from datalayer.stores.sql.tables import (
    elements,
    feedbacks,
    removals,
    steps,
    threads,
    tombstones,
    user_preferences,
    users,
)

_NAMES: BindParameter[Any] = bindparam("names", expanding=True)
_THREADS = (
    select(
        threads.c.id,
        func.coalesce(threads.c.userIdentifier, users.c.identifier).label("owner"),
        threads.c.userId,
        threads.c.updatedAt,
        threads.c.metadata,
        threads.c.fieldRevisions,
    )
    .outerjoin(users, users.c.id == threads.c.userId)
    .where(threads.c.id.in_(_NAMES))
    .order_by(threads.c.id)
)
# A save leaves the key alone, so that rows which refer to it can come meanwhile. Nobody waits for a
# thread here: others can go on meanwhile.
_TO_SAVE = _THREADS.with_for_update(of=threads, key_share=True, skip_locked=True)
_TO_DELETE = _THREADS.with_for_update(of=threads, skip_locked=True)
_THERE = select(threads.c.id).where(threads.c.id.in_(_NAMES))
_USERS = (
    select(users.c.id, users.c.identifier, users.c.revision, users.c.metadataRevision)
    .where(users.c.identifier.in_(_NAMES))
    .order_by(users.c.id)
)
_PREFERENCES = select(
    users.c.identifier, user_preferences.c.preferences, user_preferences.c.fieldRevisions
).where(users.c.id == user_preferences.c.userId, users.c.identifier.in_(_NAMES))
_TO_CHANGE = _USERS.with_for_update()
_TO_OWN = _USERS.with_for_update(read=True, key_share=True)
_TOMBSTONES = select(tombstones).where(tombstones.c.id.in_(_NAMES))
_REMOVALS = select(removals.c.objectKey).where(removals.c.objectKey.in_(_NAMES))
_FEEDBACKS = select(
    feedbacks.c.id, feedbacks.c.forId, feedbacks.c.threadId, feedbacks.c.revision
).where(
    or_(
        feedbacks.c.forId.in_(bindparam("steps", expanding=True)),
        feedbacks.c.id.in_(bindparam("ids", expanding=True)),
    )
)
_STEP_LINKS = select(steps.c.id, steps.c.parentId, steps.c.createdAt, steps.c.sequence).where(
    steps.c.threadId == bindparam("thread")
)
_ELEMENT_LINKS = select(elements.c.id, elements.c.forId, elements.c.objectKey).where(
    elements.c.threadId == bindparam("thread")
)


def _rows_query(table: Table, *own: str) -> Select[Any]:
    common = ("id", "threadId", "revision", "fieldRevisions", "sequence", "extra")
    return select(*(table.c[name] for name in (*common, *own))).where(table.c.id.in_(_NAMES))


_STEPS = _rows_query(steps, "metadata", "favorite")
_ELEMENTS = _rows_query(elements, "ready", "objectKey")


def load(connection: Connection, need: Need) -> Loaded:
    """Return what is there of a need. Raises `ThreadsLocked` when others have locked threads."""
    return Loaded(
        # First, and in this order for all: what is read afterwards holds.
        threads=_threads(connection, need),
        users=[
            *_users(connection, _TO_CHANGE, need.users),
            *_users(connection, _TO_OWN, need.owners),
        ],
        preferences=[
            StoredPreferences(*row) for row in _found(connection, _PREFERENCES, need.preferences)
        ],
        tombstones=_tombstones(connection, need),
        steps=[_step(row) for row in _found(connection, _STEPS, need.steps)],
        elements=[_element(row) for row in _found(connection, _ELEMENTS, need.elements)],
        feedbacks=_feedbacks(connection, need),
        removals=[row.objectKey for row in _found(connection, _REMOVALS, need.removals)],
        members={name: _members(connection, name) for name in need.members_of},
    )


def _found(connection: Connection, query: Any, names: Collection[str]) -> Iterable[Any]:
    return connection.execute(query, {"names": list(names)}) if names else ()


def _threads(connection: Connection, need: Need) -> list[StoredThread]:
    shared, exclusive = need.threads - need.exclusive, need.exclusive
    found = [
        *_locked(connection, _TO_SAVE, shared, _locked_threads),
        *_locked(connection, _TO_DELETE, exclusive, _locked_threads),
    ]
    return [
        StoredThread(
            row.id,
            row.owner,
            row.userId,
            row.updatedAt,
            row.metadata or {},
            row.fieldRevisions or {},
        )
        for row in found
    ]


def _users(connection: Connection, query: Any, names: Collection[str]) -> list[StoredUser]:
    return [
        StoredUser(row.id, row.identifier, row.revision or 0, row.metadataRevision or 0)
        for row in _locked(connection, query, names, _locked_users)
    ]


Locked = Callable[[Connection, Any, Collection[str]], dict[str, Any]]


def _locked(
    connection: Connection, query: Any, names: Collection[str], lock: Locked
) -> Iterable[Any]:
    """Lock rows, and the names of those that are not there, which may have come until then."""
    if not names:
        return ()
    found = lock(connection, query, names)
    absent = [name for name in names if name not in found]
    if absent and not has_one_writer(connection):
        lock_names(connection, absent)
        found |= lock(connection, query, absent)
    return found.values()


def _locked_threads(connection: Connection, query: Any, names: Collection[str]) -> dict[str, Any]:
    found = {row.id: row for row in _found(connection, query, names)}
    absent = [name for name in names if name not in found]
    if absent and not has_one_writer(connection):
        there = connection.execute(_THERE, {"names": absent}).scalars().all()
        if there:
            raise ThreadsLocked(there)
    return found


def _locked_users(connection: Connection, query: Any, names: Collection[str]) -> dict[str, Any]:
    return {row.identifier: row for row in _found(connection, query, names)}


def _tombstones(connection: Connection, need: Need) -> dict[Tombstone, int]:
    asked = {
        *(("user", name) for name in need.users | need.owners),
        *(("thread", name) for name in need.threads),
        *(("step", name) for name in need.steps),
        *(("element", name) for name in need.elements),
        *(("feedback", name) for name in need.feedbacks),
    }
    rows = _found(connection, _TOMBSTONES, {name for _, name in asked})
    return {(row.kind, row.id): row.revision for row in rows if (row.kind, row.id) in asked}


def _step(row: Any) -> StoredRow:
    metadata: Mapping[str, Any] | None = row.metadata
    if metadata is not None:
        metadata = {name: value for name, value in metadata.items() if name != "favorite"}
    return _row(row)._replace(metadata=metadata, favorite=row.favorite)


def _element(row: Any) -> StoredRow:
    return _row(row)._replace(ready=bool(row.ready), object_key=row.objectKey)


def _row(row: Any) -> StoredRow:
    return StoredRow(
        row.id,
        row.threadId,
        row.revision or 0,
        row.fieldRevisions or {},
        row.sequence or 0,
        row.extra or {},
    )


def _feedbacks(connection: Connection, need: Need) -> list[StoredFeedback]:
    if not need.feedback_of and not need.feedbacks:
        return []
    values = {"steps": list(need.feedback_of), "ids": list(need.feedbacks)}
    return [
        StoredFeedback(row.id, row.forId, row.threadId, row.revision or 0)
        for row in connection.execute(_FEEDBACKS, values)
    ]


def _members(connection: Connection, thread_id: str) -> Members:
    values = {"thread": thread_id}
    own = connection.execute(_STEP_LINKS, values)
    hanging = connection.execute(_ELEMENT_LINKS, values)
    return Members(
        [StepLink(row.id, row.parentId, row.createdAt, row.sequence or 0) for row in own],
        [ElementLink(row.id, row.forId, row.objectKey) for row in hanging],
    )
