"""What an expert would write for exactly these calls: bare SQL on an asyncpg pool, our tables.

It checks no owners, merges no revisions, touches no last activity and fills no search.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg
from chainlit.step import StepDict
from chainlit.types import PageInfo, PaginatedResponse, Pagination, ThreadDict, ThreadFilter

from benchmarks.layers import keepchat
from benchmarks.layers.base import LayerKind
from datalayer.stores.sql.migrations import new_schema_sql

_PAGE = """
SELECT id::text, "updatedAt" AS "createdAt", name, "userId"::text, "userIdentifier", tags, metadata
FROM threads WHERE "userId" = $1 ORDER BY "updatedAt" DESC, id DESC LIMIT $2
"""
_THREAD = """
SELECT id::text, "createdAt", name, "userId"::text, "userIdentifier", tags, metadata
FROM threads WHERE id = $1
"""
_STEPS = """
SELECT s.id::text, s."threadId"::text, s."parentId"::text, s.name, s.type, s.input, s.output,
    s.metadata, s."createdAt", s.start, s."end", s."isError", s."waitForAnswer", s.streaming,
    s."showInput", s.language, s.tags, s.generation, s.command, s.modes, s."defaultOpen",
    s."autoCollapse", f.id::text AS "feedbackId", f.value, f.comment
FROM steps s LEFT JOIN feedbacks f ON f."forId" = s.id
WHERE s."threadId" = $1 ORDER BY s."createdAt", s.sequence, s.id
"""
_ELEMENTS = 'SELECT * FROM elements WHERE "threadId" = $1 AND ready ORDER BY sequence'
_SAVE = """
INSERT INTO steps (id, "threadId", "parentId", name, type, output, metadata, streaming, "isError",
    "waitForAnswer", "createdAt", start, "end")
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (id) DO UPDATE SET name = $4, output = $6, metadata = $7, streaming = $8,
    "isError" = $9, "end" = $13
"""
_SAVED = (
    *("id", "threadId", "parentId", "name", "type", "output", "metadata"),
    *("streaming", "isError", "waitForAnswer"),
)
_MERGE = "UPDATE threads SET metadata = coalesce(metadata, '{}') || $2 WHERE id = $1"


class HandwrittenLayer:
    """The five calls, one statement for each where that is enough."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def list_threads(
        self, pagination: Pagination, filters: ThreadFilter
    ) -> PaginatedResponse[ThreadDict]:
        """Return the first page; nothing is searched."""
        rows = await self._pool.fetch(_PAGE, filters.userId, pagination.first + 1)
        threads = [_thread(row) for row in rows[: pagination.first]]
        more = len(rows) > pagination.first
        info = PageInfo(hasNextPage=more, startCursor=None, endCursor=threads[-1]["id"])
        return PaginatedResponse(pageInfo=info, data=threads)

    async def get_thread(self, thread_id: str) -> ThreadDict:
        """Return a thread that is there."""
        async with self._pool.acquire() as connection:
            thread = _thread(await connection.fetchrow(_THREAD, thread_id))
            steps = await connection.fetch(_STEPS, thread_id)
            elements = await connection.fetch(_ELEMENTS, thread_id)
        thread["steps"] = [_step(row) for row in steps]
        thread["elements"] = [cast(Any, dict(row)) for row in elements]
        return thread

    async def create_step(self, step_dict: StepDict) -> None:
        """Store a step."""
        step = cast(dict[str, Any], step_dict)
        values = [step[name] for name in _SAVED]
        values[_SAVED.index("metadata")] = json.dumps(step["metadata"])
        times = (step["createdAt"], step["start"], step["end"])
        await self._pool.execute(_SAVE, *values, *times)

    async def update_step(self, step_dict: StepDict) -> None:
        """Store a step that is there."""
        await self.create_step(step_dict)

    async def update_thread(self, thread_id: str, *, metadata: dict[str, Any]) -> None:
        """Merge metadata into a thread's."""
        await self._pool.execute(_MERGE, thread_id, json.dumps(metadata))


def _thread(row: Any) -> ThreadDict:
    thread = {**row, "metadata": json.loads(row["metadata"]), "steps": [], "elements": []}
    return cast(ThreadDict, thread)


def _step(row: Any) -> StepDict:
    step = dict(row)
    step["metadata"] = json.loads(step["metadata"])
    feedback_id, value, comment = step.pop("feedbackId"), step.pop("value"), step.pop("comment")
    step["feedback"] = feedback_id and {
        "id": feedback_id,
        "forId": step["id"],
        "value": value,
        "comment": comment,
    }
    return cast(StepDict, step)


@asynccontextmanager
async def _open(url: str) -> AsyncIterator[HandwrittenLayer]:
    async with asyncpg.create_pool(url) as pool:
        yield HandwrittenLayer(pool)


def handwritten() -> LayerKind:
    """Return the hand-written statements as a layer to be measured."""
    return LayerKind(
        name="hand-written SQL",
        slug="by_hand",
        schema=new_schema_sql("postgresql"),
        user_rows=keepchat.user_rows,
        thread_rows=keepchat.bare_rows,
        threads="threads",
        steps="steps",
        open=_open,
    )
