"""The search through the index of PostgreSQL, as one statement. Pure.

Written in SQL, since it says how it is to be carried out: the texts that may hold the needle come
in the order of the page and are compared one after the other, until the page is full.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import cycle, islice
from typing import Any

from sqlalchemy import BindParameter, Integer, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from datalayer.stores.sql.ngrams import NeedleNgrams
from datalayer.stores.sql.queries import Query
from datalayer.stores.sql.types import Id

FEW = 2_000  # pending texts of everybody; if there are more, only the user's own are looked for

BITS = 16  # of the signature that are asked for

MOST_INDEXED = 3  # terms that are looked up; others are compared in what these have found

_STATEMENT = """
WITH pending AS MATERIALIZED (
    SELECT kind, id, "threadId", text FROM search_entries WHERE pending IS NOT NULL
    ORDER BY "threadId" LIMIT {few}
), {candidates}, ordered AS (
    SELECT t.id, t."updatedAt", {parts}
    FROM {joined} JOIN threads AS t ON t.id = c0."threadId"
    WHERE t."userId" = :user_id {continued} {judged}
    ORDER BY t."updatedAt" DESC, t.id DESC OFFSET 0
), page AS (
    SELECT DISTINCT ON ("updatedAt", id) id FROM ordered AS o WHERE {found}
    ORDER BY "updatedAt" DESC, id DESC LIMIT :first
)
SELECT t.id, t."createdAt", t."updatedAt", t.name, t."userId", t.tags, t.metadata,
    coalesce(t."userIdentifier", u.identifier) AS owner
FROM page CROSS JOIN LATERAL (SELECT * FROM threads WHERE id = page.id OFFSET 0) AS t
LEFT JOIN users AS u ON u.id = t."userId"
ORDER BY t."updatedAt" DESC, t.id DESC
"""
# The threads that may have one term, with the parts of them where the index says so.
_CANDIDATES = """
indexed{n} AS MATERIALIZED (
    SELECT id, "threadId" FROM search_parts WHERE grams @> :grams{n} {signed}
), candidates{n} AS (
    SELECT "threadId", array_agg(id) AS parts FROM indexed{n} GROUP BY "threadId"
    UNION ALL
    SELECT "threadId", NULL FROM pending AS e WHERE strpos(e.text, :needle{n}) > 0 AND {shown}
    UNION ALL
    SELECT id, NULL FROM threads AS t
    WHERE (SELECT count(*) FROM pending) = {few} AND "userId" = :user_id AND (
        SELECT true FROM search_entries AS e
        WHERE e."threadId" = t.id AND e.pending IS NOT NULL AND strpos(e.text, :needle{n}) > 0
            AND {shown} LIMIT 1
    )
)
"""
_FOUND = """
(parts{n} IS NULL OR (
    SELECT true FROM search_parts AS p JOIN search_entries AS e ON e.id = ANY(p.entries)
    WHERE p.id = ANY(o.parts{n}) AND strpos(e.text, :needle{n}) > 0 AND {shown} LIMIT 1
))
"""
_COMPARED = """
(
    SELECT true FROM search_entries AS e
    WHERE e."threadId" = o.id AND strpos(e.text, :needle{n}) > 0 AND {shown} LIMIT 1
)
"""
# Asked of a text that is found, and never planned as a join.
_SHOWN = "(SELECT hidden FROM steps WHERE id = e.id AND e.kind = 'step') IS NOT TRUE"
# Bit by bit, since nearly always one of the first is missing.
_SIGNED = " ".join(f"AND get_bit(signature, :bit{{n}}_{number}) = 1" for number in range(BITS))
_CONTINUED = 'AND (t."updatedAt", t.id) < (:after_timestamp, :after_id)'
_JUDGED = """
AND EXISTS (SELECT FROM feedbacks AS f WHERE f."threadId" = t.id AND f.value = :feedback)
"""
_NAME = re.compile(r":([a-z]\w*)")
_TYPES: dict[str, Any] = {
    "grams": ARRAY(Integer),
    "bit": Integer(),
    "needle": Text(),
    "user_id": Id(),
    "after_timestamp": Text(),
    "after_id": Id(),
}


@cache
def indexed_query(
    *, signed: tuple[bool, ...], compared: int, continued: bool, judged: bool
) -> Query:
    """Return the query for a page of the threads that have all needles.

    The first of them are looked up by their ngrams, where `signed` by some bits of the signature as
    well; so many others are `compared` with what is in these threads.
    """
    indexed = range(len(signed))
    others = range(len(signed), len(signed) + compared)
    statement = _STATEMENT.format(
        few=FEW,
        candidates=", ".join(_candidates(n, is_signed=signed[n]) for n in indexed),
        parts=", ".join(f"c{n}.parts AS parts{n}" for n in indexed),
        joined=" JOIN ".join(_joined(n) for n in indexed),
        found=" AND ".join(
            [_FOUND.format(n=n, shown=_SHOWN) for n in indexed]
            + [_COMPARED.format(n=n, shown=_SHOWN) for n in others]
        ),
        continued=_CONTINUED if continued else "",
        judged=_JUDGED if judged else "",
    )
    return Query(text(statement).bindparams(*_parameters(statement)))


def _candidates(n: int, *, is_signed: bool) -> str:
    signed = _SIGNED.format(n=n) if is_signed else ""
    return _CANDIDATES.format(n=n, few=FEW, shown=_SHOWN, signed=signed)


def _joined(n: int) -> str:
    return f"candidates{n} AS c{n}" + (' USING ("threadId")' if n else "")


def _parameters(statement: str) -> Iterable[BindParameter[Any]]:
    for name in sorted(set(_NAME.findall(statement))):
        type_ = _TYPES.get(name) or _TYPES.get(re.sub(r"[\d_]+$", "", name))
        yield bindparam(name, type_=type_)


def as_values(needles: Sequence[NeedleNgrams]) -> dict[str, Any]:
    """Return what `indexed_query` takes besides what is wanted."""
    values: dict[str, Any] = {}
    for n, needle in enumerate(needles):
        step = max(1, len(needle.bits) // BITS)
        bits = islice(cycle(needle.bits[::step]), BITS)
        values |= {f"bit{n}_{number}": bit for number, bit in enumerate(bits)}
        values[f"grams{n}"] = list(needle.numbers)
    return values
