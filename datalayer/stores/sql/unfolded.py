"""The search while not all is folded as it is now: what threads say is read, and folded here.

That is slow and right, until maintenance has folded anew what an older version left.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection, bindparam, func, select, true

from datalayer.search.folding import FOLDING, fold
from datalayer.search.terms import NO_TERMS, SearchTerms
from datalayer.stores.hits import FoundText, best_text
from datalayer.stores.sql.database import Database
from datalayer.stores.sql.queries import Query, Row, Rows
from datalayer.stores.sql.reads import ThreadQuery, page_query
from datalayer.stores.sql.searches import IS_NAME, IS_STEP
from datalayer.stores.sql.tables import maintenance, search_entries, steps, threads

_AT_ONCE = 50  # threads in memory

_IS_FOLDED = Query(select(maintenance.c.version == FOLDING).where(maintenance.c.task == "folding"))
_SAID = (
    select(
        search_entries.c.threadId,
        func.coalesce(steps.c.output, threads.c.name, ""),
        steps.c.id,
        steps.c.createdAt,
        steps.c.sequence,
    )
    .outerjoin(steps, IS_STEP)
    .outerjoin(threads, IS_NAME)
    .where(
        search_entries.c.threadId.in_(bindparam("ids", expanding=True)),
        steps.c.hidden.is_not(true()),
    )
    .order_by(search_entries.c.kind, func.coalesce(steps.c.sequence, 0), search_entries.c.id)
)

Said = Mapping[str, Sequence[FoundText]]
"""What threads say, oldest first, and their names last."""


async def is_all_folded(database: Database) -> bool:
    """Tell whether all that the search looks through is folded as it is now."""
    rows = await database.fetch(_IS_FOLDED)
    return all(value for row in rows for value in row.values())


async def search_unfolded(database: Database, query: ThreadQuery) -> Rows:
    """Return the first of a user's threads that say what is looked for."""
    found: list[Row] = []
    async for rows in _newest_first(database, query):
        said = await database.read(partial(_said, thread_ids=[row["id"] for row in rows]))
        saying = await asyncio.to_thread(_saying, said, query.terms)
        found += [row for row in rows if row["id"] in saying]
        if len(found) >= query.first:
            break
    return found[: query.first]


async def best_unfolded(
    database: Database, thread_ids: Sequence[str], terms: SearchTerms
) -> dict[str, FoundText]:
    """Return of threads the text that has most of the terms."""
    said = await database.read(partial(_said, thread_ids=thread_ids))
    return await asyncio.to_thread(_best, said, terms)


async def _newest_first(database: Database, query: ThreadQuery) -> AsyncIterator[Rows]:
    every = replace(query, terms=NO_TERMS, first=_AT_ONCE)
    while rows := await database.fetch(page_query(every, ""), **every.values()):
        yield rows
        last = rows[-1]
        every = replace(every, after_timestamp=last["updatedAt"], after_id=last["id"])


def _said(connection: Connection, thread_ids: Sequence[str]) -> Said:
    said: dict[str, list[FoundText]] = {}
    for thread_id, *text in connection.execute(_SAID, {"ids": thread_ids}):
        said.setdefault(thread_id, []).append(FoundText(*text))
    return said


def _saying(said: Said, terms: SearchTerms) -> set[str]:
    return {name for name, texts in said.items() if terms.are_in(fold(it.text) for it in texts)}


def _best(said: Said, terms: SearchTerms) -> dict[str, FoundText]:
    return {name: best_text(texts, terms) for name, texts in said.items()}
