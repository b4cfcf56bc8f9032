"""Reads: the queries, and what is made of their rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    bindparam,
    exists,
    func,
    select,
    true,
    tuple_,
)

from datalayer.fields import ELEMENT_FIELDS, STEP_FIELDS
from datalayer.records import (
    ElementRecord,
    FeedbackRecord,
    FileRecord,
    StepRecord,
    ThreadPage,
    ThreadRecord,
    UserRecord,
)
from datalayer.rules.ordering import creation_order, in_page_order
from datalayer.search.terms import SearchTerms
from datalayer.stores.cursors import encode_cursor
from datalayer.stores.sql.flags import FLAGS, OF_FEEDBACK, STARRED
from datalayer.stores.sql.queries import Query, Row, Rows
from datalayer.stores.sql.searches import mentions, needles
from datalayer.stores.sql.tables import (
    elements,
    feedbacks,
    removals,
    steps,
    threads,
    user_preferences,
    users,
)
from datalayer.stores.sql.types import as_show_input
from datalayer.values import Json

EXPORT_PAGE = 500
_NO_FLAG = "other"  # a feedback that no column tells of
_NOT_SHOWN = ("fieldRevisions", *FLAGS, "pinned", "section")

_OWNER = func.coalesce(threads.c.userIdentifier, users.c.identifier).label("owner")
_FEEDBACK = (
    feedbacks.c.id.label("feedback_id"),
    feedbacks.c.value.label("feedback_value"),
    feedbacks.c.comment.label("feedback_comment"),
    feedbacks.c.extra.label("feedback_extra"),
)
# Chainlit's fields first, in their order: that many values of a row are zipped with their names.
# The id of the feedback follows.
_STEP = [
    steps.c[name] for name in (*STEP_FIELDS, "id", "threadId", "extra", "revision", "sequence")
]
_AFTER_FIELDS = slice(len(STEP_FIELDS), len(_STEP) + 1)


# Users

USER = Query(select(users).where(users.c.identifier == bindparam("identifier")))
USER_BY_ID = Query(select(users).where(users.c.id == bindparam("id")))
PREFERENCES = Query(
    select(user_preferences.c.preferences)
    .join(users, users.c.id == user_preferences.c.userId)
    .where(users.c.identifier == bindparam("identifier"))
)
_SOME_USERS = select(users).order_by(users.c.id).limit(EXPORT_PAGE)
FIRST_USERS = Query(_SOME_USERS)
MORE_USERS = Query(_SOME_USERS.where(users.c.id > bindparam("last")))


def user(row: Row) -> UserRecord:
    """Return a user."""
    return UserRecord(
        id=row["id"],
        identifier=row["identifier"],
        created_at=row["createdAt"] or "",
        metadata=row["metadata"] or {},
    )


# Threads

_THREADS = (
    select(
        *(column for column in threads.c if column.name not in _NOT_SHOWN),
        _OWNER,
    )
    .select_from(threads)
    .outerjoin(users, users.c.id == threads.c.userId)
)
_ID: BindParameter[str] = bindparam("id")
_IS_THREAD = threads.c.id == _ID

THREAD = _THREADS.where(_IS_THREAD)
AUTHOR = Query(
    select(_OWNER)
    .select_from(threads)
    .outerjoin(users, users.c.id == threads.c.userId)
    .where(_IS_THREAD)
)
NAME = Query(select(threads.c.name).where(_IS_THREAD))
METADATA = Query(select(threads.c.metadata).where(_IS_THREAD))
_SOME_IDS = select(threads.c.id).order_by(threads.c.id).limit(EXPORT_PAGE)
FIRST_IDS = Query(_SOME_IDS)
MORE_IDS = Query(_SOME_IDS.where(threads.c.id > bindparam("last")))


def whole_thread(connection: Connection, thread_id: str) -> ThreadRecord | None:
    """Return a thread whole, from within a transaction that sees one state."""
    values = {"id": thread_id}
    row = connection.execute(THREAD, values).mappings().one_or_none()
    if row is None:
        return None
    own = connection.execute(STEPS.where(steps.c.threadId == bindparam("id")), values)
    files = connection.execute(ELEMENTS.where(elements.c.threadId == bindparam("id")), values)
    return thread(
        row, ordered_steps(own.mappings().all()), ordered_elements(files.mappings().all())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadQuery:
    """Which of a user's threads are asked for: the newest `first` of those after one, if given."""

    user_id: str
    first: int
    after_timestamp: str | None
    after_id: str | None
    terms: SearchTerms
    feedback: int | None

    @property
    def is_continued(self) -> bool:
        """Whether there was a page before."""
        return self.after_timestamp is not None

    @property
    def feedback_flag(self) -> str:
        """The column that tells which threads have the feedback that is asked for, if any."""
        return "" if self.feedback is None else OF_FEEDBACK.get(self.feedback, _NO_FLAG)

    def values(self) -> dict[str, Any]:
        """Return the values of a query's names."""
        given = {
            "user_id": self.user_id,
            "first": self.first,
            "after_timestamp": self.after_timestamp,
            "after_id": self.after_id,
            "feedback": self.feedback,
            **needles(self.terms),
        }
        return {name: value for name, value in given.items() if value is not None}


