"""The store on a PostgreSQL server."""

import asyncio
from pathlib import Path

from datalayer.records import ThreadRecord
from datalayer.reports import StoreDescription
from datalayer.stores.options import NO_OPTIONS, StoreOptions
from datalayer.stores.sql.database import Database, MigratedDatabase
from datalayer.stores.sql.ngrams import ngrams_of_needle
from datalayer.stores.sql.postgres.backup import dump
from datalayer.stores.sql.postgres.connections import parse
from datalayer.stores.sql.postgres.database import BATCHES, PostgresDatabase
from datalayer.stores.sql.postgres.listening import PostgresAnswers
from datalayer.stores.sql.postgres.probe import probe
from datalayer.stores.sql.postgres.reads import (
    CONTAINS,
    WHOLE_THREAD,
    near_query,
    thread_of_rows,
)
from datalayer.stores.sql.postgres.search_query import as_values, indexed_query
from datalayer.stores.sql.queries import Rows
from datalayer.stores.sql.reads import ThreadQuery
from datalayer.stores.sql.schema import Schema
from datalayer.stores.sql.store import SqlStore

SAMPLE = 4  # newest threads, which tell how common a word is
NEAR = 2  # pages of newest threads that are searched for a common word


class PostgresStore(SqlStore):
    """Keeps everything in a database on a server, which need not be there yet.

    What elsewhere takes several statements it does in one round trip, and it searches by an index.
    """

    concurrency = BATCHES
    is_remote = True
    contains = CONTAINS

    def __init__(self, url: str, options: StoreOptions = NO_OPTIONS) -> None:
        schema = Schema(options.load_adopter, adopts=options.adopts)
        self._url = url
        self._address = parse(url, options.password_from)
        database: Database = PostgresDatabase(self._address, options.recorder)
        if options.migrates:
            database = MigratedDatabase(database, schema.upgrade)
        super().__init__(database, schema)
        self.answers: PostgresAnswers = PostgresAnswers(database, self._address)

    @classmethod
    def from_url(cls, url: str, _base: Path, options: StoreOptions = NO_OPTIONS) -> "PostgresStore":
        """Return the store in the database of a URL, as `open_store` does."""
        return cls(url, options)

    async def close(self) -> None:
        await self.answers.close()
        await super().close()

    async def describe(self) -> StoreDescription:
        return await probe(self._address)

    async def backup(self, folder: Path) -> Path:
        password = await self._address.password() if self._address.password else ""
        return await asyncio.to_thread(dump, self._url, folder, password)

    async def get_thread(self, thread_id: str) -> ThreadRecord | None:
        return thread_of_rows(await self.database.fetch(WHOLE_THREAD, id=thread_id))

    async def _search(self, query: ThreadQuery) -> Rows:
        """Search by the index, but for words so common that the newest threads fill the page."""
        if not query.needle:
            return await super()._search(query)
        if await self._is_common(query):
            rows = await self._newest(query, query.first, NEAR * query.first)
            if len(rows) == query.first:
                return rows
        needle = ngrams_of_needle(query.needle, query.user_id)
        indexed = indexed_query(
            signed=bool(needle.bits),
            continued=query.is_continued,
            judged=query.feedback is not None,
        )
        return await self.database.fetch(indexed, **query.values(), **as_values(needle))

    async def _is_common(self, query: ThreadQuery) -> bool:
        return len(await self._newest(query, SAMPLE, SAMPLE)) * 2 > SAMPLE

    async def _newest(self, query: ThreadQuery, first: int, near: int) -> Rows:
        """Return the first of the `near` newest threads that hold what is looked for."""
        values = {**query.values(), "first": first, "near": near}
        return await self.database.fetch(near_query(query), **values)
