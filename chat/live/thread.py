"""A thread that is open in pages: the stream of what is said in it, and who hears that."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

from chainlit.session import WebsocketSession

from chat.live.line import Line
from chat.live.mirror import Mirror


@dataclass(eq=False, slots=True)
class RunningTurn:
    """A question that is being answered, or an answer that is gone on with."""

    thread: "LiveThread"
    page: WebsocketSession
    """Where it was asked for."""
    is_shown_elsewhere: Callable[[str], bool]
    """Tells of a turn whether another process shows it."""
    goes_back: bool = False
    """Whether it changes what was shown before, instead of following on it."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    task: asyncio.Task[Any] | None = field(default_factory=asyncio.current_task)

    @property
    def is_watched_elsewhere(self) -> bool:
        """Whether another process shows it, and reads what is stored of it."""
        return self.is_shown_elsewhere(self.id)


current: ContextVar[RunningTurn | None] = ContextVar("running_turn", default=None)


def current_turn() -> RunningTurn | None:
    """Return the turn that is being run here."""
    return current.get()


class LiveThread:
    """A thread that somebody has open: what its turns have shown, and which pages watch."""

    def __init__(self, thread_id: str, user: str, line: Line) -> None:
        self.id = thread_id
        self.user = user
        self.turns: set[RunningTurn] = set()
        self.begun = 0  # turns, here and elsewhere, since the thread was opened here
        self.elsewhere: dict[str, frozenset[str]] = {}
        """The turns that run in other processes, with the ids of their steps."""
        self.mirror = Mirror()
        self.number = 0
        self.forgotten = 0  # the number at which the store had what is not in the mirror
        self._line = line
        self._hearers: WeakSet[WebsocketSession] = WeakSet()

    @property
    def is_running(self) -> bool:
        """Whether an answer is on its way, here or elsewhere."""
        return bool(self.turns or self.elsewhere)

    @property
    def growing(self) -> frozenset[str]:
        """The steps that are being written."""
        here = frozenset(self.mirror.step_ids if self.turns else ())
        return here.union(*self.elsewhere.values())

    def pages(self) -> Iterator[WebsocketSession]:
        """Yield the pages that know all that was said."""
        for page in list(self._hearers):
            if self._line.is_open(page):
                yield page

    def join(self, page: WebsocketSession) -> None:
        """Let a page that knows all hear what comes from now on; one that is cut off knows not."""
        if self._line.is_open(page):
            self._hearers.add(page)

    def forget(self) -> None:
        """Empty the mirror, when what it has can be read from the store."""
        self.mirror = Mirror()
        self.forgotten = self.number

    def change(self) -> None:
        """Have who has read the store up to now read it again: something else is shown."""
        self.number += 1
        self.forgotten = self.number

    async def publish(
        self, event: str, data: Any, *, without: WebsocketSession | None = None
    ) -> None:
        """Send an event to all pages that know what came before, but for one that has it."""
        hearers = list(self.pages())
        if len(hearers) < len(self._hearers):
            self._hearers = WeakSet(hearers)  # the others miss this
        self.number += 1
        if self.is_running:  # what comes after the end can be read from the store
            self.mirror.apply(event, data)
        await self._line.send(event, data, [page for page in hearers if page is not without])

    async def begin(self, turn: RunningTurn) -> None:
        """Let all pages offer to stop it."""
        self.turns.add(turn)
        self.begun += 1
        await self.publish("task_start", {})

    async def end(self, turn: RunningTurn) -> None:
        """Let all pages take the next question, once nothing runs any more."""
        self.turns.discard(turn)
        if not self.is_running:
            self.forget()
            await self.tell_end()

    async def tell_end(self) -> None:
        """Let all pages take the next question, where nothing runs."""
        if not self.is_running:
            await self.publish("task_end", {})
