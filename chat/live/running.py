"""Answers that run, and who watches them.

What a turn says goes to every page that shows its thread and knows all that was said before. A page
that opens a thread, or has found its line again, is given all that is shown, and then what comes
after it; one that has missed an event is told nothing until then. Events are numbered, so that what
has been said since the store was read is known. All of this happens between two awaits, so that
nothing comes twice.
"""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from chainlit.session import WebsocketSession
from chainlit.types import ThreadDict

from access.guard.pages import user_of
from chat.live.line import Line
from chat.live.offers import TELL, AtWork, Offers, wall_clock
from chat.live.saving import SavingNotice
from chat.live.thread import LiveThread, RunningTurn, current
from chat.live.title import title_of
from common.concurrency.tasks import TaskSet
from datalayer.errors import DataLayerError
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.answers import RunningAnswer
from datalayer.values import is_temporary

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

RESUME = "resume"  # at any other first interaction Chainlit's page lists the thread anew

AGAIN = 2_000_000  # microseconds until a database that was away is asked once more

# Of who is about to read a thread: a page that was cut off and is back may be given it twice.
_read_at: ContextVar[int] = ContextVar("read_at")


class LiveThreads:
    """All threads that have an open page here, or an answer that runs here."""

    def __init__(self, layer: KeepchatDataLayer, line: Line) -> None:
        self._layer = layer
        self._line = line
        self._offers = Offers(line)
        self._threads: WeakValueDictionary[str, LiveThread] = WeakValueDictionary()
        self._of_page: WeakKeyDictionary[WebsocketSession, LiveThread] = WeakKeyDictionary()
        self._remote: dict[str, tuple[str, str]] = {}  # by turn: the user and the thread
        self._tasks = TaskSet()
        self._at_work = AtWork(line, self._tasks)
        self.saving = SavingNotice(line, self._tasks)
        """What pages are told of what becomes of what is written."""
        self.on_change: Callable[[], None] = lambda: None
        """Called when a turn has begun or ended here, or a page has joined."""
        self.is_watched_elsewhere: Callable[[str], bool] = lambda _turn: False
        """Tells whether another process shows a turn that runs here."""

    async def close(self) -> None:
        """Give up what is on its way."""
        self.saving.stop()
        await self._tasks.cancel()

    def get(self, thread_id: str) -> LiveThread | None:
        """Return a thread that somebody watches, or that an answer runs in."""
        return self._threads.get(thread_id)

    def growing(self, thread_id: str) -> frozenset[str]:
        """Return the steps of a thread that are known to be written, here or elsewhere."""
        thread = self._threads.get(thread_id)
        return thread.growing if thread else frozenset()

    def turns(self) -> Iterator[RunningTurn]:
        """Yield the turns that run here."""
        for thread in list(self._threads.values()):
            yield from thread.turns

    def watched(self) -> set[str]:
        """Return the ids of the threads that have open pages here."""
        return {thread.id for thread in list(self._threads.values()) if any(thread.pages())}

    def of(self, page: WebsocketSession) -> LiveThread:
        """Return the thread of a page."""
        if page not in self._of_page or self._of_page[page].id != page.thread_id:
            self._of_page[page] = self._joined(user_of(page), page.thread_id)
        return self._of_page[page]

    def _joined(self, user: str, thread_id: str) -> LiveThread:
        thread = self._threads.get(thread_id)
        if thread and thread.user == user:
            return thread
        made = LiveThread(thread_id, user, self._line)
        made.elsewhere = {
            turn: frozenset() for turn, where in self._remote.items() if where == (user, thread_id)
        }
        # A page that names the thread of somebody else gets one that nobody is in.
        self._threads.setdefault(thread_id, made)
        return made

    @asynccontextmanager
    async def turn(
        self, page: WebsocketSession, *, goes_back: bool = False
    ) -> AsyncIterator[RunningTurn]:
        """Run a turn of a page: what is emitted in it goes to all pages of its thread."""
        turn = RunningTurn(self.of(page), page, self.is_watched_elsewhere, goes_back)
        thread = turn.thread
        if page not in thread.pages():
            await self.catch_up(page)
        token = current.set(turn)
        try:
            await thread.begin(turn)
            if goes_back:
                await self._offers.withdraw(thread.pages())
            self.on_change()
            self._at_work.begin(thread.user, thread.id)
            yield turn
        finally:
            current.reset(token)
            await asyncio.shield(self._end(turn))

    async def _end(self, turn: RunningTurn) -> None:
        thread, shown = turn.thread, turn.thread.mirror.steps
        await thread.end(turn)
        self.on_change()
        self._at_work.end(thread.user, thread.id)
        if not thread.is_running:
            await self._note(turn, shown)

    async def _note(self, turn: RunningTurn, shown: Sequence[Mapping[str, Any]]) -> None:
        """Tell all pages what can be done now."""
        if turn.goes_back:
            self._tasks.start(self.renew_notes(turn.thread))
        else:
            await self._offers.tell_last(turn.thread.pages(), shown)

    # Who opens a thread, or comes back

    def reading(self, page: WebsocketSession) -> None:
        """Note that a page's thread is about to be read."""
        _read_at.set(self.of(page).number)

    async def resume(self, page: WebsocketSession, stored: ThreadDict) -> None:
        """Give a page its thread, as it is stored and shown, and let it hear what comes."""
        thread = self.of(page)
        while _read_at.get(thread.number) < thread.forgotten:
            self.reading(page)
            newer = await self._layer.get_thread(thread.id)
            if newer:
                stored = {**stored, "steps": newer["steps"], "elements": newer["elements"]}
        shown = thread.mirror.over(stored)
        thread.join(page)
        await self._line.send("resume_thread", _with_chosen(shown, page), [page])
        await self._line.send(TELL, title_of(thread.id, stored.get("name")), [page])
        await self._offer_stop(thread, page)
        await self._tell_notes(thread, [page], shown["steps"])
        await self.greet(page)
        self.on_change()

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
        # Asked and sent in one step: were it to end in between, the page would wait for ever. So it
        # would where it does not hear the end, which was cut off meanwhile, and is back.
        if thread.is_running and page in thread.pages():
            await self._line.send("task_start", {}, [page])

    async def greet(self, page: WebsocketSession) -> None:
        """Tell a page that has connected in which threads something is answered, and whether what
        is written is saved.
        """
        await self._at_work.tell(page)
        await self.saving.tell(page)
        await self.tell_kind(page)

    async def tell_kind(self, page: WebsocketSession) -> None:
        """Tell a page whether its conversation is a temporary one, and there."""
        kind = "stored"
        if is_temporary(page.thread_id):
            kind = "temporary" if self._layer.temporary.is_of(page.thread_id, page.id) else "gone"
            # From now on the page names it whenever it comes back.
            thread = {"interaction": None, "thread_id": page.thread_id}
            if not page.has_first_interaction:
                await self._line.send("first_interaction", thread, [page])
        told = {"session": page.id, "thread": page.thread_id, "kind": kind}
        await self._line.send(TELL, {"keepchatTemporary": told}, [page])

    # What is not as it was before

    async def renew(self, thread: LiveThread) -> list[tuple[WebsocketSession, ThreadDict]]:
        """Give all pages of a thread what is stored of it, since what is shown has changed.

        Returns the pages, each with what it was given.
        """
        thread.change()
        return await self._give_anew(thread, list(thread.pages()))

    def renew_later(self, thread: LiveThread) -> None:
        """Give all pages of a thread what is stored of it, as soon as the database tells it."""
        self._tasks.start(self._renew_later(thread))

    async def _renew_later(self, thread: LiveThread) -> None:
        while not thread.is_running:  # what begins meanwhile is shown by whoever begins it
            await asyncio.sleep(AGAIN / 1_000_000)
            with suppress(DataLayerError):
                await self.renew(thread)
                return

    async def give_back(self, page: WebsocketSession) -> None:
        """Give a page what is stored of its thread, since it shows what is not so."""
        await self._give_anew(self.of(page), [page])

    async def _give_anew(
        self, thread: LiveThread, pages: Sequence[WebsocketSession]
    ) -> list[tuple[WebsocketSession, ThreadDict]]:
        for page in pages:
            self.reading(page)
        stored = await self._layer.get_thread(thread.id)
        if stored is None:
            return []
        for page in pages:
            await self.resume(page, stored)
        return [(page, stored) for page in pages]

    async def renew_notes(self, thread: LiveThread) -> None:
        """Tell all pages of a thread what is noted in it, since that has changed."""
        try:
            stored = await self._layer.get_thread(thread.id)
        except DataLayerError:
            self._tasks.start(self._look_again(thread, wall_clock() + AGAIN))
            return
        if stored:
            shown = thread.mirror.over(stored)["steps"]
            await self._tell_notes(thread, list(thread.pages()), shown)

    async def _tell_notes(
        self,
        thread: LiveThread,
        pages: Iterable[WebsocketSession],
        steps: Sequence[Mapping[str, Any]],
    ) -> None:
        again = await self._offers.tell_all(
            pages, steps, is_running=thread.is_running, growing=thread.growing
        )
        if again is not None:
            self._tasks.start(self._look_again(thread, again))

    async def _look_again(self, thread: LiveThread, moment: int) -> None:
        await asyncio.sleep(max(0, moment - wall_clock()) / 1_000_000)
        await self.renew_notes(thread)

    # What runs elsewhere

    def remote_turns(self) -> Collection[str]:
        """Return the turns that are known to run in other processes."""
        return self._remote.keys()

    async def begin_elsewhere(self, answer: RunningAnswer) -> LiveThread | None:
        """Note that a turn runs elsewhere; returns its thread where that has pages here."""
        self._remote[answer.turn] = answer.owner, answer.thread_id
        self._at_work.begin(answer.owner, answer.thread_id)
        thread = self._threads.get(answer.thread_id)
        if thread:
            thread.elsewhere[answer.turn] = frozenset(answer.step_ids)
            thread.begun += 1
        return thread

    async def end_elsewhere(self, answer: RunningAnswer) -> LiveThread | None:
        """Note that a turn has ended elsewhere; returns its thread where that has pages here."""
        thread = self._threads.get(answer.thread_id)
        if thread:
            thread.elsewhere.pop(answer.turn, None)
            if not thread.is_running:
                thread.forget()
        if self._remote.pop(answer.turn, None):
            self._at_work.end(answer.owner, answer.thread_id)
        return thread

    # What is said in a turn

    async def say(self, turn: RunningTurn, event: str, data: Any) -> None:
        """Send what a turn emits to those whom it concerns."""
        if event in ("task_start", "task_end"):
            return  # said by the turn itself, which may not be the only one
        if event == "first_interaction" and is_temporary(turn.thread.id):
            data = {**data, "interaction": RESUME}
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


def _with_chosen(thread: Mapping[str, Any], page: WebsocketSession) -> Mapping[str, Any]:
    """Return a thread with what is chosen in a page now.

    A model is not among it: as a profile it would make Chainlit's page load all anew.
    """
    chosen = {"chat_profile": None, "chat_settings": page.chat_settings}
    return {**thread, "metadata": {**(thread["metadata"] or {}), **chosen}}
