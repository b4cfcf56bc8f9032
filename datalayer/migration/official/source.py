"""The source of an import: one snapshot of a PostgreSQL database, read and never written."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg

from datalayer.errors import SourceUnusable
from datalayer.migration.importing.source import about_source
from datalayer.migration.official import schema
from datalayer.migration.official.rows import DELETED, HOME, OWNER
from datalayer.migration.official.schema import TABLES, Columns
from datalayer.migration.sqlalchemy.rows import Raw
from datalayer.stores.sql.postgres.connections import Address, parse
from datalayer.stores.sql.postgres.errors import translated

CONNECT_S = 10.0
ANSWER_S = 600.0  # a sort of all that there is may take long; silence for ever may not
THREADS = 200  # whose rows are asked for together
FETCH = 100  # rows in memory; some may be long

_ADVICE = "Check that --from names a server that is there and answers, and see to its log."
_PATIENTLY = """
SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0
"""
_COLUMNS = """
SELECT table_name AS "table", array_agg(column_name::text) AS columns
FROM information_schema.columns WHERE table_schema = current_schema() GROUP BY table_name
"""
_USERS = 'SELECT * FROM "User" ORDER BY "createdAt", id'
_THREADS = f"""
SELECT t.*, u.identifier AS "{OWNER}"
FROM "Thread" t LEFT JOIN "User" u ON u.id = t."userId" ORDER BY t."createdAt", t.id
"""
_STEPS = """
SELECT * FROM "Step" WHERE "threadId" = ANY($1)
ORDER BY "threadId", "startTime", "createdAt", ctid
"""
_ELEMENTS = f"""
SELECT *, "threadId" AS "{HOME}" FROM "Element" WHERE "threadId" = ANY($1)
ORDER BY "threadId", "createdAt", ctid
"""
_FEEDBACKS = f"""
SELECT f.*, s."threadId" AS "{HOME}"
FROM "Feedback" f JOIN "Step" s ON s.id = f."stepId" WHERE s."threadId" = ANY($1)
ORDER BY s."threadId", f."stepId", f."updatedAt", f."createdAt", f.ctid
"""
_HOMELESS = {
    "steps": """
        SELECT r.* FROM "Step" r LEFT JOIN "Thread" t ON t.id = r."threadId" WHERE t.id IS NULL
        """,
    # An element without a thread is where its step is.
    "elements": f"""
        SELECT r.*, t.id AS "{HOME}", t."deletedAt" AS "{DELETED}", u.identifier AS "{OWNER}"
        FROM "Element" r LEFT JOIN "Thread" own ON own.id = r."threadId"
        LEFT JOIN "Step" s ON s.id = r."stepId" LEFT JOIN "Thread" t ON t.id = s."threadId"
        LEFT JOIN "User" u ON u.id = t."userId" WHERE own.id IS NULL
        """,
    "feedbacks": """
        SELECT r.* FROM "Feedback" r LEFT JOIN "Step" s ON s.id = r."stepId"
        LEFT JOIN "Thread" t ON t.id = s."threadId" WHERE t.id IS NULL
        """,
}
_DELETED = {
    "steps": """
        SELECT count(*) FROM "Step" r JOIN "Thread" t ON t.id = r."threadId"
        WHERE t."deletedAt" IS NOT NULL
        """,
    "elements": """
        SELECT count(*) FROM "Element" r JOIN "Thread" t ON t.id = r."threadId"
        WHERE t."deletedAt" IS NOT NULL
        """,
    "feedbacks": """
        SELECT count(*) FROM "Feedback" r JOIN "Step" s ON s.id = r."stepId"
        JOIN "Thread" t ON t.id = s."threadId" WHERE t."deletedAt" IS NOT NULL
        """,
}


class OfficialDatabase:
    """Iterates over the rows of one snapshot, a few in memory at a time.

    All methods raise `SourceUnusable` when the database can no longer be read.
    """

    def __init__(self, connection: Any) -> None:
        self._on = connection

    async def columns(self) -> Columns:
        """Return the tables that are there and their columns."""
        return {row["table"]: row["columns"] async for row in self._rows(_COLUMNS)}

    async def zone(self) -> tuple[tzinfo, str]:
        """Return the time zone of the database's clock, UTC for one unknown here, and its name."""
        name = str(await self._value("SELECT current_setting('TimeZone')"))
        try:
            return ZoneInfo(name), name
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return UTC, name

    async def counts(self) -> dict[str, int]:
        """Return how many rows of each kind there are."""
        return {
            kind: await self._value(f'SELECT count(*) FROM "{table}"')
            for kind, table in TABLES.items()
        }

    async def deleted(self) -> dict[str, int]:
        """Return how many rows of each kind are in threads that are marked as deleted."""
        return {kind: await self._value(query) for kind, query in _DELETED.items()}

    def users(self) -> AsyncIterator[Raw]:
        """Iterate over the users."""
        return self._rows(_USERS, table=TABLES["users"])

    async def threads(self) -> AsyncIterator[list[Raw]]:
        """Iterate over the threads, oldest first, some at a time, each with its owner."""
        found: list[Raw] = []
        async for row in self._rows(_THREADS, table=TABLES["threads"]):
            found.append(row)
            if len(found) == THREADS:
                yield found
                found = []
        yield found

    def steps(self, thread_ids: Sequence[str]) -> AsyncIterator[Raw]:
        """Iterate over the steps of threads, thread by thread, in their order."""
        return self._rows(_STEPS, thread_ids, table=TABLES["steps"])

    def elements(self, thread_ids: Sequence[str]) -> AsyncIterator[Raw]:
        """Iterate over the elements of threads."""
        return self._rows(_ELEMENTS, thread_ids, table=TABLES["elements"])

    async def feedbacks(self, thread_ids: Sequence[str]) -> AsyncIterator[list[Raw]]:
        """Iterate over the feedbacks of threads, all of one step together, the last one last."""
        group: list[Raw] = []
        async for row in self._rows(_FEEDBACKS, thread_ids, table=TABLES["feedbacks"]):
            if group and group[-1]["stepId"] != row["stepId"]:
                yield group
                group = []
            group.append(row)
        if group:
            yield group

    def homeless(self, kind: str) -> AsyncIterator[Raw]:
        """Iterate over the rows of a kind that name no thread that is there."""
        return self._rows(_HOMELESS[kind], table=TABLES[kind])

    async def _rows(
        self, query: str, *values: object, table: str = "columns"
    ) -> AsyncIterator[Raw]:
        with _reading():
            rows = aiter(self._on.cursor(query, *values, prefetch=FETCH, timeout=ANSWER_S))
        last: object = None
        while True:
            with _reading(), _naming(table, last):
                row = await anext(rows, None)
            if row is None:
                return
            last = row.get("id")
            yield dict(row)

    async def _value(self, query: str) -> Any:
        with _reading():
            return await self._on.fetchval(query, timeout=ANSWER_S)


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[OfficialDatabase]:
    """Give the source that a URL names. Raises `SourceUnusable`, which says what to do."""
    with _reading():
        connection = await _connect(parse(url))
    try:
        with _reading():
            await connection.transaction(isolation="repeatable_read", readonly=True).start()
            await connection.execute(_PATIENTLY)
        source = OfficialDatabase(connection)
        schema.refuse_others(await source.columns())
        yield source
        with _reading():
            await connection.close(timeout=CONNECT_S)
    finally:
        connection.terminate()  # nothing was written that could be lost


async def _connect(address: Address) -> Any:
    return await asyncpg.connect(**{**address.connect, "timeout": CONNECT_S})


@contextmanager
def _reading() -> Iterator[None]:
    with about_source(), translated(_ADVICE):
        yield


@contextmanager
def _naming(table: str, last: object) -> Iterator[None]:
    """Say where a value is that neither the server nor the driver can read as what it should be."""
    try:
        yield
    except (ValueError, OverflowError, asyncpg.DataError) as exc:
        where = "at its beginning" if last is None else f"after the id {last}"
        message = (
            f'The table "{table}" of the source holds a value that cannot be read '
            f"({type(exc).__name__}), in one of the {FETCH} rows {where} in the order of the "
            "import: a time outside the years 1 to 9999, or a text in another encoding. Correct "
            "it there and run the import again."
        )
        raise SourceUnusable(message) from None  # the cause would quote the value
