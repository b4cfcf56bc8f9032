"""A store in a table of DynamoDB."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Self, TypeVar

from datalayer.errors import StoreUnavailable
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
from datalayer.reports import AdoptionReport, StoreDescription
from datalayer.search.terms import SearchTerms, terms_of
from datalayer.stores.base import Store
from datalayer.stores.capabilities import Adopts, Maintains, Migrates
from datalayer.stores.cursors import decode_cursor, decode_section_cursor
from datalayer.stores.dynamodb import diagnosis
from datalayer.stores.dynamodb.answers import DynamoAnswers
from datalayer.stores.dynamodb.logins.accounts import DynamoAccounts
from datalayer.stores.dynamodb.maintenance import maintain
from datalayer.stores.dynamodb.reads import export, things
from datalayer.stores.dynamodb.reads.sidebar import ThreadList, ThreadQuery
from datalayer.stores.dynamodb.recent import Recent, RecentThreads
from datalayer.stores.dynamodb.schema import Schema
from datalayer.stores.dynamodb.sdk.address import TableAddress
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.search.build import ChunkBuilder
from datalayer.stores.dynamodb.search.find import TextSearch
from datalayer.stores.dynamodb.search.unbuilt import Unbuilt
from datalayer.stores.dynamodb.writes.apply import Clock, apply
from datalayer.stores.hits import NOTHING_FOUND, FoundText, search_page
from datalayer.stores.options import NO_OPTIONS, StoreOptions
from datalayer.values import Json, clean_text, derived_id
from datalayer.writes import Write, wall_clock

T = TypeVar("T")

_CLOSED = "The store was closed: the program is shutting down."


class DynamoStore(Store, Migrates, Adopts, Maintains):
    """Keeps everything in one table."""

    concurrency = 8
    is_remote = True

    def __init__(
        self,
        client: Client,
        now: Clock = wall_clock,
        *,
        schema: Schema | None = None,
        names_only: bool = False,
    ) -> None:
        self.client = client
        self.accounts = DynamoAccounts(client)
        self.answers = DynamoAnswers(client)
        self._schema = schema or Schema(client)
        self._now = now
        self.names_only = names_only
        self._recent = Recent(RecentThreads(), Unbuilt(0) if names_only else Unbuilt())
        self._texts = None if names_only else TextSearch(client, self._recent.unbuilt)
        self._list = ThreadList(client, self._recent.listed, self._texts)
        self._builder = ChunkBuilder(client, self._recent.unbuilt)
        self._applying: set[asyncio.Task[list[Result]]] = set()
        self._closed = False

    @classmethod
    def from_url(cls, url: str, _base: Path, options: StoreOptions = NO_OPTIONS) -> Self:
        """Open the table that a URL names. Raises `StoreMisconfigured`, which shows no value."""
        client = Client(TableAddress.from_url(url), options.aws)
        schema = Schema(client, options.load_adopter, adopts=options.adopts)
        prepare = schema.migrate if options.migrates else schema.check
        names_only = options.names_only
        return cls(client.waiting_for(prepare), schema=schema, names_only=names_only)

    # Life cycle

    async def describe(self) -> StoreDescription:
        return await diagnosis.describe(self._schema.client)

    async def migrate(self) -> None:
        await self._schema.migrate()

    async def needs_migration(self) -> bool:
        return await self._schema.is_behind()

    async def adopt(
        self, *, zone: tzinfo | None = None, dry_run: bool = False
    ) -> AdoptionReport | None:
        return await self._schema.adopt(zone, dry_run=dry_run)

    async def maintain(self) -> MaintenanceState:
        states = (await maintain(self.client, self._now()), await self._builder.build_some())
        unfinished = (MaintenanceState.MORE, MaintenanceState.HELD_UP)
        return next((state for state in unfinished if state in states), MaintenanceState.DONE)

    @property
    def running(self) -> int:
        """How many calls have not ended, those of cancelled callers included."""
        return len(self._applying) + self.client.running

    async def close(self) -> None:
        self._closed = True
        if self._applying:
            await asyncio.wait(self._applying)
        await self.client.close()

    # Writes

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        if self._closed:
            raise StoreUnavailable(_CLOSED)
        work = apply(self.client, self._recent, self._now, writes)
        task = asyncio.create_task(work)
        self._applying.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[list[Result]]) -> None:
        self._applying.discard(task)
        if not task.cancelled():
            task.exception()  # whoever was cancelled does not fetch it

    # Reads

    async def get_user(self, identifier: str) -> UserRecord | None:
        return await things.get_user(self.client, derived_id("user", clean_text(identifier)))

    async def get_user_by_id(self, user_id: str) -> UserRecord | None:
        return await things.get_user(self.client, user_id)

    async def get_preferences(self, identifier: str) -> Mapping[str, Json]:
        user_id = derived_id("user", clean_text(identifier))
        return await things.get_preferences(self.client, user_id)

    async def get_thread(self, thread_id: str) -> ThreadRecord | None:
        return await things.get_thread(self.client, thread_id)

    async def get_thread_author(self, thread_id: str) -> str | None:
        head = await things.get_head(self.client, thread_id)
        return head.owner if head else None

    async def get_thread_name(self, thread_id: str) -> str | None:
        said = await things.get_said(self.client, thread_id)
        return None if said is None else said.get("name") or ""

    async def get_thread_metadata(self, thread_id: str) -> Mapping[str, Json] | None:
        said = await things.get_said(self.client, thread_id)
        return None if said is None else said.get("metadata", {})

    async def list_threads(
        self,
        user_id: str,
        *,
        first: int,
        after: str | None = None,
        search: str | None = None,
        feedback: int | None = None,
    ) -> ThreadPage:
        query = ThreadQuery(
            user_id=user_id,
            first=first,
            after=decode_cursor(after) if after else None,
            terms=terms_of(search),
            feedback=feedback,
        )
        return await self._list.page(query)

    async def list_section(
        self, user_id: str, section: str, *, first: int, after: str | None = None
    ) -> ThreadPage:
        last = decode_section_cursor(after) if after else None
        return await self._list.section(user_id, section, first, last)

    async def list_folders(self, user_id: str) -> list[str]:
        return await self._list.folders(user_id)

    async def search(
        self, user_id: str, search: str, *, first: int, after: str | None = None
    ) -> SearchPage:
        terms = terms_of(search)
        if not terms.all:
            return NOTHING_FOUND
        page = await self.list_threads(user_id, first=first, after=after, search=search)
        found = await self._best_texts(page.threads, terms)
        return await asyncio.to_thread(search_page, page, found, terms)

    async def _best_texts(
        self, found: Sequence[ThreadRecord], terms: SearchTerms
    ) -> dict[str, FoundText]:
        if self._texts is None:
            return {thread.id: FoundText(thread.name or "") for thread in found}
        return await self._texts.best_texts([thread.id for thread in found], terms)

    async def get_step(self, step_id: str) -> StepRecord | None:
        return await things.get_step(self.client, step_id)

    async def get_element(self, thread_id: str, element_id: str) -> ElementRecord | None:
        return await things.get_element(self.client, thread_id, element_id)

    async def get_feedback_step(self, feedback_id: str) -> StepRecord | None:
        return await things.get_feedback_step(self.client, feedback_id)

    async def get_favorites(self, user_id: str) -> list[StepRecord]:
        return await things.get_favorites(self.client, user_id)

    async def list_removals(self, limit: int, *, skip: int = 0) -> list[str]:
        return await export.list_removals(self.client, limit, skip)

    def users(self) -> AsyncIterator[UserRecord]:
        return export.users(self.client)

    def files(self) -> AsyncIterator[FileRecord]:
        return export.files(self.client)

    async def named_files(self, element_ids: Collection[str]) -> set[str]:
        return await things.named_files(self.client, element_ids)

    def threads(self) -> AsyncIterator[ThreadRecord]:
        return export.threads(self.client)
