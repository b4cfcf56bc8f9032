"""An answer belongs to the server: whoever opens its thread sees it grow, and may stop it."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenChat
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.servers.replies import RepliesServer
from tests.support.servers.teller import Teller

RELOADS = 10


@pytest.fixture
def teller(replies: RepliesServer) -> Teller:
    """The model, which tells a story as far as it is let."""
    return Teller(replies)


async def test_pages_see_one_answer_grow(
    app_on_replies: Application, open_chat: OpenChat, teller: Teller
) -> None:
    """Three pages, of which one is reloaded again and again, and one loses its line."""
    chat = await asked(app_on_replies, open_chat, teller)
    path = f"/thread/{await chat.thread_id()}"
    second = await open_chat(app_on_replies, path, beside=chat)
    third = await open_chat(app_on_replies, path)
    pages = (chat, second, third)
    await all_show(pages, teller.text)
    for _ in range(RELOADS):
        await asyncio.gather(third.page.reload(), told_meanwhile(teller), second.lose_the_line())
        await all_show(pages, teller.text)
        for page in pages:
            await expect(page.page.locator("#stop-button")).to_be_visible()
    await all_show(pages, teller.tell_all())
    for page in pages:
        await page.turn_ended()
        await expect(page.questions).to_have_text("Tell me a story")
    [_, kept] = app_on_replies.database.messages(await chat.thread_id())
    assert (kept.text.strip(), kept.state) == (teller.text, "done")


async def test_any_page_stops_an_answer(
    app_on_replies: Application, open_chat: OpenChat, teller: Teller
) -> None:
    chat = await asked(app_on_replies, open_chat, teller)
    path = f"/thread/{await chat.thread_id()}"
    second = await open_chat(app_on_replies, path, beside=chat)
    await all_show((chat, second), teller.text)
    await second.stop()
    for page in (chat, second):
        await page.turn_ended()
    await all_show((chat, second), teller.text)
    [_, kept] = app_on_replies.database.messages(await chat.thread_id())
    assert (kept.text.strip(), kept.state) == (teller.text, "stopped")


async def test_an_answer_goes_on_without_any_page(
    app_on_replies: Application, open_chat: OpenChat, teller: Teller
) -> None:
    chat = await asked(app_on_replies, open_chat, teller)
    path = f"/thread/{await chat.thread_id()}"
    await chat.page.close()
    teller.tell(5)
    again = await open_chat(app_on_replies, path)
    await all_show([again], teller.text)
    await all_show([again], teller.tell_all())
    await again.turn_ended()
    await again.ask("And what else?")
    await again.answered("Answer to: And what else?")


async def test_pages_see_each_others_questions(
    app_on_replies: Application, open_chat: OpenChat
) -> None:
    chat = await open_chat(app_on_replies)
    await chat.ask("One")
    await chat.answered("Answer to: One")
    second = await open_chat(app_on_replies, f"/thread/{await chat.thread_id()}", beside=chat)
    for page, question in ((second, "Two"), (chat, "Three"), (second, "Four")):
        await page.ask(question)
        for each in (chat, second):
            await expect(each.questions.last).to_have_text(question)
            await each.answered(f"Answer to: {question}")
    for each in (chat, second):
        await expect(each.questions).to_have_text(["One", "Two", "Three", "Four"])
        await expect(each.answers).to_have_count(4)


async def asked(application: Application, open_chat: OpenChat, teller: Teller) -> Chat:
    """Ask for a story, of which the page shows the beginning."""
    chat = await open_chat(application)
    await chat.ask("Tell me a story")
    await all_show([chat], teller.tell(3))
    return chat


async def told_meanwhile(teller: Teller) -> None:
    """Let the model say some words, one after the other."""
    for _ in range(5):
        teller.tell()
        await asyncio.sleep(0)


async def all_show(pages: tuple[Chat, ...] | list[Chat], text: str) -> None:
    """Wait until pages show one answer, no word more or less."""
    for page in pages:
        await expect(page.said).to_have_text([text])
