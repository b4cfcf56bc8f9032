"""What the stores on SQL databases share: each read and write, as work on a database."""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import tzinfo
from functools import partial
from typing import Any, ClassVar

from sqlalchemy import Connection

from datalayer.records import (
    ElementRecord,
    FileRecord,
    MaintenanceState,
    Result,
    SearchPage,
    StepRecord,
    ThreadPage,
    ThreadRecord,
    UserRecord,
)
from datalayer.reports import AdoptionReport
from datalayer.rules.process import drive
from datalayer.search.terms import SearchTerms, terms_of
from datalayer.sections import folder_of_section, in_order
from datalayer.stores.answers import AnswerBoard
from datalayer.stores.base import Store
from datalayer.stores.capabilities import Adopts, BacksUp, Maintains, MigratesBySql
from datalayer.stores.cursors import decode_cursor, decode_section_cursor, section_page
from datalayer.stores.hits import NOTHING_FOUND, FoundText, search_page
from datalayer.stores.sql import reads
from datalayer.stores.sql.accounts import SqlAccounts
from datalayer.stores.sql.answers import SqlAnswers
from datalayer.stores.sql.database import Database
from datalayer.stores.sql.queries import Rows
from datalayer.stores.sql.reads import ThreadQuery
from datalayer.stores.sql.refolding import refold_some
from datalayer.stores.sql.schema import Schema
from datalayer.stores.sql.searches import found_texts
from datalayer.stores.sql.unfolded import best_unfolded, is_all_folded, search_unfolded
from datalayer.stores.sql.writes.load import load
from datalayer.stores.sql.writes.make import make
from datalayer.values import Json
from datalayer.writes import Write


