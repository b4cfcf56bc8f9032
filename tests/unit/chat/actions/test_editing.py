"""What an edit must not lose: what is asked in another page while it copies."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from chainlit.context import ChainlitContext
from chainlit.session import WebsocketSession

from chat.actions import editing
from chat.actions.editing import Editing
from chat.live.running import LiveThreads
from chat.wording.actions import BUSY
from tests.support.conversation import Conversation, conversation
from tests.support.models import FakeModel

pytestmark = pytest.mark.usefixtures("_context")


class Line:
    """To nobody."""

    def is_open(self, _page: WebsocketSession) -> bool:
        return True

    async def send(self, event: str, data: Any, pages: Sequence[WebsocketSession]) -> None:
        pass


@pytest.fixture
def _context(monkeypatch: pytest.MonkeyPatch) -> None:
    """The context is the conversation's own, which knows its page."""
    monkeypatch.setattr(editing, "init_ws_context", lambda _page: cast(ChainlitContext, None))


async def edit(talk: Conversation, live: LiveThreads, question_id: str, text: str) -> None:
    """Edit in a task of its own, as a handler does."""
    editing = Editing(talk.layer, live)
    await asyncio.create_task(editing.edit(talk.session, question_id, text))


async def test_what_is_asked_meanwhile_in_another_page_is_not_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with conversation(tmp_path, monkeypatch) as talk:
        talk.answered_by(FakeModel())
        first = await talk.ask("one")
        await talk.ask("two")
        live = LiveThreads(talk.layer, Line())
        copy = talk.layer.copy_thread

        async def copy_while_others_ask(thread_id: str, name: str) -> str:
            copied = await copy(thread_id, name)
            async with live.turn(talk.session):
                await talk.ask("three")
            return copied

        monkeypatch.setattr(talk.layer, "copy_thread", copy_while_others_ask)
        await edit(talk, live, first.id, "another")
        assert talk.page.toasts == [BUSY.en]
        assert [text for text, _ in await talk.messages()][::2] == ["one", "two", "three"]


async def test_an_earlier_question_is_asked_anew(talk: Conversation) -> None:
    talk.answered_by(FakeModel())
    first = await talk.ask("one")
    await talk.ask("two")
    await edit(talk, LiveThreads(talk.layer, Line()), first.id, "1")
    assert await talk.messages() == [("1", False), ("yes", False)]
