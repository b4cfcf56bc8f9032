"""Saves: after admission, the rows of each kind are merged and written together."""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import BindParameter, Connection, Table, bindparam, or_, update

from datalayer.records import Outcome
from datalayer.rules.batch import Item, row_of
from datalayer.rules.rows import PendingRow
from datalayer.stores.sql.dialect import insert
from datalayer.stores.sql.flags import flag_threads
from datalayer.stores.sql.tables import threads
from datalayer.stores.sql.writes.admission import TABLES, Admission, admit
from datalayer.stores.sql.writes.feedback import save_feedback
from datalayer.stores.sql.writes.search_entries import SearchText, index_texts
from datalayer.stores.sql.writes.threads import save_threads
from datalayer.stores.sql.writes.tombstones import record_removals
from datalayer.stores.sql.writes.users import save_users
from datalayer.values import time_of_revision
from datalayer.writes import (
    FinishElement,
    SaveElement,
    SaveFeedback,
    SaveStep,
    SaveThread,
    SaveUser,
)


def save(connection: Connection, items: Sequence[Item]) -> None:
    """Make all the saves of a segment and resolve them."""
    save_users(connection, _of(items, SaveUser))
    admission = admit(connection, [item for item in items if item.result is None])
    save_threads(connection, _of(admission.items, SaveThread))
    _save_rows(connection, admission)
    save_feedback(connection, _of(admission.items, SaveFeedback))
    _record_late_files(connection, _of(items, FinishElement))
    _touch(connection, admission.items)


def _of(items: Iterable[Item], kind: type) -> list[Item]:
    return [item for item in items if isinstance(item.write, kind)]


def _save_rows(connection: Connection, admission: Admission) -> None:
    for item in admission.items:
        if own := row_of(item.write):
            admission.rows[own[0]][own[1]].take(item)
    for kind, table in TABLES.items():
        changed = [row for row in admission.rows[kind].values() if row.is_changed]
        for columns, group in groupby(sorted(changed, key=_columns), key=_columns):
            statement = _upsert(connection.dialect.name, table, columns)
            connection.execute(statement, [row.values() for row in group])
    rows = admission.rows["step"].values()
    index_texts(connection, _texts(rows))
    flag_threads(connection, {row.thread_id for row in rows if "favorite" in row.changed})


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


def _texts(rows: Iterable[PendingRow]) -> list[SearchText]:
    return [
        SearchText("step", row.id, row.thread_id, str(row.changed["output"] or ""))
        for row in rows
        if "output" in row.changed
    ]


def _record_late_files(connection: Connection, items: Iterable[Item]) -> None:
    """Record the files that were stored for elements that are no longer wanted."""
    for item in items:
        if item.result and item.result.outcome in (Outcome.GONE, Outcome.ABSENT):
            record_removals(connection, [item.write.object_key], item.write.revision)


_TIMESTAMP: BindParameter[str] = bindparam("timestamp")
_TOUCH = (
    update(threads)
    .where(threads.c.id == bindparam("thread"))
    .where(or_(threads.c.updatedAt.is_(None), threads.c.updatedAt < _TIMESTAMP))
    .values(updatedAt=_TIMESTAMP)
)


def _touch(connection: Connection, admitted: Iterable[Item]) -> None:
    """Move the last activity of threads on to the newest step or element saved."""
    latest: dict[str, int] = {}
    for item in admitted:
        applied = item.result is not None and item.result.outcome is Outcome.APPLIED
        if applied and isinstance(item.write, SaveStep | SaveElement):
            known = latest.get(item.write.thread_id, 0)
            latest[item.write.thread_id] = max(known, item.write.revision)
    if latest:
        rows = [
            {"thread": thread_id, "timestamp": time_of_revision(revision)}
            for thread_id, revision in latest.items()
        ]
        connection.execute(_TOUCH, rows)
