"""The index of the search on PostgreSQL: what is in it, and how it is brought up to date.

A row of `search_parts` holds the ngrams of some texts of one thread, and their ids. A search takes
from there the texts in which may be what is looked for, with those that are `pending`, and compares
the texts themselves: the index may say too much (what was changed or deleted since), never too
little.

A save marks its texts as pending, with the number of its transaction; maintenance takes them off
that list if they are still the same.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import itemgetter, or_
from typing import Any

from asyncpg import BitString

from datalayer.records import MaintenanceState
from datalayer.stores.sql.ngrams import SIGNATURE_BITS, Ngrams, ngrams_of
from datalayer.stores.sql.queries import Row

ROUND = 1_000  # texts in one transaction
ROUND_CHARACTERS = 500_000
PART_CHARACTERS = 16_000  # from here on the next text of a thread begins another part
FEW = 4  # small parts of a thread, which are put together when there are more

LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('keepchat search index')) AS mine"
THREADS_AT_ONCE = 100
FIRST = "00000000-0000-0000-0000-000000000000"
THREADS = """
SELECT DISTINCT "threadId" AS id FROM search_entries
WHERE pending IS NOT NULL AND "threadId" > $1 ORDER BY 1 LIMIT $2
"""
LEFT = "SELECT EXISTS (SELECT FROM search_entries WHERE pending IS NOT NULL)"
# What is locked is left for another time: nobody is to wait here, and nobody for this.
FREE = "SELECT id FROM threads WHERE id = ANY($1::uuid[]) ORDER BY id FOR KEY SHARE SKIP LOCKED"
PENDING = """
WITH chosen AS MATERIALIZED (
    SELECT kind, id, "threadId", pending, text FROM search_entries
    WHERE pending IS NOT NULL AND "threadId" = ANY($1::uuid[]) ORDER BY "threadId" LIMIT $2
), counted AS (
    SELECT *, sum(length(text)) OVER (ORDER BY "threadId", kind, id) - length(text) AS before
    FROM chosen
)
SELECT e.kind, e.id, e."threadId", e.pending, e.text, t."userId"
FROM counted AS e JOIN threads AS t ON t.id = e."threadId"
WHERE e.before < $3
"""
# A part that holds an older state of a text gives way; its other texts are indexed anew.
OUTDATED = """
WITH outdated AS (
    DELETE FROM search_parts WHERE "threadId" = ANY($1::uuid[]) AND entries && $2::uuid[]
    RETURNING entries
)
UPDATE search_entries AS e SET pending = txid_current()
FROM (SELECT DISTINCT unnest(entries) AS id FROM outdated) AS o
WHERE e.id = o.id AND e.pending IS NULL
"""
SMALL = """
SELECT id, "threadId", characters, entries, grams, signature FROM search_parts
WHERE "threadId" = ANY($1::uuid[]) AND characters < $2
"""
INSERT = """
INSERT INTO search_parts ("threadId", characters, entries, grams, signature)
VALUES ($1, $2, $3, $4, $5)
"""
REPLACE = "DELETE FROM search_parts WHERE id = ANY($1::bigint[])"
DONE = """
WITH mine AS (
    SELECT e.kind, e.id FROM search_entries AS e
    JOIN unnest($1::text[], $2::uuid[], $3::bigint[]) AS n(kind, id, pending)
        ON e.kind = n.kind AND e.id = n.id AND e.pending = n.pending
    FOR UPDATE OF e SKIP LOCKED
), done AS (
    UPDATE search_entries AS e SET pending = NULL FROM mine
    WHERE e.kind = mine.kind AND e.id = mine.id RETURNING 1
)
SELECT count(*) FROM done
"""
# New rows wait in a list, which is quick, and go from there to their places all at once. Who does
# not own the index leaves that to autovacuum.
TIDY = """
SELECT gin_clean_pending_list(oid) FROM pg_class
WHERE oid = 'ix_search_parts_grams'::regclass AND pg_has_role(relowner, 'USAGE')
"""


@dataclass(frozen=True, slots=True)
class IndexPart:
    """Texts of one thread, so many characters: their ids and their ngrams."""

    thread_id: str
    characters: int
    entries: set[str]
    ngrams: Ngrams

    def values(self) -> tuple[Any, ...]:
        """Return the part as `INSERT` takes it."""
        signature = BitString.frombytes(self.ngrams.signature, SIGNATURE_BITS)
        entries, numbers = list(self.entries), list(self.ngrams.numbers)
        return self.thread_id, self.characters, entries, numbers, signature

    def __or__(self, other: "IndexPart") -> "IndexPart":
        """Return both as one."""
        characters = self.characters + other.characters
        entries = self.entries | other.entries
        return IndexPart(self.thread_id, characters, entries, self.ngrams | other.ngrams)


@dataclass(frozen=True, slots=True)
class IndexPlan:
    """Parts to be stored, and the rows of the small ones in whose place they come."""

    parts: Sequence[IndexPart]
    replaced: Sequence[Row]


def plan_parts(pending: Sequence[Row], small: Iterable[Row]) -> IndexPlan:
    """Return what makes the index hold the pending texts."""
    parts: list[IndexPart] = []
    replaced: list[Row] = []
    known = {name: list(group) for name, group in _by_thread(small)}
    for thread_id, rows in _by_thread(pending):
        new = [_part(thread_id, texts) for texts in _shares(rows)]
        if len(old := known.get(thread_id, [])) >= FEW:
            replaced += old
            new[-1] = reduce(or_, map(_stored, old), new[-1])
        parts += new
    return IndexPlan(parts, replaced)


def _by_thread(rows: Iterable[Row]) -> Iterable[tuple[str, Iterable[Row]]]:
    return groupby(sorted(rows, key=itemgetter("threadId")), itemgetter("threadId"))


def _shares(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield rows of a thread together until they make a part."""
    share: list[Row] = []
    for row in rows:
        share.append(row)
        if sum(len(row["text"]) for row in share) >= PART_CHARACTERS:
            yield share
            share = []
    if share:
        yield share


