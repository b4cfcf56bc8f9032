"""Feedback: one for each step, and only for a step that is there."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, or_, select

from datalayer.records import Outcome
from datalayer.rules.batch import Item
from datalayer.stores.sql.dialect import insert
from datalayer.stores.sql.flags import flag_threads
from datalayer.stores.sql.tables import feedbacks, steps
from datalayer.stores.sql.writes.tombstones import find_tombstones


def save_feedback(connection: Connection, items: Sequence[Item]) -> None:
    """Save the feedbacks whose step is in their thread, the newest of each step."""
    if not items:
        return
    step_ids = {item.write.step_id for item in items}
    home = _homes(connection, step_ids)
    stored = _stored(connection, step_ids)
    ids = {item.write.id for item in items} | {known[0] for known in stored.values()}
    tombstones = find_tombstones(connection, [("feedback", name) for name in ids])
    for item in items:
        known = stored.get(item.write.step_id, (item.write.id, -1))
        _save_one(connection, item, home, known, tombstones.get(("feedback", known[0])))
        if item.result and item.result.outcome is Outcome.APPLIED:
            stored[item.write.step_id] = (known[0], item.write.revision)
    flag_threads(connection, {item.write.thread_id for item in items})


def _homes(connection: Connection, step_ids: set[str]) -> dict[str, str]:
    query = select(steps.c.id, steps.c.threadId).where(steps.c.id.in_(step_ids))
    return {row.id: row.threadId for row in connection.execute(query)}


def _stored(connection: Connection, step_ids: set[str]) -> dict[str, tuple[str, int]]:
    columns = (feedbacks.c.forId, feedbacks.c.id, feedbacks.c.revision)
    query = select(*columns).where(feedbacks.c.forId.in_(step_ids))
    rows = connection.execute(query)
    return {row.forId: (row.id, row.revision or 0) for row in rows}


def _save_one(
    connection: Connection,
    item: Item,
    home: dict[str, str],
    known: tuple[str, int],
    deleted: int | None,
) -> None:
    write = item.write
    row_id = known[0]
    if home.get(write.step_id) != write.thread_id:
        item.resolve(Outcome.REFUSED, f"there is no step {write.step_id} in that thread")
    elif deleted is not None and deleted >= write.revision:
        item.resolve(Outcome.GONE, f"the feedback of step {write.step_id} was taken back")
    elif known[1] >= write.revision:
        item.resolve(Outcome.STALE, row_id=row_id)
    else:
        connection.execute(_upsert(connection), _row(write, row_id))
        item.resolve(Outcome.APPLIED, row_id=row_id)


def _upsert(connection: Connection) -> Any:
    statement = insert(connection.dialect.name, feedbacks)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["forId"],
        set_={name: new[name] for name in ("value", "comment", "extra", "revision")},
        where=or_(feedbacks.c.revision.is_(None), feedbacks.c.revision < new.revision),
    )


def _row(write: Any, row_id: str) -> dict[str, Any]:
    return {
        "id": row_id,
        "forId": write.step_id,
        "threadId": write.thread_id,
        "value": write.value,
        "comment": write.comment,
        "extra": dict(write.extra),
        "revision": write.revision,
    }
