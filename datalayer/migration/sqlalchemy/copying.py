"""Copies the rows of the staged tables into ours, a batch in memory at a time."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import tzinfo
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, select, update

from datalayer.errors import SchemaMismatch
from datalayer.migration.sqlalchemy import phrases, rows, staging, values
from datalayer.migration.sqlalchemy.rows import EPOCH, OLD_ID, AdoptedRow
from datalayer.migration.sqlalchemy.schema import STAGED
from datalayer.reports import Notes
from datalayer.search.folding import fold
from datalayer.stores.sql.flags import flag_all_threads
from datalayer.stores.sql.tables import (
    leftovers,
    metadata,
    search_entries,
    steps,
    threads,
    users,
)
from datalayer.values import derived_id

_BATCH_ROWS = 1_000
_BATCH_CHARACTERS = 4_000_000

# What no two rows may have in common.
_UNIQUE = {"users": ("id", "identifier"), "feedbacks": ("id", "forId")}
_SEARCHED = {"threads": "name", "steps": "output"}


class Copying:
    """One adoption on its way. The rows are numbered: so every later write is newer than they."""

    def __init__(self, connection: Connection, notes: Notes, zone: tzinfo | None) -> None:
        self.notes = notes
        self._on = connection
        self._zone = zone
        self._number = 0
        self._counts: Counter[str] = Counter()  # `read`, `kept`, `made` ... of each table

    def copy(self, table: str) -> None:
        """Copy a table; those above it have to be there."""
        found = _feedback_of_steps if table == "feedbacks" else _as_they_are
        for batch in batches(found(self._converted(table), self._count_others)):
            self._insert(table, _COMPLETE[table](self, self._without_twins(table, batch)))

    def _converted(self, table: str) -> Iterator[AdoptedRow]:
        by = "forId" if table == "feedbacks" else None
        for raw in staging.rows_of(self._on, STAGED + table, by=by):
            self._counts[f"{table} read"] += 1
            converted = rows.KINDS[table](raw, self._zone)
            for phrase in converted.notes:
                self.notes.add(phrase, converted.old_id)
            yield converted

    def _count_others(self, number: int) -> None:
        self._counts["feedbacks others"] += number

    # What cannot be held

    def _without_twins(self, table: str, batch: list[AdoptedRow]) -> list[AdoptedRow]:
        """Return the rows that can be held; of those with the same id the first."""
        taken = {
            name: self._stored(metadata.tables[table].c[name], batch)
            for name in _UNIQUE.get(table, ("id",))
        }
        kept = []
        for one in batch:
            if one.row["id"] is None or any(one.row[name] in taken[name] for name in taken):
                self._leave(table, one)
                continue
            for name, values_taken in taken.items():
                values_taken.add(one.row[name])
            kept.append(one)
        return kept

    def _stored(self, column: ColumnElement[Any], batch: Iterable[AdoptedRow]) -> set[str]:
        wanted = {one.row.get(str(column.key)) for one in batch} - {None}
        query = select(column).where(_among(column))
        return {found for (found,) in self._on.execute(query, {"wanted": list(wanted)})}

    def _leave(self, table: str, one: AdoptedRow) -> None:
        self.notes.add(phrases.LEFTOVER.format(table=table), one.old_id)
        self._counts[f"{table} left"] += 1
        content = rows.as_leftover(one.raw)
        row = {"number": self._next(), "kind": table, "id": one.old_id, "content": content}
        self._on.execute(insert(leftovers), [row])

    def _next(self) -> int:
        self._number += 1
        return self._number

    # What a row needs

    def complete_users(self, batch: list[AdoptedRow]) -> list[AdoptedRow]:
        """Date the users: Chainlit's layer cannot read one without a time."""
        for one in batch:
            one.row["createdAt"] = one.row["createdAt"] or EPOCH
        return batch

    def complete_threads(self, batch: list[AdoptedRow]) -> list[AdoptedRow]:
        """Give each thread the owner whom `userId` names, else the one of `userIdentifier`."""
        by_id = self._identifiers(users.c.id, {one.row["userId"] for one in batch})
        for one in batch:
            known = by_id.get(one.row["userId"])
            named = one.row.get("userIdentifier") or None
            if known is None and one.row["userId"] is not None:
                one.extra["chainlitUserId"] = str(values.plain(one.raw["userId"]))
            if known is not None and named not in (None, known):
                one.extra["chainlitUserIdentifier"] = named
            one.row["userIdentifier"] = known or named
        wanted = {one.row["userIdentifier"]: one.row["createdAt"] for one in batch}
        owners = self._users_named(wanted)
        for one in batch:
            one.row["userId"] = owners.get(one.row["userIdentifier"])
        return batch

    def _users_named(self, wanted: Mapping[str | None, str | None]) -> dict[str, str]:
        """Return ids by identifier; users who have no row get one."""
        found = self._identifiers(users.c.identifier, set(wanted))
        missing = [name for name in wanted if name is not None and name not in found]
        made = [_user(name, wanted[name]) for name in missing]
        if made:
            self._on.execute(insert(users), made)
            self._counts["users made"] += len(made)
        return found | {row["identifier"]: row["id"] for row in made}

    def _identifiers(self, column: ColumnElement[Any], wanted: set[Any]) -> dict[str, str]:
        other = users.c.id if column is users.c.identifier else users.c.identifier
        query = select(column, other).where(_among(column))
        found = self._on.execute(query, {"wanted": list(wanted - {None})})
        return {row[0]: row[1] for row in found}

    def complete_steps(self, batch: list[AdoptedRow]) -> list[AdoptedRow]:
        """Give the steps a thread, their place in it, and its time where they have none."""
        created = self._ensure_threads(batch)
        for one in batch:
            one.row["sequence"] = one.row["revision"] = self._next()
            one.row["createdAt"] = one.row["createdAt"] or created.get(one.row["threadId"])
        return batch

    def complete_elements(self, batch: list[AdoptedRow]) -> list[AdoptedRow]:
        """Give the elements a thread and their place in it."""
        self._ensure_threads(batch)
        for one in batch:
            one.row["sequence"] = one.row["revision"] = self._next()
        return batch

    def complete_feedbacks(self, batch: list[AdoptedRow]) -> list[AdoptedRow]:
        """Put each feedback where its step is; one without a step stays where it says it is."""
        query = select(steps.c.id, steps.c.threadId).where(_among(steps.c.id))
        wanted = [one.row["forId"] for one in batch]
        homes = {row.id: row.threadId for row in self._on.execute(query, {"wanted": wanted})}
        for one in batch:
            named, home = one.row["threadId"], homes.get(one.row["forId"])
            if home and named and home != named:
                one.extra["chainlitThreadId"] = str(values.plain(one.raw["threadId"]))
            one.row["threadId"] = home or named
            one.row["revision"] = self._next()
        for one in batch:
            if one.row["threadId"] is None:
                self._leave("feedbacks", one)
        kept = [one for one in batch if one.row["threadId"] is not None]
        self._ensure_threads(kept)
        return kept

    def _ensure_threads(self, batch: Iterable[AdoptedRow]) -> dict[str, str | None]:
        """Return when each thread that there was was created; those that were not are made."""
        query = select(threads.c.id, threads.c.createdAt).where(_among(threads.c.id))
        wanted = {one.row["threadId"]: one for one in reversed(list(batch))}
        rows_found = self._on.execute(query, {"wanted": list(wanted)})
        created = {row.id: row.createdAt for row in rows_found}
        missing = [_thread(name, one) for name, one in wanted.items() if name not in created]
        if missing:
            self._on.execute(insert(threads), missing)
            self._counts["threads made"] += len(missing)
        return created

    # Rows into tables

    def _insert(self, name: str, batch: list[AdoptedRow]) -> None:
        table = metadata.tables[name]
        empty = {column.name: None for column in table.c if column.nullable}
        found = [{**empty, **one.row, "extra": one.extra or None} for one in batch]
        if found:
            self._on.execute(insert(table), found)
            self._counts[f"{name} kept"] += len(found)
        if name in _SEARCHED:
            self._index(name, found)

    def _index(self, name: str, found: Iterable[Mapping[str, Any]]) -> None:
        kind, column = name.removesuffix("s"), _SEARCHED[name]
        entries = [
            {
                "kind": kind,
                "id": row["id"],
                "threadId": row["id"] if kind == "thread" else row["threadId"],
                "text": fold(row[column]),
            }
            for row in found
            if row[column]
        ]
        if entries:
            self._on.execute(insert(search_entries), entries)

    def finish(self, tables: Iterable[str]) -> None:
        """Date the threads by what is in them, and make sure that no row is missing."""
        first, last = (_of_steps(pick) for pick in (func.min, func.max))
        self._on.execute(
            update(threads).values(
                createdAt=func.coalesce(threads.c.createdAt, first, EPOCH),
                updatedAt=func.coalesce(last, threads.c.createdAt, EPOCH),
            )
        )
        flag_all_threads(self._on)
        for table in tables:
            self._check(table)

    def _check(self, table: str) -> None:
        read, kept, left, others, made = (
            self._counts[f"{table} {what}"] for what in ("read", "kept", "left", "others", "made")
        )
        before, after = staging.count(self._on, STAGED + table), staging.count(self._on, table)
        if not (before == read == kept + left + others and after == kept + made):
            message = (
                f"Of {before} rows of {table} {kept + left + others} were copied, and {after} are "
                "there. Nothing was changed. Report it, with your Chainlit's version."
            )
            raise SchemaMismatch(message)


