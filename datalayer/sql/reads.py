"""Reads: one statement each where possible, and rows into records."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    func,
    literal,
    select,
    true,
    tuple_,
)

from datalayer.cursors import encode_cursor
from datalayer.fields import ELEMENT_FIELDS, STEP_FIELDS
from datalayer.ordering import creation_order, in_page_order
from datalayer.records import (
    ElementRecord,
    FeedbackRecord,
    StepRecord,
    ThreadPage,
    ThreadRecord,
    UserRecord,
)
from datalayer.sql.dialect import contains
from datalayer.sql.tables import (
    elements,
    feedbacks,
    search_entries,
    steps,
    threads,
    users,
)
from datalayer.sql.tables import removals as removals_table
from datalayer.values import Json

_EXPORT_PAGE = 500

_OWNER = func.coalesce(threads.c.userIdentifier, users.c.identifier).label("owner")
_FEEDBACK = (
    feedbacks.c.id.label("feedback_id"),
    feedbacks.c.value.label("feedback_value"),
    feedbacks.c.comment.label("feedback_comment"),
    feedbacks.c.extra.label("feedback_extra"),
)
_STEP = [column for column in steps.c if column.name not in ("favorite", "fieldRevisions")]


# Users


def user(connection: Connection, **named: str) -> UserRecord | None:
    """Return the user with this `id` or `identifier`."""
    conditions = [users.c[name] == value for name, value in named.items()]
    row = (connection.execute(select(users).where(*conditions))).one_or_none()
    return _user(row) if row else None


def users_after(connection: Connection, last: str) -> list[UserRecord]:
    """Return the next page of all users by id."""
    query = select(users).order_by(users.c.id).limit(_EXPORT_PAGE)
    rows = connection.execute(query.where(users.c.id > last) if last else query)
    return [_user(row) for row in rows]


def _user(row: Any) -> UserRecord:
    return UserRecord(
        id=row.id,
        identifier=row.identifier,
        created_at=row.createdAt or "",
        metadata=row.metadata or {},
    )


# Threads


def _threads() -> Select[Any]:
    return select(threads, _OWNER).outerjoin(users, users.c.id == threads.c.userId)


def thread(connection: Connection, thread_id: str) -> ThreadRecord | None:
    """Return a thread whole."""
    row = (connection.execute(_threads().where(threads.c.id == thread_id))).one_or_none()
    if row is None:
        return None
    return _thread(
        row,
        steps=in_page_order(_steps(connection, steps.c.threadId == thread_id)),
        elements=_elements(connection, elements.c.threadId == thread_id),
    )


def thread_author(connection: Connection, thread_id: str) -> str | None:
    """Return the identifier of a thread's owner."""
    query = select(_OWNER).select_from(threads).outerjoin(users, users.c.id == threads.c.userId)
    rows = connection.execute(query.where(threads.c.id == thread_id))
    owner: str | None = rows.scalar_one_or_none()
    return owner


def thread_metadata(connection: Connection, thread_id: str) -> Mapping[str, Json] | None:
    """Return a thread's metadata."""
    row = connection.execute(select(threads.c.metadata).where(threads.c.id == thread_id)).first()
    return None if row is None else row[0] or {}


def thread_ids_after(connection: Connection, last: str) -> list[str]:
    """Return the ids of the next page of all threads by id."""
    query = select(threads.c.id).order_by(threads.c.id).limit(_EXPORT_PAGE)
    rows = connection.execute(query.where(threads.c.id > last) if last else query)
    return list(rows.scalars())


def thread_page(
    connection: Connection,
    user_id: str,
    *,
    first: int,
    start: tuple[str, str] | None,
    needle: str,
    feedback: int | None,
) -> ThreadPage:
    """Return a page of a user's threads; one row more than asked tells whether there is a next."""
    place = tuple_(threads.c.updatedAt, threads.c.id)
    query = _threads().where(threads.c.userId == user_id)
    if start:
        moment, name = start
        before = tuple_(literal(moment, threads.c.updatedAt.type), literal(name, threads.c.id.type))
        query = query.where(place < before)
    if needle:
        query = query.where(_mentions(connection, needle))
    if feedback is not None:
        query = query.where(_judged(feedback))
    query = query.order_by(threads.c.updatedAt.desc(), threads.c.id.desc()).limit(first + 1)
    found = [_thread(row) for row in connection.execute(query)]
    page = found[:first]
    more = len(found) > first and page
    return ThreadPage(
        threads=page,
        next_cursor=encode_cursor(page[-1].updated_at, page[-1].id) if more else None,
    )


