"""Tells open pages what is noted at the answers of their thread, and which threads are at work."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from chainlit.session import WebsocketSession

from access.guard.pages import all_pages, user_of
from chat.live.line import Line
from chat.live.notes import Note, notes_of
from common.concurrency.tasks import TaskSet
from datalayer.values import is_temporary

Step = Mapping[str, Any]
TELL = "window_message"  # Chainlit's event for what is our own part of the page
SOON_S = 0.2  # until pages are told that a thread is at work, or no longer


class Offers:
    """The notes that pages have, each with the page's session, by which it asks for more."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._offered: WeakKeyDictionary[WebsocketSession, Mapping[str, Note]] = WeakKeyDictionary()

    async def tell_all(
        self,
        pages: Iterable[WebsocketSession],
        steps: Sequence[Step],
        *,
        is_running: bool,
        growing: Collection[str],
    ) -> int | None:
        """Tell pages the notes of a thread of which all steps are given.

        Returns when to look again, in microseconds of UTC; None for never.
        """
        notes = notes_of(steps, now=wall_clock(), is_running=is_running, growing=growing)
        for page in pages:
            await self._tell(page, notes.by_step, is_part=False)
        return notes.judge_at

    async def tell_last(self, pages: Iterable[WebsocketSession], steps: Sequence[Step]) -> None:
        """Tell pages the notes of the last exchange, of which the steps are given; what was offered
        before it is no more.
        """
        last = notes_of(steps, now=wall_clock()).by_step
        for page in pages:
            before = {it: _closed(note) for it, note in self._offered.get(page, {}).items()}
            await self._tell(page, {**before, **last}, is_part=True)

    async def withdraw(self, pages: Iterable[WebsocketSession]) -> None:
        """Tell pages that what was offered is being done, so that the answer has not ended."""
        for page in pages:
            notes = {it: _at_work(note) for it, note in self._offered.get(page, {}).items()}
            await self._tell(page, notes, is_part=True)

    async def _tell(
        self, page: WebsocketSession, notes: Mapping[str, Note], *, is_part: bool
    ) -> None:
        if is_temporary(page.thread_id):
            notes = {it: replace(note, branch=False) for it, note in notes.items()}
        self._offered[page] = {it: note for it, note in notes.items() if note.again or note.go_on}
        told = {
            "thread": page.thread_id,
            "session": page.id,
            "isPart": is_part,
            "notes": {step_id: note.as_json() for step_id, note in notes.items()},
        }
        await self._line.send(TELL, {"keepchatAnswers": told}, [page])


class AtWork:
    """The threads in which something is answered, and whose they are."""

    def __init__(self, line: Line, tasks: TaskSet) -> None:
        self._line = line
        self._tasks = tasks
        self._threads: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._changed: set[str] = set()  # users whose pages are not told yet

    def begin(self, user: str, thread_id: str) -> None:
        """Note one more answer in a user's thread, and tell their pages soon."""
        self._threads[user][thread_id] += 1
        self._tell_soon(user)

    def end(self, user: str, thread_id: str) -> None:
        """Note that an answer in a user's thread has ended, and tell their pages soon."""
        threads = self._threads[user]
        threads[thread_id] -= 1
        if threads[thread_id] <= 0:
            del threads[thread_id]
        if not threads:
            del self._threads[user]
        self._tell_soon(user)

    async def tell(self, page: WebsocketSession) -> None:
        """Tell a page that has just come; also that there are none, since a program that was killed
        cannot have said so.
        """
        threads = list(self._threads.get(user_of(page), ()))
        await self._line.send(TELL, {"keepchatRunning": threads}, [page])

    def _tell_soon(self, user: str) -> None:
        if not self._changed:
            self._tasks.start(self._tell_changed())
        self._changed.add(user)

    async def _tell_changed(self) -> None:
        """Tell all at once: many who ask together have their first words before that."""
        await asyncio.sleep(SOON_S)
        changed, self._changed = self._changed, set()
        for page in all_pages():
            if user_of(page) in changed and self._line.is_open(page):
                await self.tell(page)


def _closed(note: Note) -> Note:
    """Return a note that offers nothing which can only be had at the end."""
    state = "done" if note.state == "unanswered" else note.state
    return replace(note, state=state, again=False, go_on=False)


def _at_work(note: Note) -> Note:
    return replace(note, state="running", again=False, go_on=False)


def wall_clock() -> int:
    """Return the time in microseconds of UTC."""
    return time.time_ns() // 1_000
