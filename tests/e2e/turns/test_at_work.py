"""Threads at work are marked in all pages, and whoever opens one sees one answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import expect

from tests.e2e.conftest import OpenChat
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.page.socket import SocketPage, let_in, socket_page
from tests.support.servers.replies import RepliesServer
from tests.support.servers.teller import Teller
from tests.support.waiting import until

STOPPED = "This answer was stopped."


async def test_a_thread_at_work_has_a_dot_in_every_page(
    app: Application, open_chat: OpenChat, teller: Teller
) -> None:
    chat = await open_chat(app)
    await chat.ask("Tell me a story, with a dot")
    await expect(chat.said).to_have_text(teller.tell(3))
    thread_id = await chat.thread_id()
    second = await open_chat(app, beside=chat)
    await expect(second.dot(thread_id)).to_be_visible()
    await second.ask("What is there meanwhile?")
    await second.answered("Answer to: What is there meanwhile?")
    elsewhere = await second.thread_id()
    third = await open_chat(app)
    for page in (chat, second, third):
        await expect(page.dot(thread_id)).to_be_visible()
        await expect(page.dot(elsewhere)).to_have_count(0)
    await second.page.reload()
    await expect(second.dot(thread_id)).to_be_visible()
    await second.lose_the_line()
    await expect(second.dot(thread_id)).to_be_visible()
    await chat.new_chat()
    await expect(chat.dot(thread_id)).to_be_visible()
    teller.tell_all()
    for page in (chat, second, third):
        await expect(page.dot(thread_id)).to_have_count(0)
    await second.page.reload()
    await expect(second.questions).to_have_count(1)
    await expect(second.dot(thread_id)).to_have_count(0)


async def test_a_page_that_comes_with_another_model_keeps_the_answer_that_runs(
    app: Application, open_chat: OpenChat, teller: Teller
) -> None:
    """It connects once more, as soon as it knows which model the conversation has."""
    chat = await open_chat(app)
    await chat.choose_model("second")
    await chat.ask("Tell me a story by the second")
    await expect(chat.said).to_have_text(teller.tell(3))
    second = await open_chat(app, f"/thread/{await chat.thread_id()}")
    for page in (second, chat):
        await expect(page.model_button()).to_have_text("second")
        await expect(page.said).to_have_text([teller.tell(3)])
        await expect(page.page.locator("#stop-button")).to_be_visible()
    await second.stop()
    for page in (second, chat):
        await page.turn_ended()
        await expect(page.answers.get_by_text(STOPPED)).to_be_visible()
        await expect(page.said).to_have_text([teller.text])


async def test_two_questions_at_the_same_time_are_both_answered_and_stopped(
    app: Application, open_chat: OpenChat, replies: RepliesServer, teller: Teller
) -> None:
    chat = await open_chat(app)
    await chat.ask("Is anybody there?")
    await chat.answered("Answer to: Is anybody there?")
    thread_id = await chat.thread_id()
    cookie = await let_in(app)
    async with opened(app, cookie, thread_id) as one, opened(app, cookie, thread_id) as other:
        await asyncio.gather(
            one.ask("Tell me a story of one", threadId=thread_id),
            other.ask("Tell me a story of the other", threadId=thread_id),
        )
        await until(lambda: len(replies.asked("Tell me a story of")) == 2, "both")
        teller.tell(6)
        await expect(chat.questions).to_have_count(3)
        await expect(chat.answers).to_have_count(3)
        await asyncio.gather(*(page.emit("stop") for page in (one, other, one, other)))
        await chat.turn_ended()
        await until(lambda: one.all_heard("task_end") and other.all_heard("task_end"), "the end")
    await expect(chat.mark(chat.answers)).to_contain_text([STOPPED, STOPPED])
    await all_is_as_stored(chat, app)
    await chat.page.reload()
    await expect(chat.answers).to_have_count(3)
    await all_is_as_stored(chat, app)
    await chat.ask("And now?")
    await chat.answered("Answer to: And now?")


async def test_who_presses_stop_twice_stops_one_answer(
    app: Application, open_chat: OpenChat, teller: Teller
) -> None:
    chat = await open_chat(app)
    await chat.ask("Tell me a story, to be stopped twice")
    await expect(chat.said).to_have_text(teller.tell(3))
    second = await open_chat(app, f"/thread/{await chat.thread_id()}", beside=chat)
    await expect(second.said).to_have_text(teller.text)
    press = "document.querySelector('#stop-button')?.click()"
    await asyncio.gather(*(page.page.evaluate(f"{press}; {press}") for page in (chat, second)))
    for page in (chat, second):
        await page.turn_ended()
        await expect(page.answers.get_by_text(STOPPED)).to_be_visible()
    await chat.ask("And now?")
    for page in (chat, second):
        await page.answered("Answer to: And now?")
        await expect(page.answers).to_have_count(2)


async def all_is_as_stored(chat: Chat, app: Application) -> None:
    """Compare what is shown with what is kept."""
    kept = [message.text.strip() for message in app.database.messages(await chat.thread_id())]
    shown = chat.page.locator(".message-content")
    await expect(shown).to_have_count(len(kept))
    assert sorted(await shown.all_text_contents()) == sorted(kept)


@asynccontextmanager
async def opened(app: Application, cookie: str, thread_id: str) -> AsyncIterator[SocketPage]:
    """Open a conversation, without a browser."""
    async with socket_page(app, cookie, threadId=thread_id) as page:
        await until(lambda: page.all_heard("resume_thread"), "the conversation")
        yield page