def _mentions(connection: Connection, needle: str) -> ColumnElement[bool]:
    # Walks the user's threads from the newest on and stops when the page is full.
    return exists().where(
        search_entries.c.threadId == threads.c.id,
        contains(connection, search_entries.c.text, needle),
    )


def _judged(value: int) -> ColumnElement[bool]:
    return exists().where(feedbacks.c.threadId == threads.c.id, feedbacks.c.value == value)


def _thread(
    row: Any, steps: Iterable[StepRecord] = (), elements: Iterable[ElementRecord] = ()
) -> ThreadRecord:
    return ThreadRecord(
        id=row.id,
        created_at=row.createdAt or "",
        updated_at=row.updatedAt or row.createdAt or "",
        name=row.name,
        user_id=row.userId,
        owner=row.owner,
        tags=tuple(row.tags or ()),
        metadata=row.metadata or {},
        steps=tuple(steps),
        elements=tuple(elements),
    )


# Steps


def _steps(connection: Connection, *conditions: ColumnElement[bool]) -> list[StepRecord]:
    query = (
        select(*_STEP, *_FEEDBACK)
        .outerjoin(feedbacks, feedbacks.c.forId == steps.c.id)
        .where(*conditions)
    )
    found = [_step(row._mapping) for row in connection.execute(query)]
    found.sort(key=lambda item: item[0])
    return [record for _, record in found]


def _step(row: Any) -> tuple[tuple[str, int, str], StepRecord]:
    fields: dict[str, Json] = {**(row["extra"] or {}), **{name: row[name] for name in STEP_FIELDS}}
    order = creation_order(row["createdAt"], row["sequence"], row["id"])
    fields["createdAt"] = order[0]
    record = StepRecord(
        id=row["id"],
        thread_id=row["threadId"],
        revision=row["revision"] or 0,
        fields=fields,
        feedback=_feedback(row),
    )
    return order, record


def _feedback(row: Any) -> FeedbackRecord | None:
    if row["feedback_id"] is None:
        return None
    return FeedbackRecord(
        id=row["feedback_id"],
        step_id=row["id"],
        thread_id=row["threadId"],
        value=row["feedback_value"],
        comment=row["feedback_comment"],
        extra=row["feedback_extra"] or {},
    )


def step(connection: Connection, step_id: str) -> StepRecord | None:
    """Return one step."""
    found = _steps(connection, steps.c.id == step_id)
    return found[0] if found else None


def feedback_step(connection: Connection, feedback_id: str) -> StepRecord | None:
    """Return the step of a feedback."""
    found = _steps(connection, feedbacks.c.id == feedback_id)
    return found[0] if found else None


def favorites(connection: Connection, user_id: str) -> list[StepRecord]:
    """Return a user's favourite steps, newest first."""
    mine = select(threads.c.id).where(threads.c.userId == user_id)
    found = _steps(connection, and_(steps.c.favorite == true(), steps.c.threadId.in_(mine)))
    return list(reversed(found))


# Elements and files


def _elements(connection: Connection, *conditions: ColumnElement[bool]) -> list[ElementRecord]:
    query = select(elements).where(elements.c.ready == true(), *conditions)
    rows = connection.execute(query.order_by(elements.c.sequence, elements.c.id))
    return [_element(row._mapping) for row in rows]


def _element(row: Any) -> ElementRecord:
    fields = {**(row["extra"] or {}), **{name: row[name] for name in ELEMENT_FIELDS}}
    return ElementRecord(
        id=row["id"],
        thread_id=row["threadId"],
        revision=row["revision"] or 0,
        fields=fields,
        size=row["contentLength"],
        sha256=row["sha256"],
    )


def element(connection: Connection, thread_id: str, element_id: str) -> ElementRecord | None:
    """Return one element of a thread."""
    found = _elements(connection, elements.c.id == element_id, elements.c.threadId == thread_id)
    return found[0] if found else None


def removals(connection: Connection, limit: int) -> list[str]:
    """Return keys of files to remove, longest waiting first."""
    query = select(removals_table.c.objectKey).order_by(removals_table.c.revision).limit(limit)
    return list((connection.execute(query)).scalars())
