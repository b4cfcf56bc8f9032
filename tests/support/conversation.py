"""A conversation without a browser: turns over the store in memory, and what a page would show."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import chainlit as cl
import chainlit.data
import pytest
from chainlit.chat_context import chat_context, chat_contexts
from chainlit.config import config
from chainlit.context import ChainlitContext, context_var
from chainlit.session import WebsocketSession
from chainlit.utils import utc_now

from chat.attachments.collect import Attachments
from chat.attachments.process import Content, Reader
from chat.attachments.results import ExtractedText, Picture, Reading
from chat.live.exchanges import Exchange, exchanges
from chat.models.base import GenerationSettings, Model
from chat.models.registry import Models
from chat.turn.titles import Titles
from chat.turn.turn import Turns
from datalayer.layer import KeepchatDataLayer
from datalayer.records import StepRecord
from datalayer.stores.base import Store
from datalayer.stores.memory import MemoryStore, MemoryTables
from storage.local.storage import LocalStorage

OWNER = "alice"
PICTURE = Picture(mime="image/png", data="AAAA", width=1, height=1)


class Page:
    """What the events of a turn leave in a page."""

    def __init__(self) -> None:
        self.steps: dict[str, dict[str, Any]] = {}
        self.elements: list[dict[str, Any]] = []
        self.toasts: list[str] = []
        self.named: list[str] = []
        """The names of the thread that it was told."""
        self.shown: list[str] = []
        """Each text that was shown of a message, as it came."""

    async def hear(self, event: str, data: Any = None) -> None:
        """Take an event as Chainlit's page does."""
        if event in ("new_message", "update_message", "stream_start"):
            self._put(data)
        elif event == "stream_token":
            step = self.steps[data["id"]]
            self._put({**step, "output": step["output"] + data["token"]})
        elif event == "delete_message":
            self._delete(data["id"])
        elif event == "element":
            self.elements.append(data)
        elif event == "toast":
            self.toasts.append(data["message"])
        elif event == "first_interaction":
            self.named.append(data["interaction"])

    def _delete(self, step_id: str) -> None:
        self.steps.pop(step_id, None)
        for below in [it["id"] for it in self.steps.values() if it.get("parentId") == step_id]:
            self._delete(below)

    def _put(self, step: Mapping[str, Any]) -> None:
        self.steps[step["id"]] = dict(step)
        self.shown.append(str(step["output"]))

    @property
    def messages(self) -> list[str]:
        """The texts of the messages that are there now."""
        return [
            str(step["output"]) for step in self.steps.values() if "message" in str(step["type"])
        ]


class PlainReader(Reader):
    """Takes what is called `.png` for an image, and all else for text."""

    def __init__(self) -> None:
        """Need no process."""

    async def read(self, name: str, content: Content, owner: str = "") -> Reading:
        whole = b"".join([chunk async for chunk in content()]).decode()
        return PICTURE if name.endswith(".png") else ExtractedText(text=whole, total=len(whole))


