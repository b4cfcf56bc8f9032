"""Answers that run, and who watches them.

What a turn says goes to every page that shows its thread. Each such event has a number, and each
page the number up to which it knows all: a page that opens a thread, or has found its line again,
is given all that is shown, and then what comes after it; one that has missed an event is told
nothing until then. All of this happens between two awaits, so that nothing comes twice.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol
from weakref import WeakKeyDictionary, WeakValueDictionary

from chainlit.session import WebsocketSession
from chainlit.types import ThreadDict

from access.guard.pages import user_of
from chat.turn.mirror import Mirror
from chat.turn.tasks import TaskSet
from datalayer.layer import KeepchatDataLayer

# The others of Chainlit's events concern one page alone.
OF_THE_THREAD = frozenset(
    {
        "new_message",
        "update_message",
        "delete_message",
        "stream_start",
        "stream_token",
        "element",
        "remove_element",
        "toast",
        "first_interaction",
    }
)


Emit = Callable[[str, Any], Awaitable[None]]


class Line(Protocol):
    """What a running answer needs of the socket."""

    def is_open(self, page: WebsocketSession) -> bool:
        """Tell whether a page is there and connected."""

    async def send(self, event: str, data: Any, pages: Sequence[WebsocketSession]) -> None:
        """Send an event to pages. It is on its way, after all that was sent before, when this has
        run to where it first waits.
        """


@dataclass(eq=False, slots=True)
class RunningTurn:
    """A question that is being answered, or an answer that is gone on with."""

    thread: "LiveThread"
    page: WebsocketSession
    """Where it was asked for."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


_current: ContextVar[RunningTurn | None] = ContextVar("running_turn", default=None)


def current_turn() -> RunningTurn | None:
    """Return the turn that is being run here."""
    return _current.get()


class LiveThread:
    """A thread that somebody has open: what its turns have shown, and which pages watch."""

    def __init__(self, thread_id: str, user: str, line: Line) -> None:
        self.id = thread_id
        self.user = user
        self.turns: set[RunningTurn] = set()
        self.mirror = Mirror()
        self.number = 0
        self.forgotten = 0  # the number at which the mirror was emptied
        self._line = line
        self._told: WeakKeyDictionary[WebsocketSession, int] = WeakKeyDictionary()

    @property
    def is_running(self) -> bool:
        """Whether an answer is on its way."""
        return bool(self.turns)

    def pages(self) -> Iterator[WebsocketSession]:
        """Yield the pages that know all that was said."""
        for page, told in list(self._told.items()):
            if told == self.number and self._line.is_open(page):
                yield page

    def join(self, page: WebsocketSession) -> None:
        """Let a page that knows all hear what comes from now on."""
        self._told[page] = self.number

    def forget(self) -> None:
        """Empty the mirror, when what it has can be read from the store."""
        self.mirror = Mirror()
        self.forgotten = self.number

    async def publish(
        self, event: str, data: Any, *, without: WebsocketSession | None = None
    ) -> None:
        """Send an event to all pages that know what came before, but for one that has it."""
        hearers = list(self.pages())
        self.number += 1
        self.mirror.apply(event, data)
        for page in hearers:
            self._told[page] = self.number
        await self._line.send(event, data, [page for page in hearers if page is not without])

    async def begin(self, turn: RunningTurn) -> None:
        """Let all pages offer to stop it."""
        self.turns.add(turn)
        await self.publish("task_start", {})

    async def end(self, turn: RunningTurn) -> None:
        """Let all pages take the next question, once nothing runs any more."""
        self.turns.discard(turn)
        if not self.turns:
            self.forget()
            await self.publish("task_end", {})


class LiveThreads:
    """All threads that have an open page here, or an answer that runs here."""

    def __init__(self, layer: KeepchatDataLayer, line: Line) -> None:
        self._layer = layer
        self._line = line
        self._threads: WeakValueDictionary[str, LiveThread] = WeakValueDictionary()
        self._of_page: WeakKeyDictionary[WebsocketSession, LiveThread] = WeakKeyDictionary()
        self._read_at: WeakKeyDictionary[WebsocketSession, int] = WeakKeyDictionary()
        self._tasks = TaskSet()

    async def close(self) -> None:
        """Give up what is on its way."""
        await self._tasks.cancel()

    def get(self, thread_id: str) -> LiveThread | None:
        """Return a thread that somebody watches, or that an answer runs in."""
        return self._threads.get(thread_id)

    def of(self, page: WebsocketSession) -> LiveThread:
        """Return the thread of a page."""
        thread = self._threads.get(page.thread_id)
        if thread is None:
            thread = LiveThread(page.thread_id, user_of(page), self._line)
            self._threads[thread.id] = thread
        self._of_page[page] = thread
        return thread

    @asynccontextmanager
    async def turn(self, page: WebsocketSession) -> AsyncIterator[RunningTurn]:
        """Run a turn of a page: what is emitted in it goes to all pages of its thread."""
        turn = RunningTurn(self.of(page), page)
        thread = turn.thread
        if page not in thread.pages():
            await self.catch_up(page)
        token = _current.set(turn)
        try:
            await thread.begin(turn)
            yield turn
        finally:
            _current.reset(token)
            await asyncio.shield(thread.end(turn))

    # Who opens a thread, or comes back

    def reading(self, page: WebsocketSession) -> None:
        """Note that a page's thread is about to be read."""
        self._read_at[page] = self.of(page).number

    async def resume(self, page: WebsocketSession, stored: ThreadDict) -> None:
        """Give a page its thread, as it is stored and shown, and let it hear what comes."""
        thread = self.of(page)
        while self._read_at.get(page, thread.number) < thread.forgotten:
            self.reading(page)
            newer = await self._layer.get_thread(thread.id)
            if newer:
                stored = {**stored, "steps": newer["steps"], "elements": newer["elements"]}
        shown = thread.mirror.over(stored)
        thread.join(page)
        await self._line.send("resume_thread", shown, [page])
        await self._offer_stop(thread, page)

    async def catch_up(self, page: WebsocketSession) -> None:
        """Give a page what it may have missed; what it has of former turns it keeps."""
        thread = self.of(page)
        told = None
        while told != thread.number:
            told = thread.number
            for event, data in thread.mirror.events():
                await self._line.send(event, data, [page])
        thread.join(page)
        await self._offer_stop(thread, page)

    async def _offer_stop(self, thread: LiveThread, page: WebsocketSession) -> None:
        # Asked and sent in one step: were it to end in between, the page would wait for ever.
        if thread.is_running:
            await self._line.send("task_start", {}, [page])

    # What is said in a turn

    async def say(self, turn: RunningTurn, event: str, data: Any) -> None:
        """Send what a turn emits to those whom it concerns."""
        if event in ("task_start", "task_end"):
            return  # said by the turn itself, which may not be the only one
        if event not in OF_THE_THREAD:
            await _to(turn.page)(event, data)
        elif event == "element" and not data.get("url"):
            await _to(turn.page)(event, data)
            self._tasks.start(self._show_element(turn, data["id"]))
        else:
            await turn.thread.publish(event, data)

    async def _show_element(self, turn: RunningTurn, element_id: str) -> None:
        """Show the other pages a file as soon as it is stored; the turn's own page has it."""
        element = await self._layer.get_stored_element(turn.thread.id, element_id)
        if element:
            await turn.thread.publish("element", element, without=turn.page)


def _to(page: WebsocketSession) -> Emit:
    """Return what sends to one page alone."""
    return page.emit  # type: ignore[return-value] # Chainlit forgets that it is awaited
