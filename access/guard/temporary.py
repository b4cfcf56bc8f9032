"""Temporary conversations in open pages: begun before the first message, and gone with the page."""

import asyncio
import uuid

from anyio import to_thread
from chainlit.session import WebsocketSession
from fastapi import HTTPException

from access.guard.answers import RunningAnswers
from access.guard.held_files import is_held, take_into_memory
from access.guard.pages import sessions_of, user_of
from access.guard.session_files import SessionFiles
from access.guard.user_limits import MEGABYTE, UserLimits
from chat.wording.temporary import TOO_LATE
from datalayer.layer import KeepchatDataLayer
from datalayer.values import is_temporary


class TemporaryChats:
    """Says of pages whether their conversation is one, and counts what a user's hold."""

    def __init__(
        self,
        layer: KeepchatDataLayer,
        running: RunningAnswers,
        limits: UserLimits,
        files: SessionFiles,
    ) -> None:
        self._threads = layer.temporary
        self._running = running
        self._limits = limits
        self._files = files

    async def switch(self, page: WebsocketSession, *, on: bool) -> None:
        """Let what a page begins be temporary, or not. Raises 409 where it has begun."""
        if on != self.is_on(page):
            if page.has_first_interaction:
                raise HTTPException(409, TOO_LATE.of_request())
            self._threads.end(page.thread_id)
            begun = self._threads.begin(user_of(page), page.id) if on else str(uuid.uuid4())
            page.thread_id, page.thread_id_to_resume = begun, None
        await self.take_files(page)

    def is_on(self, page: WebsocketSession) -> bool:
        """Tell whether a page's conversation is a temporary one, and there."""
        return self._threads.is_of(page.thread_id, page.id)

    def is_gone(self, page: WebsocketSession) -> bool:
        """Tell whether it was one, and has ended, or never was this page's."""
        return is_temporary(page.thread_id) and not self.is_on(page)

    async def take_files(self, page: WebsocketSession) -> None:
        """Let no file be on the disk that waits in a page whose conversation is temporary."""
        if is_temporary(page.thread_id):
            waited = [name for name, file in page.files.items() if not is_held(file)]
            await self._files.sent(page, waited)  # before it is known no more where they were
            for path in await take_into_memory(page):
                await to_thread.run_sync(path.unlink)

    def check(self, page: WebsocketSession, size: int) -> None:
        """Raise `LimitReached` where a user's would hold too much with so many bytes more."""
        if self.is_on(page):
            user = user_of(page)
            held = sum(thread.size for thread in self._threads.of_user(user))
            pages = [it for it in sessions_of(user) if is_temporary(it.thread_id)]
            held += sum(file["size"] for it in pages for file in it.files.values())
            self._limits.check("temporary_mb", (held + size) / MEGABYTE, user)

    async def end(self, page: WebsocketSession) -> None:
        """Forget what there is of a page's conversation, and whatever is on its way in it."""
        if is_temporary(page.thread_id):
            tasks = self._running.of(page) if self.is_on(page) else []
            for task in tasks:
                task.cancel()
            if self.is_on(page):
                self._threads.end(page.thread_id)
            await asyncio.gather(*tasks, return_exceptions=True)
