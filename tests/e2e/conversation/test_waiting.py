"""A server that is busy: the page says how long it waits, and Stop ends it."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenChat
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.page.database import Message
from tests.support.servers.replies import RepliesServer, load_replies
from tests.support.waiting import until


def shown_seconds(text: str) -> int:
    """The seconds that a line of waiting shows."""
    found = re.search(r"(\d+) (s|秒)", text)
    assert found, text
    return int(found.group(1))


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en-US", "The model's server is busy. It is asked again in"),
        ("zh-CN", "模型服务器繁忙，将在"),
    ],
)
async def test_the_wait_for_a_busy_server_is_counted_down_and_stopped(
    app_on_replies: Application,
    open_chat: OpenChat,
    replies: RepliesServer,
    locale: str,
    words: str,
) -> None:
    chat = await open_chat(app_on_replies, locale=locale)
    question = "Are you busy_50_s?"
    await chat.ask(question)
    first = shown_seconds(await chat.shown_past(words))
    assert 40 < first <= 50
    later = chat.answers.last.filter(has_text=re.compile(rf"\b{first - 2} (s|秒)"))
    await expect(later).to_be_visible()
    await chat.stop()
    await chat.turn_ended()
    await expect(chat.answers).to_have_count(0)
    await nothing_of_the_wait_is_kept(app_on_replies, chat, question)
    assert len(replies.asked("busy_50_s")) == 1


async def nothing_of_the_wait_is_kept(app: Application, chat: Chat, question: str) -> None:
    thread_id = await chat.thread_id()
    expected = [Message("user_message", question)]
    await until(lambda: app.database.messages(thread_id) == expected, "the question alone")
    await chat.open(f"/thread/{thread_id}")
    await expect(chat.asked).to_have_text([question])
    await expect(chat.mark(chat.questions)).to_be_visible()
    await expect(chat.answers).to_have_count(0)


async def test_a_server_that_was_busy_answers_in_the_place_of_the_wait(
    app_on_replies: Application, open_chat: OpenChat, replies: RepliesServer
) -> None:
    busy = load_replies()["busy_50_s"]
    replies.queues["for a moment"] = [
        type(busy)(busy.chunks, busy.status, busy.content_type, {"retry-after": "3"})
    ]
    chat = await open_chat(app_on_replies)
    await chat.ask("Are you busy for a moment?")
    await chat.shown_past("It is asked again in")
    await chat.answered("Answer to: Are you busy for a moment?")
    await expect(chat.answers).to_have_count(1)
    assert len(replies.asked("for a moment")) == 2
