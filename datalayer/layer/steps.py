"""Steps: written as they come, hidden and shown, read."""

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from datalayer import convert
from datalayer.layer.base import LayerBase
from datalayer.layer.session import current_thread, current_user
from datalayer.siblings import HIDDEN
from datalayer.values import as_id
from datalayer.writes import DeleteStep, DeleteStepsAfter, SaveStep, SetFavorite

if TYPE_CHECKING:
    from chainlit.step import StepDict


class Steps(LayerBase):
    """What is called about steps."""

    async def create_step(self, step_dict: "StepDict") -> None:
        await self._writing.store_later(self._step(step_dict))

    async def update_step(self, step_dict: "StepDict") -> None:
        await self._writing.store_later(self._step(step_dict))

    def checkpoint(self, step_dict: "StepDict") -> None:
        """Store a step as it is now, without waiting for it."""
        self._writing.submit(self._step(step_dict))

    def store_when_possible(self, step_dict: "StepDict") -> None:
        """Store a step, which is shown, once the database or the journal takes it again: neither
        did. It is held in memory, and lost where the program ends before.
        """
        self._writing.keep(self._step(step_dict))

    def hide(self, thread_id: str, step_ids: Iterable[str]) -> None:
        """Hide steps, without waiting for it."""
        for step_id in step_ids:
            self._writing.submit(self._visibility(thread_id, step_id, hidden=True))

    async def show(self, thread_id: str, hidden: Mapping[str, bool]) -> None:
        """Hide and show steps, all at once, as `siblings.to_show` says; waits until it is stored.

        Raises `WriteRefused` and `WriteRejected` as `create_step` does.
        """
        writes = [self._visibility(thread_id, name, hidden=it) for name, it in hidden.items()]
        stored = [self._writing.submit(write) for write in writes]
        results = await asyncio.gather(*stored)
        for write, result in zip(writes, results, strict=True):
            await self._writing.above_others(write, result)

    def _visibility(self, thread_id: str, step_id: str, *, hidden: bool) -> SaveStep:
        return SaveStep(
            id=step_id,
            thread_id=thread_id,
            owner=current_user(),
            fields={HIDDEN: hidden},
            revision=self._clock.next_of(thread_id),
        )

    def _step(self, step_dict: "StepDict") -> SaveStep:
        revision = self._clock.next_of(step_dict["threadId"])
        return SaveStep(
            id=step_dict["id"],
            thread_id=step_dict["threadId"],
            owner=current_user(),
            fields=convert.step_fields(step_dict, revision, self._clock.now()),
            revision=revision,
        )

    async def delete_step(self, step_id: str) -> None:
        revision = self._clock.next()
        if thread_id := current_thread() or await self.get_step_thread(step_id, wait=True):
            write = DeleteStep(id=step_id, thread_id=thread_id, revision=revision)
            await self._writing.store_later(write)

    def delete_steps_after(self, thread_id: str, step_id: str) -> None:
        """Delete what follows a step, without waiting for it."""
        revision = self._clock.next_of(thread_id)
        write = DeleteStepsAfter(id=step_id, thread_id=thread_id, revision=revision)
        self._writing.of(thread_id).writer.submit(write)

    async def get_steps(self, thread_id: str, step_ids: Iterable[str]) -> list["StepDict"]:
        """Return those of these steps that are in a thread, in this order, also hidden ones."""
        found = await asyncio.gather(*(self.reads.get_step(it) for it in step_ids))
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
        step = await self.reads.get_step(step_id)
        if step is None and wait:
            await self._writer.drain(row_id=step_id)
            step = await self.reads.get_step(step_id)
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
        await self._writing.store(write)
        step_dict["metadata"] = {**(step_dict.get("metadata") or {}), "favorite": favorite}
        return step_dict
