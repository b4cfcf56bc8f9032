"""Turns of other processes, as pages here are shown them."""

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any, cast

from chainlit.session import WebsocketSession

from chat.live.elsewhere import AnswersElsewhere
from chat.live.running import LiveThreads
from datalayer.errors import StoreUnavailable
from datalayer.layer import KeepchatDataLayer
from datalayer.pipeline.outages import Outages
from datalayer.stores.answers import RunningAnswer
from datalayer.stores.memory import MemoryStore

THREAD, OWNER = "11111111-1111-4111-8111-111111111111", "ada"


class Page:
    """An open page of the thread, and what it was told."""

    def __init__(self, user: str = OWNER) -> None:
        self.id, self.thread_id, self.user = "1", THREAD, SimpleNamespace(identifier=user)
        self.chat_settings: dict[str, object] = {}
        self.heard: list[tuple[str, Any]] = []


class Line:
    def is_open(self, _page: WebsocketSession) -> bool:
        return True

    async def send(self, event: str, data: Any, pages: Sequence[WebsocketSession]) -> None:
        for page in pages:
            cast(Any, page).heard.append((event, data))


class Layer:
    """What is stored, or nothing while the database is away."""

    def __init__(self) -> None:
        self.steps: dict[str, dict[str, Any]] = {}
        self.is_away = False
        self.on_step_stored: Any = None
        self.outages = Outages()

    async def get_thread(self, _thread_id: str) -> dict[str, Any]:
        if self.is_away:
            message = "away"
            raise StoreUnavailable(message)
        return {"id": THREAD, "metadata": {}, "steps": [*self.steps.values()], "elements": []}

    async def get_steps(self, _thread_id: str, step_ids: Iterable[str]) -> list[dict[str, Any]]:
        return [self.steps[it] for it in step_ids if it in self.steps]

    def store(self, step_id: str, output: str) -> None:
        kind = "user_message" if step_id == "q" else "assistant_message"
        self.steps[step_id] = {"id": step_id, "type": kind, "output": output, "metadata": {}}


class World:
    """One page that has the thread open, and one process elsewhere that answers in it."""

    def __init__(self) -> None:
        self.layer, self.page = Layer(), Page()
        self.live = LiveThreads(cast(KeepchatDataLayer, self.layer), cast(Any, Line()))
        board = MemoryStore().answers
        self.here = AnswersElsewhere(board, cast(KeepchatDataLayer, self.layer), self.live)
        self.live.of(cast(WebsocketSession, self.page)).join(cast(WebsocketSession, self.page))

    async def says(self, *step_ids: str, version: int, ended: int | None = None) -> list[str]:
        """Let the other process post how its turn stands; the events that the page is told."""
        before = len(self.page.heard)
        await self.here.on_remote(
            RunningAnswer(
                turn="t",
                thread_id=THREAD,
                owner=OWNER,
                step_ids=step_ids,
                version=version,
                ended=ended,
            )
        )
        return [event for event, _ in self.page.heard[before:] if event != "window_message"]


async def test_an_answer_grows_and_ends() -> None:
    world = World()
    world.layer.store("q", "Why?")
    assert await world.says("q", version=1) == ["resume_thread", "task_start", "new_message"]
    world.layer.store("a", "Be")
    assert await world.says("q", "a", version=2) == ["new_message"]
    world.layer.store("a", "Because")
    assert await world.says("q", "a", version=3) == ["stream_token"]
    assert world.page.heard[-1][1]["token"] == "cause"
    assert await world.says("q", "a", version=4, ended=9) == ["resume_thread", "task_end"]


async def test_what_is_taken_back_there_is_taken_back_here() -> None:
    world = World()
    world.layer.store("q", "Why?")
    world.layer.store("a", "Hm")
    await world.says("q", "a", version=1)
    world.layer.store("b", "Because")
    assert await world.says("q", "b", version=2) == ["delete_message", "new_message"]


async def test_no_page_waits_for_ever_while_the_database_is_away() -> None:
    world = World()
    world.layer.is_away = True
    assert "task_start" in await world.says("q", version=1)
    assert await world.says("q", version=2, ended=9) == ["task_end"]
    await world.live.close()


async def test_whoever_names_the_thread_of_another_hears_nothing() -> None:
    world, foreign = World(), Page("eve")
    await world.live.catch_up(cast(WebsocketSession, foreign))
    world.layer.store("q", "Why?")
    await world.says("q", version=1)
    assert foreign.heard == []
