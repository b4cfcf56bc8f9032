"""The search through the index of PostgreSQL, as one statement. Pure.

Written in SQL, since it says how it is to be carried out: the texts that may hold the needle come
in the order of the page and are compared one after the other, until the page is full.
"""

import re
from functools import cache
from itertools import cycle, islice
from typing import Any

from sqlalchemy import Integer, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from datalayer.stores.sql.ngrams import NeedleNgrams
from datalayer.stores.sql.queries import Query
from datalayer.stores.sql.types import Id

FEW = 2_000  # pending texts of everybody; if there are more, only the user's own are looked for

BITS = 16  # of the signature that are asked for

_STATEMENT = """
WITH indexed AS MATERIALIZED (
    SELECT id, "threadId" FROM search_parts WHERE grams @> :grams {signed}
), pending AS MATERIALIZED (
    SELECT kind, id, "threadId", text FROM search_entries WHERE pending IS NOT NULL
    ORDER BY "threadId" LIMIT {few}
), candidates AS (
    SELECT "threadId", array_agg(id) AS parts FROM indexed GROUP BY "threadId"
    UNION ALL
    SELECT "threadId", NULL FROM pending AS e WHERE strpos(e.text, :needle) > 0 AND {shown}
    UNION ALL
    SELECT id, NULL FROM threads AS t
    WHERE (SELECT count(*) FROM pending) = {few} AND "userId" = :user_id AND (
        SELECT true FROM search_entries AS e
        WHERE e."threadId" = t.id AND e.pending IS NOT NULL AND strpos(e.text, :needle) > 0
            AND {shown} LIMIT 1
    )
), ordered AS (
    SELECT t.id, t."updatedAt", c.parts
    FROM candidates AS c JOIN threads AS t ON t.id = c."threadId"
    WHERE t."userId" = :user_id {continued} {judged}
    ORDER BY t."updatedAt" DESC, t.id DESC OFFSET 0
), page AS (
    SELECT DISTINCT ON ("updatedAt", id) id FROM ordered AS o
    WHERE parts IS NULL OR (
        SELECT true FROM search_parts AS p JOIN search_entries AS e ON e.id = ANY(p.entries)
        WHERE p.id = ANY(o.parts) AND strpos(e.text, :needle) > 0 AND {shown} LIMIT 1
    )
    ORDER BY "updatedAt" DESC, id DESC LIMIT :first
)
SELECT t.id, t."createdAt", t."updatedAt", t.name, t."userId", t.tags, t.metadata,
    coalesce(t."userIdentifier", u.identifier) AS owner
FROM page CROSS JOIN LATERAL (SELECT * FROM threads WHERE id = page.id OFFSET 0) AS t
LEFT JOIN users AS u ON u.id = t."userId"
ORDER BY t."updatedAt" DESC, t.id DESC
"""
# Asked of a text that is found, and never planned as a join.
_SHOWN = "(SELECT hidden FROM steps WHERE id = e.id AND e.kind = 'step') IS NOT TRUE"
# Bit by bit, since nearly always one of the first is missing.
_SIGNED = " ".join(f"AND get_bit(signature, :bit{number}) = 1" for number in range(BITS))
_CONTINUED = 'AND (t."updatedAt", t.id) < (:after_timestamp, :after_id)'
_JUDGED = """
AND EXISTS (SELECT FROM feedbacks AS f WHERE f."threadId" = t.id AND f.value = :feedback)
"""
_TYPES: dict[str, Any] = {
    "grams": ARRAY(Integer),
    **dict.fromkeys((f"bit{number}" for number in range(BITS)), Integer()),
    "needle": Text(),
    "user_id": Id(),
    "first": None,
    "after_timestamp": Text(),
    "after_id": Id(),
    "feedback": None,
}


@cache
def indexed_query(*, signed: bool, continued: bool, judged: bool) -> Query:
    """Return the query for a page of the threads whose texts hold `needle`, and so its ngrams.

    With `signed` some bits of the signature are asked for as well.
    """
    statement = _STATEMENT.format(
        few=FEW,
        shown=_SHOWN,
        signed=_SIGNED if signed else "",
        continued=_CONTINUED if continued else "",
        judged=_JUDGED if judged else "",
    )
    named = [
        bindparam(name, type_=type_)
        for name, type_ in _TYPES.items()
        if re.search(rf":{name}\b", statement)
    ]
    return Query(text(statement).bindparams(*named))


def as_values(needle: NeedleNgrams) -> dict[str, Any]:
    """Return what `indexed_query` takes besides what is wanted."""
    step = max(1, len(needle.bits) // BITS)
    bits = islice(cycle(needle.bits[::step]), BITS)
    signed = {f"bit{number}": bit for number, bit in enumerate(bits)}
    return {"grams": list(needle.numbers), **signed}
