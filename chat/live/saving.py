"""Tells open pages what becomes of what is written: that it is delayed, and that it has caught up.

Each page is told once, and not what is over within a moment.
"""

import asyncio
import contextvars
from collections.abc import Sequence

from chainlit.session import WebsocketSession

from access.guard.pages import all_pages
from chat.live.line import Line
from chat.live.offers import TELL
from common.concurrency.tasks import TaskSet
from datalayer.records import Saving

SOON_S = {Saving.DELAYED: 2.0, Saving.SAVED: 1.0, Saving.REFUSED: 0.0}
"""How long it has to last before it is told."""


class SavingNotice:
    """What pages have been told of it."""

    def __init__(self, line: Line, tasks: TaskSet) -> None:
        self._line = line
        self._tasks = tasks
        self._now = self._told = Saving.SAVED
        self._timer: asyncio.TimerHandle | None = None

    def note(self, saving: Saving) -> None:
        """Note what becomes of what is written from now on."""
        self.stop()
        self._now = saving
        if saving is not self._told:
            loop = asyncio.get_running_loop()
            context = contextvars.Context()  # the caller's would keep its page alive
            self._timer = loop.call_later(SOON_S[saving], self._tell_all, context=context)

    def stop(self) -> None:
        """Tell nothing any more, until something is noted."""
        if self._timer:
            self._timer.cancel()

    def _tell_all(self) -> None:
        self._told = self._now
        self._tasks.start(self._tell([it for it in all_pages() if self._line.is_open(it)]))

    async def tell(self, page: WebsocketSession) -> None:
        """Tell a page that has just come; also that all is well, since it may have been told
        otherwise by a program that was killed.
        """
        await self._tell([page])

    async def _tell(self, pages: Sequence[WebsocketSession]) -> None:
        await self._line.send(TELL, {"keepchatSaving": self._told.value}, pages)
