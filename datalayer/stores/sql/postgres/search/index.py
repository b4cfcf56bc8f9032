"""The index of the search on PostgreSQL: what is in it, and how it is brought up to date.

A row of `search_parts` holds the ngrams of some texts of one thread, and their ids. A search takes
from there the texts in which may be what is looked for, with those that are `pending`, and compares
the texts themselves: the index may say too much (what was changed or deleted since), never too
little.

A save marks its texts as pending, with the number of its transaction; maintenance takes them off
that list if they are still the same.
"""

from typing import Any

from datalayer.records import MaintenanceState
from datalayer.stores.sql.postgres.search.parts import PART_CHARACTERS
from datalayer.stores.sql.postgres.search.process import IndexProcess

ROUND = 250  # texts in one transaction: with more at once the event loop stops for milliseconds
ROUND_CHARACTERS = 125_000

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
SELECT count(*) AS number, (SELECT count(*) FROM chosen) AS chosen,
    array_agg(e.kind)::text AS kinds, array_agg(e.id)::text AS ids,
    array_agg(e.pending)::text AS transactions,
    json_agg(json_build_array(e."threadId", e.id, t."userId", e.text))::text AS texts
FROM counted AS e JOIN threads AS t ON t.id = e."threadId"
WHERE e.before < $3
"""
# A part that holds an older state of a text gives way; its other texts are indexed anew.
OUTDATED = """
WITH outdated AS (
    DELETE FROM search_parts WHERE "threadId" = ANY($1::uuid[]) AND entries && $2::text::uuid[]
    RETURNING entries
)
UPDATE search_entries AS e SET pending = txid_current()
FROM (SELECT DISTINCT unnest(entries) AS id FROM outdated) AS o
WHERE e.id = o.id AND e.pending IS NULL
"""
SMALL = """
SELECT coalesce(json_agg(
    json_build_array(id, "threadId", characters, entries, grams, signature::text)
), '[]')::text AS parts
FROM search_parts WHERE "threadId" = ANY($1::uuid[]) AND characters < $2
"""
STORE = """
WITH plan AS MATERIALIZED (SELECT $1::text::json AS document), replaced AS (
    DELETE FROM search_parts USING plan, json_array_elements_text(document -> 'replaced') AS old
    WHERE id = old::bigint
)
INSERT INTO search_parts ("threadId", characters, entries, grams, signature)
SELECT "threadId", characters, entries, grams, signature
FROM plan, json_populate_recordset(NULL::search_parts, document -> 'parts')
"""
DONE = """
WITH mine AS (
    SELECT e.kind, e.id FROM search_entries AS e
    JOIN unnest($1::text::text[], $2::text::uuid[], $3::text::bigint[]) AS n(kind, id, pending)
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


async def index_some(connection: Any, process: IndexProcess) -> MaintenanceState:
    """Index pending texts in the connection's transaction.

    Only one at a time does it, in whatever process. What is saved meanwhile wakes whoever asks for
    this, so it is not looked for: one text at a time would take as long as many. Documents and
    arrays go from the database to that process and back as text: what is read here would keep the
    event loop.
    """
    if not await connection.fetchval(LOCK):
        return MaintenanceState.HELD_UP
    threads, are_all = await _free_threads(connection)
    if not threads:
        left = await connection.fetchval(LEFT)
        return MaintenanceState.HELD_UP if left else MaintenanceState.DONE
    pending = await connection.fetchrow(PENDING, threads, ROUND, ROUND_CHARACTERS)
    if not pending["number"]:  # it was deleted since
        return MaintenanceState.MORE
    marked = await connection.execute(OUTDATED, threads, pending["ids"])
    small = await connection.fetchval(SMALL, threads, PART_CHARACTERS)
    plan = await process.plan(f"[{pending['texts']}, {small}]")
    await connection.execute(STORE, plan)
    done = await connection.fetchval(
        DONE, pending["kinds"], pending["ids"], pending["transactions"]
    )
    if not done:
        return MaintenanceState.HELD_UP
    is_whole = done == pending["number"] == pending["chosen"] < ROUND
    is_last = is_whole and are_all and marked == "UPDATE 0"
    return MaintenanceState.DONE if is_last else MaintenanceState.MORE


async def _free_threads(connection: Any) -> tuple[list[str], bool]:
    """Return threads with pending texts, kept from being deleted, and whether no other has some.

    There are none when all are locked.
    """
    last = FIRST
    while rows := await connection.fetch(THREADS, last, THREADS_AT_ONCE):
        ids = [row["id"] for row in rows]
        if free := await connection.fetch(FREE, ids):
            are_all = last == FIRST and len(free) == len(ids) < THREADS_AT_ONCE
            return [row["id"] for row in free], are_all
        last = ids[-1]
    return [], False
