"""Many threads at once: lists, sections of the sidebar, the search, and what is done to all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from chainlit.types import PageInfo, PaginatedResponse, Pagination, ThreadDict, ThreadFilter

from datalayer import convert
from datalayer.errors import StoreUnavailable
from datalayer.layer.threads import Threads
from datalayer.records import Saving, SearchPage, ThreadPage, ThreadRecord
from datalayer.sections import ARCHIVE, FOLDER, folder_of, section_of_folder
from datalayer.values import time_of_revision

_AT_ONCE = 500  # threads of a list

T = TypeVar("T")


class ThreadLists(Threads):
    """What is called about many threads of a user."""

    async def list_threads(
        self, pagination: Pagination, filters: ThreadFilter
    ) -> PaginatedResponse[ThreadDict]:
        if not filters.userId:
            message = "list_threads needs filters.userId: nobody may list everybody's threads."
            raise ValueError(message)
        read = partial(
            self._store.list_threads,
            filters.userId,
            first=pagination.first,
            after=pagination.cursor,
            search=filters.search,
            feedback=filters.feedback,
        )
        page = await self._read_list(read, pagination)
        if filters.search:  # it may have met what is to be indexed
            self._pipeline.wake_maintenance()
        return page

    async def list_section(
        self, user_id: str, section: str, pagination: Pagination
    ) -> PaginatedResponse[ThreadDict]:
        """Return a page of a section of a user's sidebar, as `Store.list_section` does."""
        first, after = pagination.first, pagination.cursor
        read = partial(self._store.list_section, user_id, section, first=first, after=after)
        return await self._read_list(read, pagination)

    async def _read_list(
        self, read: Callable[[], Awaitable[ThreadPage]], pagination: Pagination
    ) -> PaginatedResponse[ThreadDict]:
        page = await self._read_again_if_late(read)
        self._observe_activity(page.threads)
        self._homes.note_listed(page.threads)
        info = PageInfo(
            hasNextPage=page.next_cursor is not None,
            startCursor=pagination.cursor,
            endCursor=page.next_cursor,
        )
        data = [convert.listed_thread_dict(thread) for thread in page.threads]
        return PaginatedResponse(pageInfo=info, data=data)

    async def list_folders(self, user_id: str) -> list[str]:
        """Return the folders that a user has threads in."""
        return await self._read_again_if_late(partial(self._store.list_folders, user_id))

    async def search(
        self, user_id: str, search: str, *, first: int, after: str | None = None
    ) -> SearchPage:
        """Return a page of a user's threads that say what is looked for, as `Store.search` does."""
        read = partial(self._store.search, user_id, search, first=first, after=after)
        page = await self._read_again_if_late(read)
        threads = [hit.thread for hit in page.hits]
        self._observe_activity(threads)
        self._homes.note_listed(threads)
        self._pipeline.wake_maintenance()  # it may have met what is to be indexed
        return page

    async def _read_again_if_late(self, read: Callable[[], Awaitable[T]]) -> T:
        """Read, and once more where something was accepted that is not stored."""
        page = await read()
        if self.saving is Saving.DELAYED:
            with suppress(StoreUnavailable):
                await self._catch_up(None)
                page = await read()
        return page

    def _observe_activity(self, threads: Iterable[ThreadRecord]) -> None:
        """Note threads that were changed by a clock that is ahead of ours."""
        now = time_of_revision(self._clock.now())
        for thread in threads:
            if thread.updated_at > now:
                self._clock.observe(thread.id, thread.revision)

    async def delete_threads(self, user_id: str) -> int:
        """Delete all threads that a user has by now; returns how many there were.

        One in which something happens meanwhile moves to the front of the list, so it is read
        again. Raises `StoreUnavailable` where the list cannot be read; what was deleted stays so.
        """
        began, deleted = time_of_revision(self._clock.now()), set[str]()
        read = partial(self._store.list_threads, user_id)
        while left := [
            thread.id
            async for thread in self._all_of(read)
            if thread.created_at <= began and thread.id not in deleted
        ]:
            await asyncio.gather(*map(self.delete_thread, left))
            deleted.update(left)
        return len(deleted)

    async def _all_of(
        self, read: Callable[..., Awaitable[ThreadPage]]
    ) -> AsyncIterator[ThreadRecord]:
        """Return the threads of a list, of all of its pages."""
        cursor: str | None = None
        while True:
            page = await self._read_again_if_late(partial(read, first=_AT_ONCE, after=cursor))
            self._observe_activity(page.threads)
            self._homes.note_listed(page.threads)
            for thread in page.threads:
                yield thread
            if (cursor := page.next_cursor) is None:
                return

    async def rename_folder(self, user_id: str, folder: str, name: str | None) -> int:
        """Move what is in a folder to another one, None for the main list; returns how much it was.

        What was in it and is in the archive now is there still, and comes back to the other one.
        """
        moved = set[str]()
        for section in (section_of_folder(folder), ARCHIVE):
            read = partial(self._store.list_section, user_id, section)
            while left := [
                it.id
                async for it in self._all_of(read)
                if folder_of(it.metadata) == folder and it.id not in moved
            ]:
                placed = {FOLDER: name}
                await asyncio.gather(*(self.update_thread(it, metadata=placed) for it in left))
                moved.update(left)
        return len(moved)
