"""Which messages are taken by their length, new and edited ones."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from chainlit.session import WebsocketSession

from chat.live.running import LiveThreads
from patches.socket import message_length
from patches.socket.message_length import if_edit_is_short, if_short

MOST = 3


class Told:
    """What a page is told, and what reaches the handler behind."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
        self.taken: list[str] = []
        self.returned: list[str] = []
        self.toasts: list[str] = []
        self.renewed = 0
        session = SimpleNamespace(environ={"HTTP_ACCEPT_LANGUAGE": language})
        monkeypatch.setattr(WebsocketSession, "get", lambda _sid: session)
        monkeypatch.setattr(message_length, "return_message", self._return)
        monkeypatch.setattr(message_length, "ChainlitEmitter", lambda _session: self)

    async def handle(self, _sid: str, payload: Any) -> None:
        self.taken.append(payload["message"]["output"])

    async def _return(self, _session: Any, _payload: Any, sentence: Any) -> None:
        self.returned.append(str(sentence))

    async def send_toast(self, sentence: str, _kind: str) -> None:
        self.toasts.append(sentence)

    async def task_end(self) -> None:
        pass

    async def give_back(self, _page: Any) -> None:
        self.renewed += 1


def said(text: str) -> dict[str, Any]:
    return {"message": {"output": text}}


async def test_a_message_is_counted_in_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, "en")
    message = if_short(told.handle, MOST)
    for text in ("abc", "语语语", "\U0001f426" * 3, "abcd", "语语语语"):
        await message("sid", said(text))
    assert told.taken == ["abc", "语语语", "\U0001f426" * 3]
    assert [it.split(",")[0] for it in told.returned] == ["Your message has 4 characters"] * 2


@pytest.mark.parametrize(
    ("language", "words"), [("en", "It stays as it was."), ("zh-CN", "消息保持原样")]
)
async def test_an_edit_that_is_too_long_is_shown_as_it_was(
    monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    told = Told(monkeypatch, language)
    edit = if_edit_is_short(told.handle, MOST, cast(LiveThreads, told))
    await edit("sid", said("abcd"))
    await edit("sid", said("abc"))
    assert told.taken == ["abc"]
    assert [words in toast for toast in told.toasts] == [True]
    assert told.renewed == 1
