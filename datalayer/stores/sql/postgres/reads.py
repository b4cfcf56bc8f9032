"""What PostgreSQL reads otherwise: a whole thread in one round trip, the newest threads first."""

from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from datalayer.records import ThreadRecord
from datalayer.stores.sql.queries import Query, Rows
from datalayer.stores.sql.reads import (
    ELEMENTS,
    STEPS,
    THREAD,
    ThreadQuery,
    newest_first,
    ordered_elements,
    ordered_steps,
    thread,
    threads_of_user,
)
from datalayer.stores.sql.searches import best_texts, mention, mentions
from datalayer.stores.sql.tables import elements, search_entries, steps, threads
from datalayer.stores.sql.types import Id

CONTAINS = "strpos"  # finds a text in another


def _whole_thread() -> Query:
    """Return the query for a thread, whose steps are rows, itself and its elements documents."""
    own = STEPS.where(steps.c.threadId == bindparam("id"))
    parts = [own.add_columns(literal_column("'step'").label("kind"), null().label("document"))]
    nothing = [cast(null(), column.type).label(column.name) for column in own.selected_columns]
    for kind, source in (
        ("thread", THREAD.subquery("thread")),
        ("element", ELEMENTS.where(elements.c.threadId == bindparam("id")).subquery("element")),
    ):
        document = func.to_jsonb(literal_column(kind)).label("document")
        columns = (*nothing, literal_column(f"'{kind}'").label("kind"), document)
        parts.append(select(*columns).select_from(source))
    return Query(union_all(*parts))


WHOLE_THREAD = _whole_thread()


def thread_of_rows(rows: Rows) -> ThreadRecord | None:
    """Return a thread whole from the rows of `WHOLE_THREAD`."""
    of_kind: dict[str, list[Any]] = {"step": [], "thread": [], "element": []}
    for row in rows:
        of_kind[row["kind"]].append(row)
    if not of_kind["thread"]:
        return None
    return thread(
        of_kind["thread"][0]["document"],
        ordered_steps(of_kind["step"]),
        ordered_elements([row["document"] for row in of_kind["element"]]),
    )


def near_query(query: ThreadQuery) -> Query:
    """Return the query that searches the `near` newest threads."""
    return _near_query(
        continued=query.is_continued, needles=len(query.terms.needed), flag=query.feedback_flag
    )


@cache
def _near_query(*, continued: bool, needles: int, flag: str) -> Query:
    near = _newest(continued=continued, flag=flag, count="near").subquery()
    is_found = mentions(near.c.id, CONTAINS, needles)
    found = newest_first(select(near).where(*is_found), near)
    return Query(found.limit(bindparam("first")))


def sample_query(query: ThreadQuery, needles: int) -> Query:
    """Return the query that tells of the `sample` newest threads which of the needles are there."""
    return _sample_query(continued=query.is_continued, needles=needles, flag=query.feedback_flag)


@cache
def _sample_query(*, continued: bool, needles: int, flag: str) -> Query:
    sample = _newest(continued=continued, flag=flag, count="sample").subquery()
    is_found = [
        mention(sample.c.id, CONTAINS, number).label(f"found{number}") for number in range(needles)
    ]
    return Query(select(*is_found).select_from(sample))


def _newest(*, continued: bool, flag: str, count: str) -> Select[Any]:
    newest = newest_first(threads_of_user(continued=continued, flag=flag), threads)
    return newest.limit(bindparam(count))


@cache
def best_query(needles: int) -> Query:
    """Return the query for the text of each thread that shows what was found."""
    ids = bindparam("ids", type_=ARRAY(Id))
    is_among: ColumnElement[bool] = search_entries.c.threadId == func.any(ids)
    return Query(best_texts(CONTAINS, needles, is_among))
