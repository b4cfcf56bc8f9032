"""However joins, words, stops and cut lines interleave: a page shows each word once."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from chainlit.session import WebsocketSession
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chat.live.running import LiveThreads
from chat.live.thread import RunningTurn
from datalayer.layer import KeepchatDataLayer
from tests.conftest import examples

THREAD = "11111111-1111-4111-8111-111111111111"
QUESTION, RUN, ANSWER = "question", "run", "answer"
METADATA = {"chat_profile": "small", "chat_settings": {"temperature": 1}, "folder": "Work"}
PAGES = 2
PASSES = st.integers(0, 4)  # of the loop before the next thing happens
WHAT = [f"{what} {page}" for what in ("open", "cut", "ask") for page in range(PAGES)]
DOINGS = st.lists(
    st.tuples(st.sampled_from(["word", "word", "checkpoint", "end", "stop", *WHAT]), PASSES),
    max_size=30,
)


class Page:
    """What Chainlit's page makes of what it is sent."""

    def __init__(self) -> None:
        self.id, self.thread_id, self.user = "", THREAD, SimpleNamespace(identifier="ada")
        self.steps: dict[str, dict[str, Any]] = {}
        self.chat_settings: dict[str, Any] = {}
        self.given: dict[str, Any] = {}
        self.is_open = self.is_loading = self.has_begun = False
        self.came: list[str] = []

    def take(self, event: str, data: Any) -> None:
        self.came.append(event)
        match event:
            case "resume_thread":
                self.given = data["metadata"]
                self.steps = {step["id"]: dict(step) for step in data["steps"]}
            case "new_message" | "stream_start":
                self.steps[data["id"]] = dict(data)
            case "update_message" if data["id"] in self.steps:
                self.steps[data["id"]] = dict(data)
            case "delete_message":
                self.steps.pop(data["id"], None)
            case "stream_token":
                assert data["id"] in self.steps, "a word of an answer that the page does not have"
                self.steps[data["id"]]["output"] += data["token"]
            case "task_start" | "task_end":
                self.is_loading = event == "task_start"


class Line:
    """Delivers at once, and waits a while as the socket does."""

    def is_open(self, page: Page) -> bool:
        return page.is_open

    async def send(self, event: str, data: Any, pages: Sequence[Page]) -> None:
        for page in pages:
            if page.is_open:
                page.take(event, data)
        await asyncio.sleep(0)


class World:
    """One thread, a store that takes its time, and pages that come and go."""

    def __init__(self, delays: Sequence[int]) -> None:
        self.delays = list(delays)
        """How long each reading of the store takes, in passes of the loop; the last ones none."""
        self.stored: dict[str, dict[str, Any]] = {}
        self.live = LiveThreads(cast(KeepchatDataLayer, self), cast(Any, Line()))
        self.pages = [Page() for _ in range(PAGES)]
        self.turn: asyncio.Task[None] | None = None
        self.words: asyncio.Queue[str] = asyncio.Queue()
        self.count = 0
        self.running: RunningTurn | None = None

    async def get_thread(self, _thread_id: str) -> dict[str, Any]:
        steps = [dict(step) for step in self.stored.values()]
        for _ in range(self.delays.pop() if self.delays else 0):
            await asyncio.sleep(0)
        return {"id": THREAD, "metadata": METADATA, "steps": steps, "elements": []}

    async def open(self, page: Page) -> None:
        """As `patches.socket.running` does: a page connects, its thread is read and given to it."""
        page.is_open = page.has_begun = True
        page.take("task_end", {})
        self.live.reading(cast(WebsocketSession, page))
        thread = await self.get_thread(THREAD)
        await self.live.resume(cast(WebsocketSession, page), cast(Any, thread))

    async def answer(self, page: Page) -> None:
        self.count += 1
        question, answer = f"{QUESTION}{self.count}", f"{ANSWER}{self.count}"
        async with self.live.turn(cast(WebsocketSession, page)) as turn:
            self.running = turn
            asked = step(question, "user_message", f"question {self.count}")
            self.stored[question] = asked
            page.steps[question] = dict(asked)  # a page shows what it sends
            await turn.thread.publish("new_message", asked, without=cast(Any, page))
            shown = step(answer, "assistant_message", "")
            try:
                await self.live.say(turn, "stream_start", dict(shown))
                while word := await self.words.get():
                    shown["output"] += word
                    await self.live.say(turn, "stream_token", {"id": answer, "token": word})
            finally:
                self.stored[answer] = dict(shown)
                await self.live.say(turn, "update_message", dict(shown))
        self.running = None

    async def do(self, what: str) -> None:
        name, _, number = what.partition(" ")
        page = self.pages[int(number)] if number else self.pages[0]
        is_running = self.turn is not None and not self.turn.done()
        match name:
            case "word" if is_running:
                self.words.put_nowait(f"w{self.count}.{self.words.qsize()} ")
            case "checkpoint" if self.running:
                self.store()
            case "end" if is_running:
                self.words.put_nowait("")
            case "stop" if self.running and self.turn:
                self.turn.cancel()
            case "open" if not page.is_open:
                await self.open(page)
            case "cut":
                page.is_open = False
            case "ask" if page.is_open and not page.is_loading and not is_running:
                self.words = asyncio.Queue()
                self.turn = asyncio.create_task(self.answer(page))

    def store(self) -> None:
        thread = self.live.get(THREAD)
        for shown in thread.mirror.steps if thread else ():
            self.stored[shown["id"]] = dict(shown)

    async def play(self, doings: Sequence[tuple[str, int]]) -> None:
        tasks = []
        for what, passes in doings:
            tasks.append(asyncio.create_task(self.do(what)))
            for _ in range(passes):
                await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        for _ in range(20):
            await asyncio.sleep(0)

    def shown(self) -> dict[str, dict[str, Any]]:
        """What a page shows that has everything."""
        thread = self.live.get(THREAD)
        steps = thread.mirror.steps if thread else []
        return self.stored | {step["id"]: step for step in steps}

    def check(self) -> None:
        if self.turn and self.turn.done() and not self.turn.cancelled():
            self.turn.result()  # a page refuses what it cannot take
        thread = self.live.get(THREAD)
        is_running = thread is not None and thread.is_running
        for page in self.pages:
            if page.is_open:
                assert page.steps == self.shown()
                assert page.is_loading is is_running


