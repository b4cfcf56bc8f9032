"""The way of a write from a call: at once to the writer, with an element's bytes beside it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar, cast

from chainlit.data.utils import queue_until_user_message

from datalayer.clock import HybridClock
from datalayer.errors import JournalUnusable, WriteRefused
from datalayer.homes import Homes
from datalayer.layer.session import current_session
from datalayer.pipeline.pipeline import Pipeline
from datalayer.pipeline.uploads import ElementBytes
from datalayer.records import Outcome, Result
from datalayer.sections import PLACEMENT
from datalayer.temporary.threads import TemporaryThreads
from datalayer.writes import (
    DeleteFeedback,
    SaveElement,
    SaveFeedback,
    SavePreferences,
    SaveStep,
    SaveThread,
    SaveUser,
    SetFavorite,
    Write,
    describe,
)

ASKED_FOR = SaveUser | SavePreferences | SaveStep | SetFavorite | SaveFeedback | DeleteFeedback
"""What a person wants now, besides some of a thread: sent again where something newer is there."""

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])


def _waits_for_first_message(method: F) -> F:
    """Let a method wait for the thread's first message, as Chainlit's untyped decorator does."""
    return cast(F, queue_until_user_message()(method))


class Writing:
    """Hands writes on in the order of the calls, each to where what is in its thread is written."""

    def __init__(
        self,
        pipeline: Pipeline,
        clock: HybridClock,
        temporary: TemporaryThreads,
        homes: Homes,
    ) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._temporary = temporary
        self._homes = homes
        self._unkept: dict[str, SaveStep] = {}  # by the ids of their steps

    def submit(self, write: Write) -> asyncio.Future[Result]:
        """Hand a write to the writer, at once and in order."""
        self._clock.note_own(write.order_key, write.revision)
        if temporary := self._temporary.get(write.order_key):
            temporary.note(write)
            return temporary.pipeline.writer.submit(write)
        done = self._pipeline.writer.submit(write)
        if isinstance(write, SaveStep):
            self._homes.note_own(write)
        return done

    def keep(self, write: SaveStep) -> None:
        """Hold a write that could be stored nowhere, until it can be; the last one of each step."""
        self._unkept[write.id] = write

    def submit_unkept(self) -> None:
        """Hand on what was held."""
        unkept, self._unkept = self._unkept, {}
        for write in unkept.values():
            try:
                self.submit(write)
            except JournalUnusable:
                self.keep(write)

    def of(self, thread_id: str) -> Pipeline:
        """Return the way on which what is in a thread is written."""
        temporary = self._temporary.get(thread_id)
        return temporary.pipeline if temporary else self._pipeline

    def store_later(
        self, write: Write, content: ElementBytes | None = None
    ) -> Awaitable[Result | None]:
        """Store a write, and an element's bytes with it; where Chainlit wants it so, after the
        thread's first message.
        """
        store = self._queued if current_session() is not None else self.store
        return store(write, content)

    async def store(self, write: Write, content: ElementBytes | None = None) -> Result:
        """Store a write, and an element's bytes with it; a caller that is cancelled does not take
        it back.
        """
        # Both begin before the first await: a caller that is cancelled stops neither.
        stored = self.submit(write)
        if not isinstance(write, SaveElement) or content is None:
            return await self.above_others(write, await stored)
        upload = self.of(write.thread_id).uploads.start(write, content, stored)
        result = await asyncio.shield(stored)
        await asyncio.shield(upload)
        return result

    async def above_others(self, write: Write, result: Result) -> Result:
        """Store what somebody asked for once more, where something newer is there from elsewhere.

        Not what was accepted: it keeps the place in time at which it was asked for. Raises
        `WriteRefused` when that is overtaken as well.
        """
        if not _is_asked_for(write) or not self._is_overtaken(write, result):
            return result
        self._clock.observe(write.order_key, result.newest)
        again = replace(write, revision=self._clock.next_of(write.order_key))
        result = await self.submit(again)
        if self._is_overtaken(again, result):
            message = f"{describe(write)} was overtaken twice by changes from elsewhere; try again."
            raise WriteRefused(message)
        return result

    def _is_overtaken(self, write: Write, result: Result) -> bool:
        """Tell whether something newer is there that does not come from here."""
        stale = result.outcome is Outcome.STALE
        return stale and not self._clock.is_own(write.order_key, result.newest)

    @_waits_for_first_message
    async def _queued(self, write: Write, content: ElementBytes | None) -> Result:
        return await self.store(write, content)


def _is_asked_for(write: Write) -> bool:
    """Tell whether a person wants it now; a session's metadata may be a copy of long ago."""
    if isinstance(write, SaveThread):
        asked_for = ("is_shared", *PLACEMENT)
        return write.name is not None or any(it in asked_for for it in write.metadata or ())
    return isinstance(write, ASKED_FOR)
