"""What the rules change, made in a transaction."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    Table,
    Text,
    cast,
    delete,
    literal,
    select,
    update,
)

from datalayer.errors import StoreHeldUp, ThreadsLocked
from datalayer.rules.changes import Changes, DropUser
from datalayer.rules.loading import Tombstone
from datalayer.rules.pending import (
    PendingFeedback,
    PendingPreferences,
    PendingRow,
    PendingThread,
    PendingUser,
)
from datalayer.sections import MAIN
from datalayer.stores.sql.dialect import has_one_writer, insert
from datalayer.stores.sql.flags import flag_threads
from datalayer.stores.sql.tables import (
    elements,
    feedbacks,
    removals,
    search_entries,
    steps,
    threads,
    tombstones,
    user_preferences,
    users,
)
from datalayer.stores.sql.writes.search_entries import SearchText, index_texts


def make(connection: Connection, changes: Changes) -> None:
    """Make all changes. Raises `ThreadsLocked`, or `StoreHeldUp` when a row came into being."""
    _leave_tombstones(connection, changes.tombstones)
    _record_removals(connection, changes.removals)
    _drop(connection, changes)
    _put_users(connection, changes.users)
    _put_preferences(connection, changes.preferences)
    _put_threads(connection, changes.threads)
    _put_rows(connection, steps, changes.steps)
    _put_rows(connection, elements, changes.elements)
    _put_feedbacks(connection, changes.feedbacks)
    index_texts(connection, _texts(changes))
    flag_threads(connection, changes.flagged)
    if changes.forgotten:
        connection.execute(delete(removals).where(removals.c.objectKey.in_(changes.forgotten)))


# What is dropped


def _drop(connection: Connection, changes: Changes) -> None:
    for user in changes.dropped_users:
        _drop_user(connection, user)
    for thread in changes.dropped_threads:
        _drop_threads(connection, threads.c.id == thread.id, thread.revision)
    if ids := list(changes.dropped_steps):
        texts = search_entries.c.kind == "step"
        connection.execute(delete(search_entries).where(texts, search_entries.c.id.in_(ids)))
        connection.execute(delete(feedbacks).where(feedbacks.c.forId.in_(ids)))
        connection.execute(delete(steps).where(steps.c.id.in_(ids)))
    if ids := list(changes.dropped_elements):
        connection.execute(delete(elements).where(elements.c.id.in_(ids)))
    if ids := list(changes.dropped_feedbacks):
        connection.execute(delete(feedbacks).where(feedbacks.c.id.in_(ids)))


def _drop_user(connection: Connection, user: DropUser) -> None:
    theirs = threads.c.userId == user.id
    _lock(connection, select(threads.c.id).where(theirs))
    gone = select(literal("thread"), cast(threads.c.id, Text), literal(user.revision)).where(theirs)
    statement = insert(connection.dialect.name, tombstones).from_select(
        ["kind", "id", "revision"], gone
    )
    # One that is there was left by a write of this batch, which the rules have judged.
    connection.execute(statement.on_conflict_do_nothing())
    _drop_threads(connection, theirs, user.revision)
    connection.execute(delete(users).where(users.c.id == user.id))


def _lock(connection: Connection, theirs: Select[Any]) -> None:
    """Lock the threads of a user. Raises `ThreadsLocked` when others have locked some."""
    if has_one_writer(connection):
        return
    mine = connection.scalars(theirs.with_for_update(skip_locked=True)).all()
    there = connection.scalars(theirs).all()
    if len(there) > len(mine):
        raise ThreadsLocked(set(there).difference(mine))


def _drop_threads(connection: Connection, which: Any, revision: int) -> None:
    """Record the files of threads for removal, and remove all that is in them."""
    theirs = elements.c.threadId.in_(select(threads.c.id).where(which))
    files = select(elements.c.objectKey, literal(revision)).where(
        theirs, elements.c.objectKey.is_not(None)
    )
    recorded = insert(connection.dialect.name, removals).from_select(
        ["objectKey", "revision"], files
    )
    connection.execute(recorded.on_conflict_do_nothing())
    connection.execute(delete(threads).where(which))  # all that refers to them goes with them


# What is put


def _leave_tombstones(connection: Connection, left: Mapping[Tombstone, int]) -> None:
    rows = [{"kind": kind, "id": name, "revision": at} for (kind, name), at in left.items()]
    if rows:
        statement = insert(connection.dialect.name, tombstones)
        moving_on = statement.on_conflict_do_update(
            index_elements=["kind", "id"], set_={"revision": statement.excluded.revision}
        )
        connection.execute(moving_on, rows)


def _record_removals(connection: Connection, recorded: Mapping[str, int]) -> None:
    rows = [{"objectKey": key, "revision": revision} for key, revision in recorded.items()]
    if rows:
        statement = insert(connection.dialect.name, removals).on_conflict_do_nothing()
        connection.execute(statement, rows)


def _put_users(connection: Connection, changed: Iterable[PendingUser]) -> None:
    new = [user for user in changed if user.created_at]
    _insert(connection, users, [_new_user(user) for user in new])
    for user in changed:
        if not user.created_at:
            _update(connection, users, user.id, _user_values(user))


def _new_user(user: PendingUser) -> dict[str, Any]:
    own = {"id": user.id, "identifier": user.identifier, "createdAt": user.created_at}
    return {**own, "metadata": {}, "metadataRevision": None, **_user_values(user)}


def _user_values(user: PendingUser) -> dict[str, Any]:
    values: dict[str, Any] = {"revision": user.revision}
    if user.metadata is not None:
        values |= {"metadata": dict(user.metadata), "metadataRevision": user.metadata_revision}
    return values


def _put_preferences(connection: Connection, changed: Iterable[PendingPreferences]) -> None:
    rows = [
        {"userId": it.user_id, "preferences": it.preferences, "fieldRevisions": it.revisions}
        for it in changed
    ]
    if rows:
        statement = insert(connection.dialect.name, user_preferences)
        kept = {name: statement.excluded[name] for name in ("preferences", "fieldRevisions")}
        connection.execute(
            statement.on_conflict_do_update(index_elements=["userId"], set_=kept), rows
        )


def _put_threads(connection: Connection, changed: Sequence[PendingThread]) -> None:
    _insert(connection, threads, [_new_thread(thread) for thread in changed if thread.is_new])
    for thread in changed:
        if not thread.is_new:
            _update(connection, threads, thread.id, thread.changed)


def _new_thread(thread: PendingThread) -> dict[str, Any]:
    own = {"id": thread.id, "userId": thread.user_id, "userIdentifier": thread.owner}
    rest = {"name": None, "tags": None, "fieldRevisions": None}
    place = {"pinned": False, "section": MAIN}
    return {**own, **rest, **place, **thread.changed}  # the same columns for all: they go together


def _put_rows(connection: Connection, table: Table, rows: Sequence[PendingRow]) -> None:
    for columns, group in groupby(sorted(rows, key=_columns), key=_columns):
        statement = _upsert(connection.dialect.name, table, columns)
        _execute(connection, statement, table, [row.values() for row in group])


def _columns(row: PendingRow) -> tuple[str, ...]:
    return tuple(sorted(row.changed))


@cache
def _upsert(dialect: str, table: Table, columns: tuple[str, ...]) -> Any:
    statement = insert(dialect, table)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["id"],
        set_={name: new[name] for name in (*columns, "revision", "fieldRevisions")},
        where=table.c.threadId == new.threadId,
    )


def _put_feedbacks(connection: Connection, changed: Sequence[PendingFeedback]) -> None:
    rows = [feedback.values() for feedback in changed]
    if rows:
        connection.execute(_upsert_feedback(connection.dialect.name), rows)


@cache
def _upsert_feedback(dialect: str) -> Any:
    statement = insert(dialect, feedbacks)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["forId"],
        set_={name: new[name] for name in ("value", "comment", "extra", "revision")},
    )


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        statement = insert(connection.dialect.name, table).on_conflict_do_nothing()
        _execute(connection, statement, table, rows)


def _execute(
    connection: Connection, statement: Any, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Put rows. Raises `StoreHeldUp` when one came into being elsewhere since it was looked for."""
    if has_one_writer(connection):
        connection.execute(statement, rows)
        return
    taken = connection.execute(statement.returning(table.c.id), rows).all()
    if len(taken) < len(rows):
        message = f"Rows of {table.name} were made by somebody else meanwhile; it is tried again."
        raise StoreHeldUp(message)


def _update(connection: Connection, table: Table, row_id: str, values: Mapping[str, Any]) -> None:
    connection.execute(update(table).where(table.c.id == row_id).values(values))


def _texts(changes: Changes) -> list[SearchText]:
    names = [
        SearchText("thread", it.id, it.id, it.changed["name"])
        for it in changes.threads
        if "name" in it.changed
    ]
    outputs = [
        SearchText("step", it.id, it.thread_id, str(it.changed["output"] or ""))
        for it in changes.steps
        if "output" in it.changed
    ]
    return names + outputs
