"""Deletes: all below the row goes in the same transaction, and a tombstone stays."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table, and_, literal, select
from sqlalchemy import delete as sql_delete

from datalayer.records import Outcome
from datalayer.rules.batch import Item
from datalayer.rules.ordering import creation_order
from datalayer.stores.sql.dialect import lock_names
from datalayer.stores.sql.flags import flag_threads
from datalayer.stores.sql.tables import (
    elements,
    feedbacks,
    removals,
    search_entries,
    steps,
    threads,
    users,
)
from datalayer.stores.sql.writes.locks import lock_to_delete
from datalayer.stores.sql.writes.tombstones import leave_tombstones, record_removals
from datalayer.writes import (
    DeleteElement,
    DeleteFeedback,
    DeleteStep,
    DeleteStepsAfter,
    DeleteThread,
    DeleteUser,
    ForgetRemovals,
)


def delete(connection: Connection, items: Sequence[Item]) -> bool:
    """Make the deletes of a segment and resolve them; False when it is a segment of saves."""
    handler = _HANDLERS.get(type(items[0].write))
    if handler is None:
        return False
    # All at once and in order, so that two batches do not wait for each other.
    names = {name for item in items if (name := _lock_name(item.write))}
    if names:
        lock_names(connection, names)
    for item in items:
        handler(connection, item)
    return True


def _lock_name(write: Any) -> str | None:
    """Return the name under which saves are kept from what is deleted, be it there or not."""
    if isinstance(write, DeleteUser):
        return write.identifier
    if isinstance(write, ForgetRemovals):
        return None
    return write.id if isinstance(write, DeleteThread) else write.thread_id


def _resolve(item: Item, found: bool) -> None:
    item.resolve(Outcome.APPLIED if found else Outcome.ABSENT)


def _delete_user(connection: Connection, item: Item) -> None:
    name, revision = item.write.identifier, item.write.revision
    query = select(users.c.id, users.c.revision).where(users.c.identifier == name)
    row = connection.execute(query.with_for_update()).one_or_none()
    leave_tombstones(connection, "user", [name], revision)
    if row and (row.revision or 0) > revision:
        item.resolve(Outcome.STALE, f"user {name!r} was made again")
        return
    found = row.id if row else None
    if found:
        mine = connection.execute(select(threads.c.id).where(threads.c.userId == found))
        for (thread_id,) in mine.all():
            _remove_thread(connection, thread_id, revision)
        connection.execute(sql_delete(users).where(users.c.id == found))
    _resolve(item, bool(found))


def _delete_thread(connection: Connection, item: Item) -> None:
    _resolve(item, _remove_thread(connection, item.write.id, item.write.revision))


def _remove_thread(connection: Connection, thread_id: str, revision: int) -> bool:
    found = lock_to_delete(connection, thread_id)
    leave_tombstones(connection, "thread", [thread_id], revision)
    if not found:
        return False
    _record_files(connection, elements.c.threadId == thread_id, revision)
    for table in (feedbacks, elements, search_entries, steps):
        connection.execute(sql_delete(table).where(table.c.threadId == thread_id))
    connection.execute(sql_delete(threads).where(threads.c.id == thread_id))
    return True


def _delete_step(connection: Connection, item: Item) -> None:
    write = item.write
    lock_to_delete(connection, write.thread_id)
    if _elsewhere(connection, steps, item):
        return
    found = _value(connection, select(steps.c.id).where(steps.c.id == write.id))
    start = select(literal(write.id, steps.c.id.type).label("id"))
    _remove_steps(connection, start, write)
    _resolve(item, bool(found))


def _delete_steps_after(connection: Connection, item: Item) -> None:
    write = item.write
    lock_to_delete(connection, write.thread_id)
    if _elsewhere(connection, steps, item):
        return
    columns = select(steps.c.id, steps.c.createdAt, steps.c.sequence)
    rows = connection.execute(columns.where(steps.c.threadId == write.thread_id)).all()
    order = {row.id: creation_order(row.createdAt, row.sequence, row.id) for row in rows}
    if write.id not in order:
        item.resolve(Outcome.ABSENT)
        return
    later = [
        row.id
        for row in rows
        if order[row.id] > order[write.id] and (row.sequence or 0) < write.revision
    ]
    start = select(steps.c.id).where(steps.c.id.in_(later))
    _resolve(item, _remove_steps(connection, start, write))


def _remove_steps(connection: Connection, start: Select[tuple[str]], write: Any) -> bool:
    family = _family(connection, start, write.thread_id)
    leave_tombstones(connection, "step", family, write.revision)
    mine = elements.c.threadId == write.thread_id
    _remove_elements(connection, and_(mine, elements.c.forId.in_(family)), write.revision)
    connection.execute(sql_delete(feedbacks).where(feedbacks.c.forId.in_(family)))
    texts = and_(search_entries.c.kind == "step", search_entries.c.id.in_(family))
    connection.execute(sql_delete(search_entries).where(texts))
    connection.execute(sql_delete(steps).where(steps.c.id.in_(family)))
    flag_threads(connection, [write.thread_id])
    return bool(family)


def _family(connection: Connection, start: Select[tuple[str]], thread_id: str) -> list[str]:
    """Return the ids of steps, be they there or not, and of all their descendants."""
    tree = start.cte("tree", recursive=True)
    children = select(steps.c.id).join(tree, steps.c.parentId == tree.c.id)
    tree = tree.union(children.where(steps.c.threadId == thread_id))
    return list((connection.execute(select(tree.c.id))).scalars())


def _delete_element(connection: Connection, item: Item) -> None:
    write = item.write
    lock_to_delete(connection, write.thread_id)
    if _elsewhere(connection, elements, item):
        return
    leave_tombstones(connection, "element", [write.id], write.revision)
    found = _remove_elements(connection, elements.c.id == write.id, write.revision)
    _resolve(item, found)


def _delete_feedback(connection: Connection, item: Item) -> None:
    if item.write.thread_id:
        lock_to_delete(connection, item.write.thread_id)
    query = select(feedbacks.c.revision, feedbacks.c.threadId)
    query = query.where(feedbacks.c.id == item.write.id)
    row = connection.execute(query).one_or_none()
    leave_tombstones(connection, "feedback", [item.write.id], item.write.revision)
    if row and (row.revision or 0) > item.write.revision:
        item.resolve(Outcome.STALE, f"feedback {item.write.id} was given again")
        return
    if row:
        connection.execute(sql_delete(feedbacks).where(feedbacks.c.id == item.write.id))
        flag_threads(connection, [row.threadId])
    _resolve(item, row is not None)


def _forget_removals(connection: Connection, item: Item) -> None:
    keys = list(item.write.object_keys)
    done = connection.execute(sql_delete(removals).where(removals.c.objectKey.in_(keys)))
    _resolve(item, bool(done.rowcount))


def _remove_elements(connection: Connection, which: Any, revision: int) -> bool:
    ids = _record_files(connection, which, revision)
    leave_tombstones(connection, "element", ids, revision)
    connection.execute(sql_delete(elements).where(elements.c.id.in_(ids)))
    return bool(ids)


def _record_files(connection: Connection, which: Any, revision: int) -> list[str]:
    """Record the files of elements for removal and return the elements' ids."""
    query = select(elements.c.id, elements.c.objectKey).where(which)
    rows = (connection.execute(query)).all()
    record_removals(connection, [row.objectKey for row in rows], revision)
    return [row.id for row in rows]


def _elsewhere(connection: Connection, table: Table, item: Item) -> bool:
    query = select(table.c.threadId).where(table.c.id == item.write.id)
    home = _value(connection, query)
    if home in (None, item.write.thread_id):
        return False
    item.resolve(Outcome.REFUSED, f"{item.write.id} belongs to another thread")
    return True


def _value(connection: Connection, query: Any) -> str | None:
    value: str | None = (connection.execute(query)).scalar_one_or_none()
    return value


DeleteHandler = Callable[[Connection, Item], None]

_HANDLERS: dict[type, DeleteHandler] = {
    DeleteUser: _delete_user,
    DeleteThread: _delete_thread,
    DeleteStep: _delete_step,
    DeleteStepsAfter: _delete_steps_after,
    DeleteElement: _delete_element,
    DeleteFeedback: _delete_feedback,
    ForgetRemovals: _forget_removals,
}
