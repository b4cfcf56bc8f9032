"""Admission: the threads, owners and rows that saves need, locked, and which saves may go on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, bindparam, select

from datalayer.records import Outcome
from datalayer.rules.batch import Item, creates_thread, row_of, thread_of
from datalayer.rules.rows import ELEMENT_COLUMNS, STEP_COLUMNS, PendingRow, stored_row
from datalayer.stores.sql.dialect import insert, lock_names
from datalayer.stores.sql.tables import elements, steps, threads, users
from datalayer.stores.sql.writes.locks import lock_to_save
from datalayer.stores.sql.writes.tombstones import Tombstone, find_tombstones
from datalayer.values import derived_id, time_of_revision
from datalayer.writes import SaveFeedback

Owners = dict[str, str | None]
RowsById = dict[str, PendingRow]

TABLES: dict[str, Table] = {"step": steps, "element": elements}
COLUMNS = {"step": STEP_COLUMNS, "element": ELEMENT_COLUMNS}


@dataclass(slots=True)
class Admission:
    """What a batch of saves may work on: its admitted items, and the rows by kind and id."""

    owners: Owners
    tombstones: dict[Tombstone, int]
    rows: dict[str, RowsById]
    items: list[Item] = field(default_factory=list)
    planned: dict[str, Any] = field(default_factory=dict)  # the write that creates each thread


def admit(connection: Connection, items: Sequence[Item]) -> Admission:
    """Resolve the saves that may not be made and return the others with their rows.

    Missing threads are created with the owner of the first save in them that is not turned away.
    The rows of all threads concerned stay locked until the transaction ends, so what is read here
    holds.
    """
    admission = _load(connection, items)
    _judge(admission, items)
    if admission.planned:
        # Creating locks the threads, and what happened to them until then is seen afterwards.
        lock_names(connection, admission.planned)
        _create_threads(connection, admission.planned)
        left = admission.items
        admission = _load(connection, left)
        _judge(admission, left, may_create=False)
    return admission


def _load(connection: Connection, items: Sequence[Item]) -> Admission:
    thread_ids = {thread_id for item in items if (thread_id := thread_of(item.write))}
    owners = lock_to_save(connection, thread_ids)
    own = {row for item in items if (row := row_of(item.write))}
    tombstones = find_tombstones(connection, own | {("thread", name) for name in thread_ids})
    rows = {kind: _stored_rows(connection, kind, items) for kind in TABLES}
    return Admission(owners, tombstones, rows)


def _judge(admission: Admission, items: Iterable[Item], *, may_create: bool = True) -> None:
    """Turn away what may not go on, one after the other: the first that may takes the place."""
    for item in items:
        if (
            not _is_gone(item, admission)
            and not _is_foreign(item, admission)
            and not _is_moved(item, admission)
            and not _is_without_thread(item, admission, may_create=may_create)
            and not _is_without_row(item, admission)
        ):
            thread_id = thread_of(item.write)
            if thread_id and thread_id not in admission.owners:
                admission.planned.setdefault(thread_id, item.write)
            admission.items.append(item)


def _stored_rows(connection: Connection, kind: str, items: Iterable[Item]) -> RowsById:
    ids = {row[1] for item in items if (row := row_of(item.write)) and row[0] == kind}
    if not ids:
        return {}
    found = connection.execute(_STORED[kind], {"ids": list(ids)})
    return {record.id: stored_row(record, COLUMNS[kind]) for record in found}


def _stored_query(table: Table) -> Any:
    common = ("id", "threadId", "revision", "fieldRevisions", "sequence", "extra")
    own = ("metadata", "favorite") if table is steps else ("ready",)
    columns = [table.c[name] for name in (*common, *own)]
    return select(*columns).where(table.c.id.in_(bindparam("ids", expanding=True)))


_STORED = {kind: _stored_query(table) for kind, table in TABLES.items()}


# Who is turned away


def _is_gone(item: Item, admission: Admission) -> bool:
    thread_id, own = thread_of(item.write), row_of(item.write)
    for tombstone in (("thread", thread_id), own):
        if tombstone in admission.tombstones:
            item.resolve(Outcome.GONE, f"{tombstone[0]} {tombstone[1]} was deleted")
            return True
    return False


def _is_foreign(item: Item, admission: Admission) -> bool:
    thread_id, owner = thread_of(item.write), getattr(item.write, "owner", None)
    planned = {name: write.owner for name, write in admission.planned.items()}
    owners = planned | admission.owners
    if thread_id not in owners or owner in (None, owners[thread_id]):
        return False
    item.resolve(Outcome.REFUSED, f"thread {thread_id} belongs to another user")
    return True


def _is_without_thread(item: Item, admission: Admission, *, may_create: bool) -> bool:
    thread_id = thread_of(item.write)
    if thread_id is None or thread_id in admission.owners or thread_id in admission.planned:
        return False
    if creates_thread(item.write):
        if may_create:
            return False
        item.resolve(Outcome.GONE, f"the owner of thread {thread_id} was deleted")
    elif isinstance(item.write, SaveFeedback):
        item.resolve(Outcome.REFUSED, f"there is no thread {thread_id}")
    else:
        item.resolve(Outcome.ABSENT, f"there is no thread {thread_id}")
    return True


def _is_moved(item: Item, admission: Admission) -> bool:
    if (own := row_of(item.write)) is None:
        return False
    kind, name = own
    row = admission.rows[kind].get(name)
    if row is None or row.thread_id == item.write.thread_id:
        return False
    item.resolve(Outcome.REFUSED, f"{kind} {name} belongs to another thread")
    return True


def _is_without_row(item: Item, admission: Admission) -> bool:
    """Turn away what needs a row that is not there; others take the place for theirs."""
    if (own := row_of(item.write)) is None or own[1] in admission.rows[own[0]]:
        return False
    kind, name = own
    if creates_thread(item.write):
        admission.rows[kind][name] = PendingRow(name, item.write.thread_id, COLUMNS[kind])
        return False
    item.resolve(Outcome.ABSENT, f"there is no {kind} {name}")
    return True


# What is created


def _create_threads(connection: Connection, planned: Mapping[str, Any]) -> None:
    revisions: dict[str, int] = {}
    for write in planned.values():
        if write.owner is not None:
            revisions[write.owner] = max(write.revision, revisions.get(write.owner, 0))
    found = ensure_users(connection, revisions)
    # Deleted, perhaps, while this transaction waited for the names.
    gone = find_tombstones(connection, [("thread", thread_id) for thread_id in planned])
    rows = [
        _thread_row(thread_id, write, found)
        for thread_id, write in sorted(planned.items())
        if ("thread", thread_id) not in gone and (write.owner is None or write.owner in found)
    ]
    if rows:
        statement = insert(connection.dialect.name, threads).on_conflict_do_nothing()
        connection.execute(statement, rows)


def _thread_row(thread_id: str, write: Any, found: dict[str, str]) -> dict[str, Any]:
    timestamp = time_of_revision(write.revision)
    return {
        "id": thread_id,
        "createdAt": timestamp,
        "updatedAt": timestamp,
        "userId": found.get(write.owner),
        "userIdentifier": write.owner,
        "metadata": {},
    }


def ensure_users(connection: Connection, revisions: dict[str, int]) -> dict[str, str]:
    """Create the users that are missing, each with its revision; return id by identifier.

    A user deleted after the revision given is not made again and not returned.
    """
    if not revisions:
        return {}
    found = _user_ids(connection, revisions)
    absent = {name: revision for name, revision in revisions.items() if name not in found}
    if absent:
        lock_names(connection, absent)
    tombstones = find_tombstones(connection, [("user", name) for name in absent])
    rows = [
        {
            "id": derived_id("user", name),
            "identifier": name,
            "metadata": {},
            "createdAt": time_of_revision(revision),
            "revision": revision,
        }
        for name, revision in sorted(absent.items())
        if tombstones.get(("user", name), -1) < revision
    ]
    if rows:
        statement = insert(connection.dialect.name, users).on_conflict_do_nothing()
        connection.execute(statement, rows)
        found |= _user_ids(connection, [row["identifier"] for row in rows])
    return found


def _user_ids(connection: Connection, names: Iterable[Any]) -> dict[str, str]:
    query = select(users.c.identifier, users.c.id).where(users.c.identifier.in_(list(names)))
    return {row.identifier: row.id for row in connection.execute(query)}