def page_query(query: ThreadQuery, contains: str) -> Query:
    """Return the query for a page; `contains` is the function that finds a text in another."""
    return _page_query(
        continued=query.is_continued,
        contains=contains,
        needles=len(query.terms.needed),
        flag=query.feedback_flag,
    )


@cache
def _page_query(*, continued: bool, contains: str, needles: int, flag: str) -> Query:
    query = threads_of_user(continued=continued, flag=flag)
    query = query.where(*mentions(threads.c.id, contains, needles))
    return Query(newest_first(query, threads).limit(bindparam("first")))


def threads_of_user(*, continued: bool, flag: str) -> Select[Any]:
    """Return the query for a user's threads, after one and with a feedback where that is asked."""
    query = _THREADS.where(threads.c.userId == bindparam("user_id"))
    if continued:
        timestamp = bindparam("after_timestamp", type_=threads.c.updatedAt.type)
        thread_id = bindparam("after_id", type_=threads.c.id.type)
        after = tuple_(timestamp, thread_id)
        query = query.where(tuple_(threads.c.updatedAt, threads.c.id) < after)
    if flag == _NO_FLAG:
        given = feedbacks.c.value == bindparam("feedback")
        query = query.where(exists().where(feedbacks.c.threadId == threads.c.id, given))
    elif flag:
        query = query.where(threads.c[flag] == true())
    return query


def section_query(*, continued: bool) -> Query:
    """Return the query for a page of a section of a user's sidebar."""
    return _CONTINUED_SECTION if continued else _SECTION


_SECTION_PAGE = (
    _THREADS.where(
        threads.c.userId == bindparam("user_id"), threads.c.section == bindparam("section")
    )
    .order_by(threads.c.pinned.desc(), threads.c.updatedAt.desc(), threads.c.id.desc())
    .limit(bindparam("first"))
)
_SECTION = Query(_SECTION_PAGE)
_CONTINUED_SECTION = Query(
    _SECTION_PAGE.where(
        tuple_(threads.c.pinned, threads.c.updatedAt, threads.c.id)
        < tuple_(
            bindparam("pinned", type_=threads.c.pinned.type),
            bindparam("updated_at", type_=threads.c.updatedAt.type),
            bindparam("thread_id", type_=threads.c.id.type),
        )
    )
)


def _sections() -> Query:
    """Return the query that goes from one section of a user's to the next, however full each is."""
    theirs = threads.c.userId == bindparam("user_id")
    found = select(func.min(threads.c.section).label("section")).where(theirs)
    walk = found.cte("found", recursive=True)
    following = select(func.min(threads.c.section)).where(
        theirs, threads.c.section > walk.c.section
    )
    walk = walk.union_all(select(following.scalar_subquery()).where(walk.c.section.is_not(None)))
    return Query(select(walk.c.section).where(walk.c.section.is_not(None)))


SECTIONS = _sections()


def newest_first(query: Select[Any], source: Any) -> Select[Any]:
    """Order threads, which `source` names, by their last activity."""
    return query.order_by(source.c.updatedAt.desc(), source.c.id.desc())


def page(rows: Rows, first: int) -> ThreadPage:
    """Return a page from its rows; one row more than asked tells that there is a next."""
    found = [thread(row) for row in rows[:first]]
    more = len(rows) > first and found
    return ThreadPage(
        threads=found,
        next_cursor=encode_cursor(found[-1].updated_at, found[-1].id) if more else None,
    )


def thread(
    row: Row,
    steps: Iterable[StepRecord] = (),
    elements: Iterable[ElementRecord] = (),
) -> ThreadRecord:
    """Return a thread with what is in it."""
    return ThreadRecord(
        id=row["id"],
        created_at=row["createdAt"] or "",
        updated_at=row["updatedAt"] or row["createdAt"] or "",
        name=row["name"],
        user_id=row["userId"],
        owner=row["owner"],
        tags=tuple(row["tags"] or ()),
        metadata=row["metadata"] or {},
        steps=tuple(steps),
        elements=tuple(elements),
    )