def step(step_id: str, kind: str, output: str) -> dict[str, Any]:
    return {"id": step_id, "type": kind, "output": output, "parentId": None}


@pytest.mark.slow
@given(DOINGS, st.lists(st.integers(0, 6), max_size=10))
@example([("cut 1", 0), ("end", 9), ("ask 0", 3), ("open 1", 2), ("word", 3)], [6, 0, 0])
@example([("end", 0), ("cut 1", 3), ("open 1", 0)], [5, 0])
@example([("cut 1", 0), ("word", 2), ("open 1", 0)], [1, 2, 0])
@example([("cut 1", 2), ("end", 1), ("open 1", 0)], [2, 2, 0])
@settings(max_examples=examples(500), deadline=None)
def test_every_open_page_shows_each_word_once(
    doings: list[tuple[str, int]], delays: list[int]
) -> None:
    async def run() -> None:
        world = World(delays)
        await world.play([("open 0", 3), ("ask 0", 2), ("open 1", 0), *doings])
        world.check()
        await world.play([("end", 3)])
        world.check()
        assert world.shown() == world.stored

    asyncio.run(run())


async def test_a_page_that_cannot_be_given_its_thread_is_told_what_runs() -> None:
    """As it is where the database is away when the line is found again."""
    world = World([])
    [page, back] = world.pages
    await world.play([("open 0", 3), ("ask 0", 2), ("open 1", 3), ("word", 3), ("cut 1", 0)])
    await world.play([("word", 3)])
    back.is_open = True
    returning = asyncio.create_task(world.live.catch_up(cast(WebsocketSession, back)))
    await world.play([("word", 0), ("word", 1), ("word", 3)])
    await returning
    await world.play([("word", 3)])
    world.check()
    assert back.steps["answer1"]["output"].split() == page.steps["answer1"]["output"].split()
    await world.play([("end", 9)])
    world.check()


async def test_a_page_that_is_given_its_thread_anew_keeps_what_is_chosen_in_it() -> None:
    """And is told of no profile: with another one Chainlit's page loads all anew, and forgets."""
    world = World([])
    [page, _] = world.pages
    page.chat_settings = {"temperature": 2}
    await world.open(page)
    await world.live.give_back(cast(WebsocketSession, page))
    assert page.given == {
        "chat_profile": None,
        "chat_settings": {"temperature": 2},
        "folder": "Work",
    }


async def test_a_page_that_opens_while_another_alternative_is_chosen_shows_that_one() -> None:
    world = World([9, 0])
    shown, opening = world.pages
    world.stored = {it: step(it, "assistant_message", it) for it in ("former", "newer")}
    hidden = world.stored.pop("former")
    await world.open(shown)
    opened = asyncio.create_task(world.open(opening))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # it has read what was shown, and has not got it yet
    world.stored = {"former": hidden}
    await world.live.renew(world.live.of(cast(WebsocketSession, shown)))
    await opened
    assert [list(page.steps) for page in world.pages] == [["former"], ["former"]]


async def test_two_answers_in_one_thread_are_one_task_to_the_page() -> None:
    world = World([])
    await world.play([("open 0", 3), ("ask 0", 3)])
    first, words = world.turn, world.words
    world.turn = None
    world.pages[1].is_open = True
    await world.open(world.pages[1])
    world.pages[1].is_loading = False
    await world.play([("ask 1", 3), ("end", 9)])
    assert [page.is_loading for page in world.pages] == [True, True]
    words.put_nowait("")
    assert first
    await first
    world.check()