def _part(thread_id: str, rows: Sequence[Row]) -> IndexPart:
    texts = [row["text"] for row in rows]
    ngrams = ngrams_of(texts, rows[0]["userId"] or "")
    return IndexPart(thread_id, sum(map(len, texts)), {row["id"] for row in rows}, ngrams)


def _stored(row: Row) -> IndexPart:
    ngrams = Ngrams(set(row["grams"]), row["signature"].bytes)
    return IndexPart(row["threadId"], row["characters"], set(row["entries"]), ngrams)


async def index_some(connection: Any) -> MaintenanceState:
    """Index pending texts in the connection's transaction.

    Only one at a time does it, in whatever process.
    """
    if not await connection.fetchval(LOCK):
        return MaintenanceState.HELD_UP
    if not (threads := await _free_threads(connection)):
        left = await connection.fetchval(LEFT)
        return MaintenanceState.HELD_UP if left else MaintenanceState.DONE
    pending = await connection.fetch(PENDING, threads, ROUND, ROUND_CHARACTERS)
    await connection.execute(OUTDATED, threads, [row["id"] for row in pending])
    small = await connection.fetch(SMALL, threads, PART_CHARACTERS)
    # Ngrams take a while: the event loop goes on meanwhile.
    found = await asyncio.to_thread(plan_parts, pending, small)
    await connection.executemany(INSERT, [part.values() for part in found.parts])
    await connection.execute(REPLACE, [row["id"] for row in found.replaced])
    columns = ([row[name] for row in pending] for name in ("kind", "id", "pending"))
    done = await connection.fetchval(DONE, *columns)
    return MaintenanceState.MORE if done else MaintenanceState.HELD_UP


async def _free_threads(connection: Any) -> list[str]:
    """Return threads with pending texts, kept from being deleted; none when all are locked."""
    last = FIRST
    while rows := await connection.fetch(THREADS, last, THREADS_AT_ONCE):
        ids = [row["id"] for row in rows]
        if free := await connection.fetch(FREE, ids):
            return [row["id"] for row in free]
        last = ids[-1]
    return []
