"""What SQL stores share of the search: conditions on threads, and which text of one shows it."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    select,
    true,
)

from datalayer.search.terms import SearchTerms
from datalayer.stores.hits import FoundText
from datalayer.stores.sql.queries import Rows
from datalayer.stores.sql.tables import search_entries, steps, threads

IS_STEP = and_(steps.c.id == search_entries.c.id, search_entries.c.kind == "step")
IS_NAME = and_(threads.c.id == search_entries.c.id, search_entries.c.kind == "thread")


def needles(terms: SearchTerms) -> dict[str, str]:
    """Return the values of the names that the conditions have for what is looked for."""
    return {f"needle{number}": term for number, term in enumerate(terms.needed)}


def mentions(
    thread_id: ColumnElement[str], contains: str, needles: int
) -> list[ColumnElement[bool]]:
    """Return the conditions that each needle is in a thread's name or in one of its texts.

    A subquery with a limit is asked for one thread after the other, as far as the page needs it,
    and never planned as a join of all texts. Nor is that which tells of a text that is found
    whether its step is hidden. `contains` is the function that finds a text in another.
    """
    return [mention(thread_id, contains, number) for number in range(needles)]


def mention(thread_id: ColumnElement[str], contains: str, number: int) -> ColumnElement[bool]:
    """Return the condition that one needle is in a thread's name or in one of its texts."""
    is_hidden = select(steps.c.hidden).where(IS_STEP)
    found = select(true()).where(
        search_entries.c.threadId == thread_id,
        _contains(contains, number),
        is_hidden.scalar_subquery().is_not(true()),
    )
    return found.limit(literal_column("1")).scalar_subquery()


def _contains(contains: str, number: int) -> ColumnElement[bool]:
    needle: Any = bindparam(f"needle{number}", type_=search_entries.c.text.type)
    place: ColumnElement[int] = getattr(func, contains)(search_entries.c.text, needle)
    return place > 0


def found_texts(rows: Rows) -> dict[str, FoundText]:
    """Return what `best_texts` has found, by the threads' ids."""
    return {
        row["threadId"]: FoundText(row["text"], row["id"], row["createdAt"], row["sequence"])
        for row in rows
    }


def best_texts(contains: str, needles: int, is_among: ColumnElement[bool]) -> Select[Any]:
    """Return the query for the text of each thread among some that contains most needles.

    Of those with as many it is the oldest step's, before the thread's name.
    """
    entries = search_entries.c
    count: Any = sum(case((_contains(contains, it), 1), else_=0) for it in range(needles))
    order = (count.desc(), entries.kind, func.coalesce(steps.c.sequence, 0), entries.id)
    ranked = (
        select(
            entries.threadId,
            entries.kind,
            entries.id,
            func.row_number().over(partition_by=entries.threadId, order_by=order).label("place"),
        )
        .outerjoin(steps, IS_STEP)
        .where(is_among, count > 0, steps.c.hidden.is_not(true()))
        .subquery()
    )
    return (
        select(
            ranked.c.threadId,
            func.coalesce(steps.c.output, threads.c.name, "").label("text"),
            steps.c.id,
            steps.c.createdAt,
            steps.c.sequence,
        )
        .select_from(ranked)
        .outerjoin(steps, and_(steps.c.id == ranked.c.id, ranked.c.kind == "step"))
        .outerjoin(threads, and_(threads.c.id == ranked.c.id, ranked.c.kind == "thread"))
        .where(ranked.c.place == 1)
    )
