"""Copies of threads, and of the files of a step: all of one, or nothing.

The files are copied first, within the storage; then all writes enter the writer in one step. What
fails or is cancelled is taken back as a delete would, so that its files are removed also after a
restart. A program that is killed in the middle leaves files that `manage.py sweep` finds, and of a
thread whose writes do not fit into one batch perhaps a part.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from datalayer.clock import HybridClock
from datalayer.duplicates import Duplicate, FileCopy, Saves, for_its_owner, up_to
from datalayer.errors import (
    CopyFailed,
    JournalUnusable,
    WriterClosed,
    WriteRefused,
    WriteRejected,
)
from datalayer.pipeline.uploads import Uploads
from datalayer.pipeline.writer import Writer
from datalayer.records import ElementRecord, Outcome, ThreadRecord
from datalayer.stores.base import Store
from datalayer.values import as_id, short_name
from storage.base import Storage
from storage.errors import ObjectMissing

logger = logging.getLogger(__name__)

AT_ONCE = 8  # files, of all copies together

Admission = Callable[[str, int], AbstractContextManager[None]]
"""Entered with the owner of a copy, empty for nobody, and the bytes of its files, while it is made.

Raises where that is too much.
"""

Part = Callable[[ThreadRecord], ThreadRecord | None]
"""Returns what is copied of a thread, under its id, with the name and the owner of the copy."""


def admit_all(_owner: str, _size: int) -> AbstractContextManager[None]:
    """Admit any copy."""
    return nullcontext()


class Copies:
    """Makes copies in the store and the storage of the data layer."""

    def __init__(
        self, store: Store, storage: Storage, writer: Writer, uploads: Uploads, clock: HybridClock
    ) -> None:
        self._store = store
        self._storage = storage
        self._writer = writer
        self._uploads = uploads
        self._clock = clock
        self.admission: Admission = admit_all
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def copy_thread(self, thread_id: str, name: str, until: str | None) -> str:
        """Copy a thread, as the layer's method says; returns the id of the new one."""
        thread = await self._read(thread_id)
        copied = thread if until is None else _cut(thread, until)
        return (await self._make(Duplicate.new_thread(copied, name, is_whole=until is None))).home

    async def copy_part(self, thread_id: str, part: Part) -> str:
        """Copy what is made of a thread, as the layer's method says; returns the new one's id."""
        thread = await self._read(thread_id)
        copied = part(thread)
        if copied is None:
            message = f"There is nothing to copy of thread {thread_id}."
            raise CopyFailed(message)
        own, name = for_its_owner(copied, thread), short_name(copied.name or "")
        return (await self._make(Duplicate.new_thread(own, name))).home

    async def copy_elements(
        self, thread_id: str, from_step: str, to_step: str
    ) -> list[ElementRecord]:
        """Copy the elements of a step, as the layer's method says; returns the new ones."""
        asked = Duplicate.of_files(await self._read(thread_id), from_step, to_step)
        if not asked.elements:
            return []
        made = await self._make(asked)
        found = [await self._store.get_element(made.home, made.ids[it.id]) for it in made.elements]
        return [element for element in found if element]

    async def _read(self, thread_id: str) -> ThreadRecord:
        """Return a thread as it is once all is stored that is on its way here."""
        known_id = as_id(thread_id)
        if known_id is None:
            raise _gone(thread_id)
        await self._uploads.finished_in(known_id)
        await self._writer.drain(known_id)
        thread = await self._store.get_thread(known_id)
        if thread is None:
            raise _gone(thread_id)
        self._clock.observe(thread.id, thread.revision)
        return thread

    async def _make(self, duplicate: Duplicate) -> Duplicate:
        """Make a copy, if it is admitted; return it as it was made."""
        with self.admission(duplicate.thread.owner or "", duplicate.size):
            return await self._make_whole(duplicate)

    async def _make_whole(self, duplicate: Duplicate) -> Duplicate:
        revision = partial(self._clock.next_of, duplicate.home)
        try:
            made = await self._copy_files(duplicate)
            await self._check_thread(duplicate.thread.id)
            await self._store_all(made.writes(revision))
        except BaseException as exc:
            self._take_back(duplicate)
            if isinstance(exc, CopyFailed):  # else it is the database that does not answer
                await self._writer.drain(duplicate.home)
            raise
        return made

    async def _copy_files(self, duplicate: Duplicate) -> Duplicate:
        """Copy the files; return the copy without those that are lost already."""
        try:
            async with asyncio.TaskGroup() as group:
                copies = [
                    (file.element_id, group.create_task(self._copy_file(file)))
                    for file in duplicate.files
                ]
        except ExceptionGroup as group_of_errors:
            exc = group_of_errors.exceptions[0]
            message = f"The files of thread {duplicate.thread.id} could not be copied: {exc}"
            raise CopyFailed(message) from exc
        return duplicate.without([element for element, copy in copies if not copy.result()])

    async def _copy_file(self, file: FileCopy) -> bool:
        """Copy a file; return whether there was one."""
        async with self._slots:
            try:
                await self._storage.copy(file.source, file.target)
            except ObjectMissing as exc:
                logger.warning("Element %s is not copied: %s", file.element_id, exc)
                return False
        return True

    async def _check_thread(self, thread_id: str) -> None:
        """See to it that nothing comes back of a thread that was deleted meanwhile."""
        if await self._store.get_thread_name(thread_id) is None:
            raise _gone(thread_id)

    async def _store_all(self, writes: list[Saves]) -> None:
        results = [self._writer.submit(write) for write in writes]
        try:
            outcomes = {result.outcome for result in await asyncio.gather(*results)}
        except (WriteRefused, WriteRejected) as exc:
            message = f"The copy could not be stored: {exc}"
            raise CopyFailed(message) from exc
        if not outcomes <= {Outcome.APPLIED, Outcome.REPEATED, Outcome.ACCEPTED}:
            message = "The copy could not be stored: what it belongs to was deleted."
            raise CopyFailed(message)

    def _take_back(self, duplicate: Duplicate) -> None:
        """Have all removed that there is of a copy."""
        try:
            for write in duplicate.deletes(partial(self._clock.next_of, duplicate.home)):
                self._writer.submit(write)
        except (WriterClosed, JournalUnusable):
            logger.warning(
                "What was copied of thread %s stays: run 'manage.py sweep'", duplicate.thread.id
            )


def _cut(thread: ThreadRecord, until: str) -> ThreadRecord:
    found = up_to(thread, until)
    if found is None:
        message = f"There is no step {until} to be seen in thread {thread.id}; reload the page."
        raise CopyFailed(message)
    return found


def _gone(thread_id: str) -> CopyFailed:
    return CopyFailed(f"There is no thread {thread_id}: it was deleted.")
