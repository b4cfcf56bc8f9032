"""One thread at a time: read, changed, deleted, copied."""

from dataclasses import replace
from functools import partial
from typing import Any

from chainlit.types import ThreadDict

from datalayer import convert
from datalayer.layer.base import LayerBase
from datalayer.layer.session import current_session, current_user
from datalayer.pipeline.copies import Part
from datalayer.records import ThreadRecord
from datalayer.values import as_id, is_temporary, short_name
from datalayer.writes import DeleteThread, SaveThread


class Threads(LayerBase):
    """What is called about one thread."""

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
        record = await self.reads.get_thread(known_id) if known_id else None
        if known_id and self._writing.of(known_id).writer.is_behind(known_id):
            await self._catch_up(known_id)
            record = await self._store.get_thread(known_id)
        if record and not is_temporary(record.id):
            self._clock.observe(record.id, record.revision)
            self._homes.note(record)
        return record

    async def get_thread_name(self, thread_id: str) -> str | None:
        """Return a thread's name, empty where it has none; None for no thread."""
        known_id = as_id(thread_id)
        return await self.reads.get_thread_name(known_id) if known_id else None

    async def get_thread_author(self, thread_id: str) -> str:
        """Return whose a thread is, also while the database is away, if that is known."""
        known_id = as_id(thread_id)
        if known_id is None:
            return ""
        if is_temporary(known_id):
            return await self.reads.get_thread_author(known_id) or ""
        read = partial(self._read_author, known_id)
        return await self._homes.owners.read(known_id, read, is_away=self.is_away)

    async def _read_author(self, thread_id: str) -> str:
        author = await self._store.get_thread_author(thread_id) or ""
        if not author and self._writer.is_behind(thread_id):
            await self._catch_up(thread_id)
            author = await self._store.get_thread_author(thread_id) or ""
        if author:
            self._homes.owners.note({thread_id: author})
        return author

    async def update_thread(
        self,
        thread_id: str,
        name: str | None = None,
        user_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        tags: list[str] | None = None,
    ) -> None:
        if metadata is not None:
            metadata = convert.thread_metadata(metadata, of_session=current_session() is not None)
        write = SaveThread(
            id=thread_id,
            owner=self._users.known_identifier(user_id) if user_id else current_user(),
            name=None if name is None else short_name(name),
            tags=tags,
            metadata=metadata,
            revision=self._clock.next_of(thread_id),
        )
        if user_id and write.owner is None:
            write = replace(write, owner=await self._users.identifier_of(user_id))
        await self._writing.store(write)

    async def delete_thread(self, thread_id: str) -> None:
        await self._writing.store(
            DeleteThread(id=thread_id, revision=self._clock.next_of(thread_id))
        )

    async def copy_thread(self, thread_id: str, name: str, *, until: str | None = None) -> str:
        """Copy a thread with its files into a new one of the same owner; returns its id.

        `until` names the step, mostly an answer, up to which what is shown is copied; without it
        all is, what is hidden, feedback and favourites too. Times, order, tags and metadata stay.
        Sharing is not copied, nor are elements without their file; what still streams is in the
        copy as it is stored, and interrupted there. What is on its way here is waited for. Raises
        `CopyFailed`, or what its admission raises; then, and when it is cancelled, nothing of the
        copy stays.
        """
        return await self._writing.of(thread_id).copies.copy_thread(
            thread_id, short_name(name), until
        )

    async def copy_part(self, thread_id: str, part: Part) -> str:
        """Copy into a new thread what a function makes of a thread; returns its id.

        The copy has the name and the owner that it gives, no feedback and no favourites; where it
        returns None there is nothing to copy. All else is as of `copy_thread`.
        """
        return await self._pipeline.copies.copy_part(thread_id, part)
