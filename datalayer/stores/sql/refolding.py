"""Folds anew what the search looks through, where it was folded by an older version.

It goes through all entries once, some at a time and in the order of their ids. What is saved
meanwhile is folded as it should be: an entry that was changed since it was read is left alone.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, case, select, tuple_, update

from datalayer.records import MaintenanceState
from datalayer.search.folding import FOLDING, fold
from datalayer.stores.sql.dialect import not_indexed
from datalayer.stores.sql.tables import maintenance, search_entries, steps, threads

ROUND = 500  # entries in one transaction
_TASK = maintenance.c.task == "folding"
_TEXT = case((search_entries.c.kind == "step", steps.c.output), else_=threads.c.name)
_ENTRIES = (
    select(search_entries.c.kind, search_entries.c.id, search_entries.c.text, _TEXT.label("source"))
    .outerjoin(steps, steps.c.id == search_entries.c.id)
    .outerjoin(threads, threads.c.id == search_entries.c.id)
    .order_by(search_entries.c.id, search_entries.c.kind)
    .limit(bindparam("round"))
)
_KEY = tuple_(search_entries.c.id, search_entries.c.kind)
_NEXT = _ENTRIES.where(
    tuple_(
        bindparam("last_id", type_=search_entries.c.id.type),
        bindparam("last_kind", type_=search_entries.c.kind.type),
    )
    < _KEY
)


def refold_some(connection: Connection) -> MaintenanceState:
    """Fold some entries anew, within the connection's transaction; DONE when all are."""
    state = connection.execute(select(maintenance).where(_TASK).with_for_update()).one()
    if state.version == FOLDING:
        return MaintenanceState.DONE
    rows = _entries(connection, state.position)
    _refold(connection, rows)
    if len(rows) < ROUND:
        return _note(connection, MaintenanceState.DONE, version=FOLDING, position=None)
    return _note(connection, MaintenanceState.MORE, position=f"{rows[-1].id} {rows[-1].kind}")


def _entries(connection: Connection, position: str | None) -> Sequence[Any]:
    if position is None:
        return connection.execute(_ENTRIES, {"round": ROUND}).all()
    last_id, last_kind = position.split(" ")
    after = {"last_id": last_id, "last_kind": last_kind}
    return connection.execute(_NEXT, {**after, "round": ROUND}).all()


def _refold(connection: Connection, entries: Iterable[Any]) -> None:
    folded = [(entry, fold(entry.source or "")) for entry in entries]
    changed = [
        {"of_kind": entry.kind, "of_id": entry.id, "before": entry.text, "after": text}
        for entry, text in folded
        if text != entry.text
    ]
    if changed:
        connection.execute(_change(connection.dialect.name), changed)


@cache
def _change(dialect: str) -> Any:
    same = (
        search_entries.c.kind == bindparam("of_kind"),
        search_entries.c.id == bindparam("of_id", type_=search_entries.c.id.type),
        search_entries.c.text == bindparam("before"),
    )
    values = {"text": bindparam("after"), **not_indexed(dialect)}
    return update(search_entries).where(*same).values(values)


def _note(connection: Connection, state: MaintenanceState, **values: Any) -> MaintenanceState:
    connection.execute(update(maintenance).where(_TASK).values(values))
    return state