class SqlStore(Store, MigratesBySql, Adopts, Maintains, BacksUp):
    """Keeps everything in an SQL database, which is closed by `close`."""

    contains: ClassVar[str]
    """The function of the database that tells where a text stands in another, 0 for nowhere."""

    def __init__(self, database: Database, schema: Schema) -> None:
        self.database = database
        self.accounts = SqlAccounts(database)
        self.answers: AnswerBoard = SqlAnswers(database)
        self._schema = schema
        self._is_folded = False  # whether all that the search looks through is, as it is folded now

    async def migrate(self) -> None:
        await self.database.migrate(self._schema.upgrade)

    async def needs_migration(self) -> bool:
        return await self.database.read(self._schema.is_behind)

    async def maintain(self) -> MaintenanceState:
        if not self._is_folded:
            state = await self.database.write(refold_some)
            self._is_folded = state is MaintenanceState.DONE
            if not self._is_folded:
                return state
        return await self.database.maintain()

    async def adopt(
        self, *, zone: tzinfo | None = None, dry_run: bool = False
    ) -> AdoptionReport | None:
        if dry_run:
            return await self.database.inspect(partial(self._schema.plan_adoption, zone=zone))
        return await self.database.migrate(partial(self._schema.adopt, zone=zone))

    async def migration_sql(self) -> str:
        return await self.database.read(self._schema.pending_sql)

    async def close(self) -> None:
        await self.database.close()

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        return await self.database.save(writes, partial(_apply, writes=writes))

    async def get_user(self, identifier: str) -> UserRecord | None:
        rows = await self.database.fetch(reads.USER, identifier=identifier)
        return reads.user(rows[0]) if rows else None

    async def get_user_by_id(self, user_id: str) -> UserRecord | None:
        rows = await self.database.fetch(reads.USER_BY_ID, id=user_id)
        return reads.user(rows[0]) if rows else None

    async def get_preferences(self, identifier: str) -> Mapping[str, Json]:
        rows = await self.database.fetch(reads.PREFERENCES, identifier=identifier)
        return rows[0]["preferences"] if rows else {}

    async def get_thread(self, thread_id: str) -> ThreadRecord | None:
        return await self.database.read(lambda on: reads.whole_thread(on, thread_id))

    async def get_thread_author(self, thread_id: str) -> str | None:
        rows = await self.database.fetch(reads.AUTHOR, id=thread_id)
        return rows[0]["owner"] if rows else None

    async def get_thread_name(self, thread_id: str) -> str | None:
        rows = await self.database.fetch(reads.NAME, id=thread_id)
        return rows[0]["name"] or "" if rows else None

    async def get_thread_metadata(self, thread_id: str) -> Mapping[str, Json] | None:
        rows = await self.database.fetch(reads.METADATA, id=thread_id)
        return rows[0]["metadata"] or {} if rows else None

    async def list_threads(
        self,
        user_id: str,
        *,
        first: int,
        after: str | None = None,
        search: str | None = None,
        feedback: int | None = None,
    ) -> ThreadPage:
        timestamp, thread_id = decode_cursor(after) if after else (None, None)
        query = ThreadQuery(
            user_id=user_id,
            first=first + 1,
            after_timestamp=timestamp,
            after_id=thread_id,
            terms=terms_of(search),
            feedback=feedback,
        )
        if query.terms.needed and not await self._is_all_folded():
            return reads.page(await search_unfolded(self.database, query), first)
        return reads.page(await self._search(query), first)

    async def list_section(
        self, user_id: str, section: str, *, first: int, after: str | None = None
    ) -> ThreadPage:
        values: dict[str, Any] = {"user_id": user_id, "section": section, "first": first + 1}
        if after:
            last = decode_section_cursor(after)
            values |= dict(zip(("pinned", "updated_at", "thread_id"), last, strict=True))
        query = reads.section_query(continued=bool(after))
        rows = await self.database.fetch(query, **values)
        return section_page([reads.thread(row) for row in rows], first)

    async def list_folders(self, user_id: str) -> list[str]:
        rows = await self.database.fetch(reads.SECTIONS, user_id=user_id)
        return in_order([name for row in rows if (name := folder_of_section(row["section"]))])

    async def _is_all_folded(self) -> bool:
        self._is_folded = self._is_folded or await is_all_folded(self.database)
        return self._is_folded

    async def search(
        self, user_id: str, search: str, *, first: int, after: str | None = None
    ) -> SearchPage:
        terms = terms_of(search)
        if not terms.all:
            return NOTHING_FOUND
        page = await self.list_threads(user_id, first=first, after=after, search=search)
        found = await self._best_texts([it.id for it in page.threads], terms)
        return await asyncio.to_thread(search_page, page, found, terms)

    async def _best_texts(self, ids: Sequence[str], terms: SearchTerms) -> dict[str, FoundText]:
        if not await self._is_all_folded():
            return await best_unfolded(self.database, ids, terms)
        return found_texts(await self._fetch_best(ids, terms))

    @abstractmethod
    async def _fetch_best(self, ids: Sequence[str], terms: SearchTerms) -> Rows:
        """Return the rows of `best_texts` for threads with these ids."""

    async def _search(self, query: ThreadQuery) -> Rows:
        return await self.database.fetch(reads.page_query(query, self.contains), **query.values())

    async def get_step(self, step_id: str) -> StepRecord | None:
        rows = await self.database.fetch(reads.STEP, id=step_id)
        return reads.by_creation(rows)[0] if rows else None

    async def get_element(self, thread_id: str, element_id: str) -> ElementRecord | None:
        rows = await self.database.fetch(reads.ELEMENT, id=element_id, thread_id=thread_id)
        return reads.element(rows[0]) if rows else None

    async def get_feedback_step(self, feedback_id: str) -> StepRecord | None:
        rows = await self.database.fetch(reads.FEEDBACK_STEP, id=feedback_id)
        return reads.by_creation(rows)[0] if rows else None

    async def get_favorites(self, user_id: str) -> list[StepRecord]:
        rows = await self.database.fetch(reads.FAVORITES, user_id=user_id)
        return reads.by_creation(rows)[::-1]

    async def list_removals(self, limit: int, *, skip: int = 0) -> list[str]:
        rows = await self.database.fetch(reads.REMOVALS, limit=limit, skip=skip)
        return [row["objectKey"] for row in rows]

    async def users(self) -> AsyncIterator[UserRecord]:
        rows = await self.database.fetch(reads.FIRST_USERS)
        while rows:
            for row in rows:
                yield reads.user(row)
            rows = await self.database.fetch(reads.MORE_USERS, last=rows[-1]["id"])

    async def files(self) -> AsyncIterator[FileRecord]:
        rows = await self.database.fetch(reads.FIRST_FILES)
        while rows:
            for row in rows:
                yield reads.file(row)
            last = rows[-1]
            rows = await self.database.fetch(
                reads.MORE_FILES, thread=last["threadId"], element=last["id"]
            )

    async def named_files(self, element_ids: Collection[str]) -> set[str]:
        query = partial(reads.named_files, ids=list(element_ids))
        return await self.database.read(query)

    async def threads(self) -> AsyncIterator[ThreadRecord]:
        rows = await self.database.fetch(reads.FIRST_IDS)
        while rows:
            for row in rows:
                if thread := await self.get_thread(row["id"]):
                    yield thread
            rows = await self.database.fetch(reads.MORE_IDS, last=rows[-1]["id"])


def _apply(connection: Connection, writes: Sequence[Write]) -> list[Result]:
    return drive(writes, partial(load, connection), partial(make, connection))
