"""The store on a PostgreSQL server."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from datalayer.records import ThreadRecord
from datalayer.reports import StoreDescription
from datalayer.search.terms import SearchTerms
from datalayer.stores.options import NO_OPTIONS, StoreOptions
from datalayer.stores.sql.database import Database, MigratedDatabase
from datalayer.stores.sql.ngrams import ngrams_of_needle
from datalayer.stores.sql.postgres.backup import dump, put_back
from datalayer.stores.sql.postgres.connections import parse
from datalayer.stores.sql.postgres.database import BATCHES, PostgresDatabase
from datalayer.stores.sql.postgres.listening import PostgresAnswers
from datalayer.stores.sql.postgres.probe import probe
from datalayer.stores.sql.postgres.reads import (
    CONTAINS,
    WHOLE_THREAD,
    best_query,
    near_query,
    sample_query,
    thread_of_rows,
)
from datalayer.stores.sql.postgres.search.query import MOST_INDEXED, as_values, indexed_query
from datalayer.stores.sql.queries import Rows
from datalayer.stores.sql.reads import ThreadQuery
from datalayer.stores.sql.schema import Schema
from datalayer.stores.sql.searches import needles
from datalayer.stores.sql.store import SqlStore

MOST_SAMPLED = 8  # terms
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
        return await asyncio.to_thread(dump, self._url, folder, await self._password())

    async def restore(self, backup: Path) -> None:
        await asyncio.to_thread(put_back, self._url, backup, await self._password())

    async def _password(self) -> str:
        return await self._address.password() if self._address.password else ""

    async def get_thread(self, thread_id: str) -> ThreadRecord | None:
        return thread_of_rows(await self.database.fetch(WHOLE_THREAD, id=thread_id))

    async def _search(self, query: ThreadQuery) -> Rows:
        """Search by the index, but for words so common that the newest threads fill the page."""
        if not query.terms.needed:
            return await super()._search(query)
        counts = await self._sample(query)
        if all(count * 2 > SAMPLE for count in counts):
            values = {**query.values(), "near": NEAR * query.first}
            rows = await self.database.fetch(near_query(query), **values)
            if len(rows) == query.first:
                return rows
        return await self._search_index(query, counts)

    async def _sample(self, query: ThreadQuery) -> Sequence[int]:
        """Return in how many of a few threads each of the first terms is."""
        some = min(len(query.terms.needed), MOST_SAMPLED)
        sample = sample_query(query, some)
        rows = await self.database.fetch(sample, **query.values(), sample=SAMPLE)
        return [sum(bool(row[f"found{number}"]) for row in rows) for number in range(some)]

    async def _search_index(self, query: ThreadQuery, counts: Sequence[int]) -> Rows:
        """Look up the rarest terms, as far as a sample tells that, and the longest of those."""
        needed = query.terms.needed
        order = sorted(range(len(counts)), key=counts.__getitem__)
        rare = [number for number in order if counts[number] * 2 <= SAMPLE] or order[:1]
        looked_up = rare[:MOST_INDEXED]
        others = [number for number in range(len(needed)) if number not in looked_up]
        sorted_terms = [needed[number] for number in (*looked_up, *others)]
        ngrams = [ngrams_of_needle(needed[number], query.user_id) for number in looked_up]
        indexed = indexed_query(
            signed=tuple(bool(it.bits) for it in ngrams),
            compared=len(others),
            continued=query.is_continued,
            judged=query.feedback is not None,
        )
        ordered = replace(query, terms=query.terms._replace(needed=tuple(sorted_terms)))
        return await self.database.fetch(indexed, **ordered.values(), **as_values(ngrams))

    async def _fetch_best(self, ids: Sequence[str], terms: SearchTerms) -> Rows:
        best = best_query(len(terms.needed))
        return await self.database.fetch(best, ids=ids, **needles(terms))
