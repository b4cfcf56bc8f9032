"""The one BaseDataLayer: what Chainlit calls becomes writes and reads.

Chainlit calls most writing methods as tasks that nobody awaits, and goes on changing what it
passed. So everything is copied before the first `await`, and the write has its revision by then: of
two calls the later one wins, whichever is stored first. The write enters the writer in the same
step, in the order of the calls, unless something has to be read for it: who has a user's id that is
not known here, or in which thread a step or a feedback is that is named alone.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from chainlit.context import context_var
from chainlit.data.base import BaseDataLayer
from chainlit.data.utils import queue_until_user_message
from chainlit.types import (
    Feedback,
    PageInfo,
    PaginatedResponse,
    Pagination,
    ThreadDict,
    ThreadFilter,
)
from chainlit.user import PersistedUser, User

from common.ending import Ending
from common.recorder import NO_RECORDER, Recorder
from datalayer import convert
from datalayer.clock import HybridClock
from datalayer.errors import StoreUnavailable, WriteRefused
from datalayer.homes import Homes
from datalayer.pipeline.backlog import AFTER_S
from datalayer.pipeline.copies import Admission
from datalayer.pipeline.journal.journal import Journal, JournalState
from datalayer.pipeline.pipeline import Pipeline
from datalayer.pipeline.spool.spool import Spool, SpoolState
from datalayer.pipeline.uploads import ElementBytes, OnLost
from datalayer.records import Outcome, Result, Saving, ThreadRecord
from datalayer.siblings import HIDDEN
from datalayer.stores.base import Store
from datalayer.users import RecentUsers
from datalayer.values import as_id, time_of_revision
from datalayer.writes import (
    DeleteElement,
    DeleteFeedback,
    DeleteStep,
    DeleteStepsAfter,
    DeleteThread,
    SaveElement,
    SaveFeedback,
    SaveStep,
    SaveThread,
    SaveUser,
    SetFavorite,
    Write,
    describe,
)
from storage.base import OpenObject, Storage
from storage.errors import ObjectMissing

if TYPE_CHECKING:
    from chainlit.element import Element, ElementDict
    from chainlit.session import HTTPSession, WebsocketSession
    from chainlit.step import StepDict


logger = logging.getLogger(__name__)

CATCH_UP_S = 4.0  # how long a read waits for what is accepted, once the database answers

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])


def _waits_for_first_message(method: F) -> F:
    """Let a method wait for the thread's first message, as Chainlit's untyped decorator does."""
    return cast(F, queue_until_user_message()(method))


class KeepchatDataLayer(BaseDataLayer):
    """Chainlit's data layer over any `Store` and any `Storage`."""

    def __init__(
        self,
        store: Store,
        storage: Storage,
        root_path: str = "",
        on_lost: OnLost | None = None,
        clock: HybridClock | None = None,
        journal: Journal | None = None,
        journal_after_s: float = AFTER_S,
        spool: Spool | None = None,
        recorder: Recorder = NO_RECORDER,
        ending: Ending | None = None,
    ) -> None:
        """Without a journal what is written waits in memory for a database that is away, and
        without a spool a file for its storage.
        """
        self._store = store
        self._root_path = root_path
        self._clock = clock or HybridClock()
        self._pipeline = Pipeline(
            store,
            storage,
            self._clock,
            self._note_resolved,
            self._tell_saving,
            on_lost=on_lost,
            journal=journal,
            journal_after_s=journal_after_s,
            spool=spool,
            recorder=recorder,
            ending=ending,
        )
        self._writer = self._pipeline.writer
        self._users = RecentUsers(store)
        self._homes = Homes()
        self.storage = self._pipeline.storage
        """The storage as everybody is to use it: with what waits for it."""
        self.outages = self._pipeline.outages
        """Whether the database and the storage are away; told once for all who miss them."""
        self.on_step_stored: Callable[[str, int], None] = lambda _thread_id, _revision: None
        """Told the thread and the revision of each step that has been stored."""
        self.on_saving: Callable[[Saving], None] = lambda _saving: None
        """Told what becomes of what is written, whenever that has changed."""

    def start(self) -> None:
        """Begin the background work: what was left over by the last run is done."""
        self._pipeline.start()

    def limit_copies(self, admission: Admission) -> None:
        """Have each copy of a thread, or of files, admitted before it begins."""
        self._pipeline.copies.admission = admission

    async def flush(self, thread_id: str, step_id: str | None = None) -> None:
        """Wait until what was written so far for a thread is durable; raises its error.

        It may be in the journal alone, and not to be read yet. That is all of it, or what is about
        one step. `StepGone` is raised where a step of the thread, or the thread, was deleted
        before, `JournalUnusable` where it is not durable and cannot be.
        """
        await self._writer.flush(thread_id, row_id=as_id(step_id) if step_id else None)

    async def flush_files(self, element_ids: Iterable[str]) -> None:
        """Wait until the bytes of these elements, which may be created only now, are durable.

        Whoever sent one that cannot be kept is told; here that is no error.
        """
        await asyncio.gather(*map(self._pipeline.uploads.durable, element_ids))

    async def settle(self, thread_id: str) -> None:
        """Wait until what was written so far for a thread is in the store, or has failed."""
        await self._writer.drain(thread_id)

    @property
    def journal_state(self) -> JournalState | None:
        """How much is accepted and not stored; None without a journal."""
        return self._writer.journal_state

    @property
    def spool_state(self) -> SpoolState | None:
        """How many files are accepted and not in their storage; None without a spool."""
        return self._pipeline.spool_state

    async def count_dead_letters(self) -> int:
        """Return how many writes are kept that no database takes. Raises `OSError`."""
        return await self._pipeline.count_dead_letters()

    async def close(self) -> None:
        """End all of it; once the end of the program has begun each step has so much time."""
        await self._pipeline.close()

    async def build_debug_url(self) -> str:
        return ""

    # Users

    async def get_user(self, identifier: str) -> PersistedUser | None:
        record = await self._users.get(identifier, is_away=self.is_away)
        return convert.persisted_user(record) if record else None

    async def create_user(self, user: User) -> PersistedUser | None:
        revision = self._clock.next_of(user.identifier)
        write = SaveUser(identifier=user.identifier, metadata=user.metadata, revision=revision)
        try:
            await self._write(write)
        finally:
            self._users.forget(write.identifier)
        return await self.get_user(write.identifier)

    # Threads

    async def get_thread(self, thread_id: str) -> ThreadDict | None:
        record = await self.get_thread_record(thread_id)
        return self.shown_thread(record) if record else None

    def shown_thread(self, record: ThreadRecord) -> ThreadDict:
        """Return what is shown of a thread, with the ids of what may be shown in its stead."""
        return convert.thread_dict(record, self._root_path)

    def whole_thread(self, record: ThreadRecord) -> ThreadDict:
        """Return a thread with what is not shown, too."""
        return convert.whole_thread_dict(record, self._root_path)

    async def get_thread_record(self, thread_id: str) -> ThreadRecord | None:
        """Return a thread whole, as it is stored, what is hidden included.

        What is accepted and not stored yet is waited for, and `StoreUnavailable` raised if it takes
        too long.
        """
        known_id = as_id(thread_id)
        record = await self._store.get_thread(known_id) if known_id else None
        if known_id and self._writer.is_behind(known_id):
            await self._catch_up(known_id)
            record = await self._store.get_thread(known_id)
        if record:
            self._clock.observe(record.id, record.revision)
            self._homes.note(record)
        return record

    async def _catch_up(self, thread_id: str | None) -> None:
        """Wait until what is accepted is stored, of a thread or all: what is read lacks it."""
        try:
            async with asyncio.timeout(CATCH_UP_S):
                await self._writer.drain(thread_id)
        except TimeoutError as exc:
            message = "What was accepted meanwhile is not stored yet."
            raise StoreUnavailable(message) from exc

    async def get_thread_name(self, thread_id: str) -> str | None:
        """Return a thread's name, empty where it has none; None for no thread."""
        known_id = as_id(thread_id)
        return await self._store.get_thread_name(known_id) if known_id else None

    async def get_thread_author(self, thread_id: str) -> str:
        """Return whose a thread is, also while the database is away, if that is known."""
        known_id = as_id(thread_id)
        if known_id is None:
            return ""
        read = partial(self._read_author, known_id)
        return await self._homes.owners.read(known_id, read, is_away=self.is_away)

    async def _read_author(self, thread_id: str) -> str:
        author = await self._store.get_thread_author(thread_id) or ""
        if author:
            self._homes.owners.note({thread_id: author})
        return author

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
        page = await read()
        if self.saving is Saving.DELAYED:
            with suppress(StoreUnavailable):
                await self._catch_up(None)
                page = await read()
        self._observe_activity(page.threads)
        self._homes.note_listed(page.threads)
        if filters.search:  # it may have met what is to be indexed
            self._pipeline.wake_maintenance()
        info = PageInfo(
            hasNextPage=page.next_cursor is not None,
            startCursor=pagination.cursor,
            endCursor=page.next_cursor,
        )
        data = [convert.listed_thread_dict(thread) for thread in page.threads]
        return PaginatedResponse(pageInfo=info, data=data)

    def _observe_activity(self, threads: Iterable[ThreadRecord]) -> None:
        """Note threads that were changed by a clock that is ahead of ours."""
        now = time_of_revision(self._clock.now())
        for thread in threads:
            if thread.updated_at > now:
                self._clock.observe(thread.id, thread.revision)

    async def update_thread(
        self,
        thread_id: str,
        name: str | None = None,
        user_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        tags: list[str] | None = None,
    ) -> None:
        if metadata is not None:
            metadata = convert.thread_metadata(metadata, of_session=_session() is not None)
        write = SaveThread(
            id=thread_id,
            owner=self._users.known_identifier(user_id) if user_id else _current_user(),
            name=None if name is None else convert.short_name(name),
            tags=tags,
            metadata=metadata,
            revision=self._clock.next_of(thread_id),
        )
        if user_id and write.owner is None:
            write = replace(write, owner=await self._users.identifier_of(user_id))
        await self._write(write)

    async def delete_thread(self, thread_id: str) -> None:
        await self._write(DeleteThread(id=thread_id, revision=self._clock.next_of(thread_id)))

    async def copy_thread(self, thread_id: str, name: str, *, until: str | None = None) -> str:
        """Copy a thread with its files into a new one of the same owner; returns its id.

        `until` names the step, mostly an answer, up to which what is shown is copied; without it
        all is, what is hidden, feedback and favourites too. Times, order, tags and metadata stay.
        Sharing is not copied, nor are elements without their file; what still streams is in the
        copy as it is stored, and interrupted there. What is on its way here is waited for. Raises
        `CopyFailed`, or what its admission raises; then, and when it is cancelled, nothing of the
        copy stays.
        """
        return await self._pipeline.copies.copy_thread(thread_id, convert.short_name(name), until)

    # Steps

    async def create_step(self, step_dict: "StepDict") -> None:
        await self._write_later(self._step(step_dict))

    async def update_step(self, step_dict: "StepDict") -> None:
        await self._write_later(self._step(step_dict))

    def checkpoint(self, step_dict: "StepDict") -> None:
        """Store a step as it is now, without waiting for it."""
        self._submit(self._step(step_dict))

    def hide(self, thread_id: str, step_ids: Iterable[str]) -> None:
        """Hide steps, without waiting for it."""
        for step_id in step_ids:
            self._submit(self._visibility(thread_id, step_id, hidden=True))

    async def show(self, thread_id: str, hidden: Mapping[str, bool]) -> None:
        """Hide and show steps, all at once, as `siblings.to_show` says; waits until it is stored.

        Raises `WriteRefused` and `WriteRejected` as `create_step` does.
        """
        writes = [self._visibility(thread_id, name, hidden=it) for name, it in hidden.items()]
        stored = [self._submit(write) for write in writes]
        results = await asyncio.gather(*stored)
        for write, result in zip(writes, results, strict=True):
            await self._above_others(write, result)

    def _visibility(self, thread_id: str, step_id: str, *, hidden: bool) -> SaveStep:
        return SaveStep(
            id=step_id,
            thread_id=thread_id,
            owner=_current_user(),
            fields={HIDDEN: hidden},
            revision=self._clock.next_of(thread_id),
        )

    def _step(self, step_dict: "StepDict") -> SaveStep:
        revision = self._clock.next_of(step_dict["threadId"])
        return SaveStep(
            id=step_dict["id"],
            thread_id=step_dict["threadId"],
            owner=_current_user(),
            fields=convert.step_fields(step_dict, revision, self._clock.now()),
            revision=revision,
        )

    async def delete_step(self, step_id: str) -> None:
        revision = self._clock.next()
        if thread_id := _current_thread() or await self.get_step_thread(step_id, wait=True):
            write = DeleteStep(id=step_id, thread_id=thread_id, revision=revision)
            await self._write_later(write)

    def delete_steps_after(self, thread_id: str, step_id: str) -> None:
        """Delete what follows a step, without waiting for it."""
        revision = self._clock.next_of(thread_id)
        write = DeleteStepsAfter(id=step_id, thread_id=thread_id, revision=revision)
        self._writer.submit(write)

    async def get_steps(self, thread_id: str, step_ids: Iterable[str]) -> list["StepDict"]:
        """Return those of these steps that are in a thread, in this order, also hidden ones."""
        found = await asyncio.gather(*(self._store.get_step(it) for it in step_ids))
        return [convert.step_dict(step) for step in found if step and step.thread_id == thread_id]

    async def get_step_thread(self, step_id: str, *, wait: bool = False) -> str:
        """Return the id of the thread that a step is in; empty where there is none.

        With `wait` a step counts that is being stored, and while the database is away one that was
        seen.
        """
        known_id = as_id(step_id)
        if known_id is None:
            return ""
        if not wait:
            return await self._read_step_thread(known_id)
        read = partial(self._read_step_thread, known_id, wait=True)
        return await self._homes.threads.read(known_id, read, is_away=self.is_away)

    async def _read_step_thread(self, step_id: str, *, wait: bool = False) -> str:
        step = await self._store.get_step(step_id)
        if step is None and wait:
            await self._writer.drain(row_id=step_id)
            step = await self._store.get_step(step_id)
        return step.thread_id if step else ""

    async def get_favorite_steps(self, user_id: str) -> list["StepDict"]:
        return [convert.step_dict(step) for step in await self._store.get_favorites(user_id)]

    async def set_step_favorite(self, step_dict: "StepDict", favorite: bool) -> "StepDict":
        write = SetFavorite(
            step_id=step_dict["id"],
            thread_id=step_dict["threadId"],
            favorite=favorite,
            revision=self._clock.next_of(step_dict["threadId"]),
        )
        await self._write(write)
        step_dict["metadata"] = {**(step_dict.get("metadata") or {}), "favorite": favorite}
        return step_dict

    # Elements

    async def create_element(self, element: "Element") -> None:
        write, content = self._element(element)
        await self._write_later(write, content)

    def _element(self, element: "Element") -> tuple[SaveElement, ElementBytes | None]:
        """Read an element whole: Chainlit changes it while it is being stored."""
        fields: dict[str, Any] = dict(element.to_dict())
        content = _bytes_of(element)
        if content is None:
            del fields["objectKey"]  # only our own keys: a delete removes what they name
        else:
            fields |= {"objectKey": f"{element.thread_id}/{element.id}", "url": None}
        write = SaveElement(
            id=element.id,
            thread_id=element.thread_id,
            owner=_current_user(),
            fields=fields,
            ready=content is None,
            revision=self._clock.next_of(element.thread_id),
        )
        return write, content

    async def get_element(self, thread_id: str, element_id: str) -> "ElementDict | None":
        known = as_id(thread_id), as_id(element_id)
        if known[0] is None or known[1] is None:
            return None
        record = await self._store.get_element(known[0], known[1])
        return convert.element_dict(record, self._root_path) if record else None

    async def get_stored_element(self, thread_id: str, element_id: str) -> "ElementDict | None":
        """Return an element once its bytes, if they are on their way here, are stored."""
        await self._pipeline.uploads.finished(element_id)
        return await self.get_element(thread_id, element_id)

    async def copy_elements(
        self, thread_id: str, from_step: str, to_step: str
    ) -> list["ElementDict"]:
        """Copy the elements of a step, with their files, to another one of the thread.

        Returns those of the copy. What it waits for and raises is as with `copy_thread`.
        """
        made = await self._pipeline.copies.copy_elements(thread_id, from_step, to_step)
        return [convert.element_dict(record, self._root_path) for record in made]

    @asynccontextmanager
    async def open_element(self, thread_id: str, element_id: str) -> AsyncIterator[OpenObject]:
        """Open an element's stored bytes; raises `ObjectMissing` where there are none."""
        record = await self._store.get_element(thread_id, element_id)
        key = record.fields.get("objectKey") if record else None
        if not isinstance(key, str):
            message = f"Element {element_id} of thread {thread_id} has no stored file."
            raise ObjectMissing(message)
        async with self.storage.open(key) as opened:
            yield opened

    async def delete_element(self, element_id: str, thread_id: str | None = None) -> None:
        home = thread_id or _current_thread()
        if home is None:
            message = f"delete_element needs the thread_id of element {element_id}."
            raise ValueError(message)
        write = DeleteElement(id=element_id, thread_id=home, revision=self._clock.next_of(home))
        await self._write_later(write)

    # Feedback

    async def upsert_feedback(self, feedback: Feedback) -> str:
        given = partial(
            SaveFeedback,
            step_id=feedback.forId,
            value=feedback.value,
            comment=feedback.comment,
            extra=convert.feedback_extra(feedback),
            revision=self._clock.next(),
        )
        thread_id = feedback.threadId or await self._thread_of_step(feedback.forId)
        write = given(thread_id=thread_id)
        result = await self._write(write)
        self._homes.threads.note({result.id or write.id: write.thread_id})
        return result.id or write.id

    async def get_feedback_thread(self, feedback_id: str) -> str:
        """Return the id of the thread that a feedback is in; empty where there is none.

        While the database is away one counts that was seen.
        """
        known_id = as_id(feedback_id)
        if known_id is None:
            return ""
        read = partial(self._read_feedback_thread, known_id)
        return await self._homes.threads.read(known_id, read, is_away=self.is_away)

    async def _read_feedback_thread(self, feedback_id: str) -> str:
        step = await self._store.get_feedback_step(feedback_id)
        return step.thread_id if step else ""

    async def _thread_of_step(self, step_id: str) -> str:
        if thread_id := await self.get_step_thread(step_id, wait=True):
            return thread_id
        message = f"There is no step {step_id} to give feedback on; create_step has to come first."
        raise ValueError(message)

    async def delete_feedback(self, feedback_id: str) -> bool:
        if (known_id := as_id(feedback_id)) is None:
            return False
        revision = self._clock.next()
        thread_id = await self.get_feedback_thread(known_id) or None
        write = DeleteFeedback(id=known_id, thread_id=thread_id, revision=revision)
        result = await self._write(write)
        return result.outcome in (Outcome.APPLIED, Outcome.REPEATED, Outcome.ACCEPTED)

    # The way of a write

    def _submit(self, write: Write) -> asyncio.Future[Result]:
        """Hand a write to the writer, at once and in order."""
        self._clock.note_own(write.order_key, write.revision)
        done = self._writer.submit(write)
        if isinstance(write, SaveStep):
            self._homes.note_own(write)
        return done

    async def _write(self, write: Write) -> Result:
        """Store a write; a caller that is cancelled does not take it back."""
        return await self._write_with_bytes(write, None)

    def _write_later(
        self, write: Write, content: ElementBytes | None = None
    ) -> Awaitable[Result | None]:
        """Store a write, and an element's bytes with it; where Chainlit wants it so, after the
        thread's first message.
        """
        store = self._queued if _session() is not None else self._write_with_bytes
        return store(write, content)

    async def _write_with_bytes(self, write: Write, content: ElementBytes | None) -> Result:
        # Both begin before the first await: a caller that is cancelled stops neither.
        stored = self._submit(write)
        if not isinstance(write, SaveElement) or content is None:
            return await self._above_others(write, await stored)
        upload = self._pipeline.uploads.start(write, content, stored)
        result = await asyncio.shield(stored)
        await asyncio.shield(upload)
        return result

    async def _above_others(self, write: Write, result: Result) -> Result:
        """Store what somebody asked for once more, where something newer is there from elsewhere.

        Not what was accepted: it keeps the place in time at which it was asked for. Raises
        `WriteRefused` when that is overtaken as well.
        """
        if not _is_asked_for(write) or not self._is_overtaken(write, result):
            return result
        self._clock.observe(write.order_key, result.newest)
        again = replace(write, revision=self._clock.next_of(write.order_key))
        result = await self._submit(again)
        if self._is_overtaken(again, result):
            message = f"{describe(write)} was overtaken twice by changes from elsewhere; try again."
            raise WriteRefused(message)
        return result

    def _is_overtaken(self, write: Write, result: Result) -> bool:
        """Tell whether something newer is there that does not come from here."""
        stale = result.outcome is Outcome.STALE
        return stale and not self._clock.is_own(write.order_key, result.newest)

    @property
    def saving(self) -> Saving:
        """What becomes of what is written now."""
        return self._writer.saving

    @property
    def is_away(self) -> bool:
        """Whether the database did not answer in time, and has not since."""
        return self._writer.is_away

    def _tell_saving(self, saving: Saving) -> None:
        self.on_saving(saving)

    def _note_resolved(self, write: Write, result: Result | None) -> None:
        self._clock.observe(write.order_key, write.revision)  # it may be of an earlier run
        if isinstance(write, SaveStep) and result:
            self.on_step_stored(write.thread_id, write.revision)
        if isinstance(write, SaveStep) and result is None:
            self._homes.forget_own(write)

    @_waits_for_first_message
    async def _queued(self, write: Write, content: ElementBytes | None) -> Result:
        return await self._write_with_bytes(write, content)


def _is_asked_for(write: Write) -> bool:
    """Tell whether a person wants it now; a session's metadata may be a copy of long ago."""
    if isinstance(write, SaveThread):
        return write.name is not None or "is_shared" in (write.metadata or {})
    return isinstance(write, SaveUser | SaveStep | SetFavorite | SaveFeedback | DeleteFeedback)


def _session() -> "HTTPSession | WebsocketSession | None":
    # Not by `context`, whose complaint that there is none takes longer than to store a message.
    found = context_var.get(None)
    return found.session if found else None


def _current_user() -> str | None:
    session = _session()
    return session.user.identifier if session and session.user else None


def _current_thread() -> str | None:
    session = _session()
    return str(session.thread_id) if session else None


def _bytes_of(element: "Element") -> ElementBytes | None:
    """Return where the bytes of an element are; None when it needs none."""
    if element.type == "custom":
        return None
    if element.content:
        content = element.content
        return content.encode("utf-8", "replace") if isinstance(content, str) else bytes(content)
    return Path(element.path) if element.path else None