# Steps

STEPS = (
    select(*_STEP, *_FEEDBACK)
    .select_from(steps)
    .outerjoin(feedbacks, feedbacks.c.forId == steps.c.id)
)
STEP = Query(STEPS.where(steps.c.id == bindparam("id")))
FEEDBACK_STEP = Query(STEPS.where(feedbacks.c.id == bindparam("id")))
_STARRED = select(threads.c.id).where(
    threads.c.userId == bindparam("user_id"), threads.c[STARRED] == true()
)
FAVORITES = Query(STEPS.where(steps.c.favorite == true(), steps.c.threadId.in_(_STARRED)))


def ordered_steps(rows: Rows) -> list[StepRecord]:
    """Return the steps of a thread in the order of the page."""
    return in_page_order(by_creation(rows))


def by_creation(rows: Rows) -> list[StepRecord]:
    """Return steps in the order of their creation."""
    found = [_step(row) for row in rows]
    found.sort(key=lambda item: item[0])
    return [record for _, record in found]


def _step(row: Row) -> tuple[tuple[str, int, str], StepRecord]:
    values = list(row.values())  # by their places, since there are hundreds
    step_id, thread_id, extra, revision, sequence, feedback_id = values[_AFTER_FIELDS]
    fields: dict[str, Json] = dict(zip(STEP_FIELDS, values, strict=False))
    if extra:
        fields = {**extra, **fields}
    order = creation_order(row["createdAt"], sequence, step_id)
    fields["createdAt"] = order[0]
    if (show_input := fields["showInput"]) is not None:
        fields["showInput"] = as_show_input(show_input)
    feedback = _feedback(row) if feedback_id is not None else None
    return order, StepRecord(step_id, thread_id, revision or 0, fields, feedback)


def _feedback(row: Row) -> FeedbackRecord:
    return FeedbackRecord(
        id=row["feedback_id"],
        step_id=row["id"],
        thread_id=row["threadId"],
        value=row["feedback_value"],
        comment=row["feedback_comment"],
        extra=row["feedback_extra"] or {},
    )


# Elements and files

ELEMENTS = select(*(column for column in elements.c if column.name != "fieldRevisions")).where(
    elements.c.ready == true()
)
ELEMENT = Query(
    ELEMENTS.where(elements.c.id == bindparam("id"), elements.c.threadId == bindparam("thread_id"))
)
REMOVALS = Query(
    select(removals.c.objectKey)
    .order_by(removals.c.revision, removals.c.objectKey)
    .limit(bindparam("limit"))
    .offset(bindparam("skip"))
)


def ordered_elements(rows: Rows) -> list[ElementRecord]:
    """Return elements in the order of their creation."""
    return [element(row) for row in sorted(rows, key=lambda row: (row["sequence"] or 0, row["id"]))]


def element(row: Row) -> ElementRecord:
    """Return an element."""
    fields = {**(row["extra"] or {}), **{name: row[name] for name in ELEMENT_FIELDS}}
    return ElementRecord(
        id=row["id"],
        thread_id=row["threadId"],
        revision=row["revision"] or 0,
        fields=fields,
        size=row["contentLength"],
        sha256=row["sha256"],
    )


_FILES = (
    select(
        *(elements.c[name] for name in ("id", "threadId", "objectKey", "name", "ready", "revision"))
    )
    .where(elements.c.objectKey.is_not(None))
    .order_by(elements.c.threadId, elements.c.id)
    .limit(EXPORT_PAGE)
)
FIRST_FILES = Query(_FILES)
MORE_FILES = Query(
    _FILES.where(
        tuple_(elements.c.threadId, elements.c.id)
        > tuple_(
            bindparam("thread", type_=elements.c.threadId.type),
            bindparam("element", type_=elements.c.id.type),
        )
    )
)


_NAMED = select(elements.c.objectKey).where(
    elements.c.id.in_(bindparam("ids", expanding=True)), elements.c.objectKey.is_not(None)
)


def named_files(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Return the object keys that elements name."""
    return set(connection.execute(_NAMED, {"ids": ids}).scalars())


def file(row: Row) -> FileRecord:
    """Return what an element says of its file."""
    return FileRecord(
        thread_id=row["threadId"],
        element_id=row["id"],
        object_key=row["objectKey"],
        name=row["name"],
        ready=bool(row["ready"]),
        revision=row["revision"] or 0,
    )