class Conversation:
    """One thread, its page and the turns that answer in it."""

    def __init__(self, layer: KeepchatDataLayer, session: WebsocketSession, page: Page) -> None:
        self.layer = layer
        self.session = session
        self.page = page
        self.turns: Turns | None = None

    def answered_by(self, model: Model, *, titles: bool = False, **more: Any) -> Turns:
        """Let a model answer from now on."""
        turns = Turns(
            layer=self.layer,
            models=Models([model]),
            generation=GenerationSettings(system_prompt="Be brief.", answer_tokens=500),
            attachments=Attachments(self.layer, PlainReader()),
            **more,
        )
        if titles:
            turns._titles = Titles(self.layer, turns._crowd)
        self.turns = turns

        @cl.on_message
        async def on_message(message: cl.Message) -> None:
            await turns.answer(message)

        return turns

    async def asked(self, text: str, *files: Path) -> cl.Message:
        """Store a question, as Chainlit does when it comes."""
        question = cl.Message(content=text, type="user_message", author=OWNER)
        question.created_at = utc_now()
        question.elements = [
            cast(Any, cl.Image if path.suffix == ".png" else cl.File)(
                name=path.name, path=str(path), for_id=question.id
            )
            for path in files
        ]
        if not self.session.has_first_interaction:
            user = await self.layer.get_user(OWNER)
            assert user
            await self.layer.update_thread(self.session.thread_id, name=text, user_id=user.id)
            self.session.has_first_interaction = True
        chat_context.add(question)
        await self.layer.create_step(question.to_dict())
        for element in question.elements:
            await self.layer.create_element(element)
        return question

    async def ask(self, text: str, *files: Path) -> cl.Message:
        """Ask, and wait for the end of the turn."""
        question = await self.asked(text, *files)
        await self._answer(question)
        return question

    async def _answer(self, question: cl.Message) -> None:
        """Answer in a task of its own, as Chainlit does: Stop ends it."""
        await asyncio.create_task(config.code.on_message(question))
        await asyncio.sleep(0)  # what nobody waits for has begun now

    async def edit(self, question: cl.Message, text: str) -> None:
        """Change a question and have it answered anew, as the page's handler does."""
        self.layer.delete_steps_after(self.session.thread_id, question.id)
        seen = chat_context.get()
        for later in seen[seen.index(question) + 1 :]:
            chat_context.remove(later)
        question.content = text
        await self.layer.update_step(question.to_dict())
        await self._answer(question)

    async def exchange(self) -> Exchange:
        """The last exchange, as it is stored and shown."""
        await self.layer.flush(self.session.thread_id)
        thread = await self.layer.get_thread(self.session.thread_id)
        assert thread
        return exchanges(thread["steps"])[-1]

    async def again(self) -> None:
        """Ask the last question once more, and wait for the end of the turn."""
        assert self.turns
        await asyncio.create_task(self.turns.again(await self.exchange()))

    async def go_on(self) -> None:
        """Go on with the last answer, and wait for the end of the turn."""
        assert self.turns
        await asyncio.create_task(self.turns.go_on(await self.exchange()))

    async def steps(self) -> list[StepRecord]:
        """The stored steps of the thread."""
        await self.layer.flush(self.session.thread_id)
        thread = await self.layer.get_thread_record(self.session.thread_id)
        assert thread
        return list(thread.steps)

    async def messages(self) -> list[tuple[str, bool]]:
        """The stored messages: text, and whether it is an error."""
        return [
            (str(step.fields["output"]), bool(step.fields["isError"]))
            for step in await self.steps()
            if "message" in str(step.fields["type"])
        ]


@asynccontextmanager
async def conversation(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    language: str = "en-US",
    store: Store | None = None,
    **more: Any,
) -> AsyncIterator[Conversation]:
    """Open a new conversation; its end closes the store. `more` is for the data layer."""
    store = store or MemoryStore(MemoryTables())
    layer = KeepchatDataLayer(store, LocalStorage(folder / "files"), **more)
    monkeypatch.setattr(config.code, "on_message", None)
    monkeypatch.setattr(chainlit.data, "_data_layer", layer)
    monkeypatch.setattr(chainlit.data, "_data_layer_initialized", True)
    monkeypatch.setattr(chainlit.session, "FILES_DIRECTORY", folder / "session", raising=False)
    await layer.create_user(cl.User(identifier=OWNER))
    page = Page()
    session = WebsocketSession(
        id=str(uuid.uuid4()),
        socket_id=str(uuid.uuid4()),
        emit=cast(Any, page.hear),
        emit_call=cast(Any, page.hear),
        user_env={},
        client_type="webapp",
        user=cl.User(identifier=OWNER),
        environ={"HTTP_ACCEPT_LANGUAGE": language},
    )
    context_var.set(ChainlitContext(session))
    talk = Conversation(layer, session, page)
    try:
        yield talk
    finally:
        if talk.turns:
            await talk.turns.close()
        chat_contexts.pop(session.id, None)
        await session.delete()
        await layer.close()