_COMPLETE: Mapping[str, Callable[[Copying, list[AdoptedRow]], list[AdoptedRow]]] = {
    "users": Copying.complete_users,
    "threads": Copying.complete_threads,
    "steps": Copying.complete_steps,
    "elements": Copying.complete_elements,
    "feedbacks": Copying.complete_feedbacks,
}


def batches(found: Iterable[AdoptedRow]) -> Iterator[list[AdoptedRow]]:
    """Yield the rows in lists, of many short ones or of a few long ones."""
    batch: list[AdoptedRow] = []
    weight = 0
    for one in found:
        batch.append(one)
        weight += sum(len(value) for value in one.raw.values() if isinstance(value, str | bytes))
        if len(batch) >= _BATCH_ROWS or weight >= _BATCH_CHARACTERS:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _as_they_are(
    found: Iterator[AdoptedRow], _count: Callable[[int], None]
) -> Iterator[AdoptedRow]:
    return found


def _feedback_of_steps(
    found: Iterator[AdoptedRow], count: Callable[[int], None]
) -> Iterator[AdoptedRow]:
    """Yield the last feedback of each step with the others in its `extra`."""
    for _, group in groupby(found, key=lambda one: one.row["forId"]):
        usable = []
        for one in group:
            if one.row["id"] is None:
                yield one
            else:
                usable.append(one)
        if usable:
            *others, last = usable
            if others:
                last.extra["others"] = [rows.as_leftover(one.raw) for one in others]
                count(len(others))
            yield last


def _among(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return column.in_(bindparam("wanted", expanding=True))


def _of_steps(pick: Callable[[Any], Any]) -> Any:
    query = select(pick(steps.c.createdAt)).where(steps.c.threadId == threads.c.id)
    return query.scalar_subquery()


def _user(identifier: str, created_at: str | None) -> dict[str, Any]:
    return {
        "id": derived_id("user", identifier),
        "identifier": identifier,
        "metadata": {},
        "createdAt": created_at or EPOCH,
    }


def _thread(thread_id: str, one: AdoptedRow) -> dict[str, Any]:
    """Return a thread, without an owner, for a row that names one that is not there."""
    raw = one.raw.get("threadId")
    is_derived = raw is not None and values.is_derived(raw, thread_id)
    return {
        "id": thread_id,
        "createdAt": one.row.get("createdAt"),
        "metadata": {},
        "extra": {OLD_ID: str(values.plain(raw))} if is_derived else None,
    }
