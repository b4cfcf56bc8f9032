"""What people see while the database is away, and when it is back: nothing of theirs is lost."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.e2e.conftest import OpenChat, StartApplication
from tests.e2e.setups.test_postgres import PARIS, ROME, start_on
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.page.database import Message, ServerDatabase
from tests.support.servers.freezing import freeze, thaw
from tests.support.servers.model import ModelServer
from tests.support.servers.postgres import Postgres, running_postgres
from tests.support.waiting import until

BEFORE = "What is the capital of France, with a server that is back?"
FIRST = "and of Italy, without a server?"
SECOND = "What is the capital of France, on a server that is away?"
DELAYED = "The database cannot be reached. What you write is kept"
SAVED = "Everything is saved again."
REFUSED = "Nothing can be saved at the moment"
NO_HISTORY = "The history cannot be reached at the moment."
NO_THREAD = "This conversation cannot be read at the moment"
UNSAVED = "This message could not be saved, and so is not answered."


@dataclass(frozen=True)
class Setup:
    """A program on a server of its own, and how that goes away and comes back."""

    app: Application
    database: ServerDatabase
    take_away: Callable[[], None]
    bring_back: Callable[[], None]


@pytest_asyncio.fixture(params=["stopped", "silent"], loop_scope="session")
async def setup(
    request: pytest.FixtureRequest, start_application: StartApplication, model: ModelServer
) -> AsyncIterator[Setup]:
    with running_postgres() as server:
        app, database = await start_on(server, "postgres", start_application, model)
        if request.param == "stopped":
            yield Setup(app, database, server.stop, server.start)
        else:
            yield silenced(server, app, database)
        await app.stop()


def silenced(server: Postgres, app: Application, database: ServerDatabase) -> Setup:
    """A server that is there and says nothing."""
    frozen: list[int] = []
    return Setup(app, database, lambda: frozen.extend(freeze(server.pid)), lambda: thaw(frozen))


def line(chat: Chat, text: str) -> Locator:
    """The line above the page that says something."""
    return chat.page.locator(".keepchat-line").filter(has_text=text)


async def asked_before(setup: Setup, open_chat: OpenChat) -> tuple[Chat, str]:
    """A page with a conversation, and the id of that."""
    chat = await open_chat(setup.app)
    await chat.ask(BEFORE)
    await chat.answered(PARIS)
    thread_id = await chat.thread_id()
    await until(lambda: len(setup.database.messages(thread_id)) == 2, "the first answer")
    return chat, thread_id


async def test_a_conversation_goes_on_and_all_of_it_is_saved(
    setup: Setup, open_chat: OpenChat, model: ModelServer
) -> None:
    chat, thread_id = await asked_before(setup, open_chat)
    setup.take_away()
    await chat.ask(FIRST)
    await chat.answered(ROME)
    await chat.ask(SECOND)
    await chat.answered(PARIS)
    conversation = model.conversations(SECOND)[-1]
    assert [text for role, text in conversation if role == "assistant"] == [PARIS, ROME]
    await expect(line(chat, DELAYED)).to_have_count(1)
    await expect(chat.toasts).to_have_count(0)
    await chat.praise("kept")
    await chat.rename(BEFORE, "Renamed meanwhile")
    await expect(chat.thread("Renamed meanwhile")).to_have_count(1)
    setup.bring_back()
    await expect(line(chat, SAVED)).to_be_visible()
    await expect(line(chat, DELAYED)).to_have_count(0)
    assert setup.database.messages(thread_id) == [
        Message("user_message", BEFORE),
        Message("assistant_message", PARIS, "done"),
        Message("user_message", FIRST),
        Message("assistant_message", ROME, "done"),
        Message("user_message", SECOND),
        Message("assistant_message", PARIS, "done"),
    ]
    assert setup.database.name(thread_id) == "Renamed meanwhile"
    again = await open_chat(setup.app)
    await again.open_thread("Renamed meanwhile")
    await expect(again.answers).to_have_count(3)
    await expect(again.answers.last.locator("button.positive-feedback-on")).to_be_visible()
    await expect(line(chat, SAVED)).to_have_count(0)  # it has been read


@pytest.mark.parametrize("setup", ["stopped"], indirect=True)
async def test_a_page_that_loses_its_line_goes_on(setup: Setup, open_chat: OpenChat) -> None:
    chat, thread_id = await asked_before(setup, open_chat)
    setup.take_away()
    await chat.ask(FIRST)
    await chat.answered(ROME)
    await chat.page.evaluate("() => window.keepchatSockets.forEach((it) => it.close())")
    await chat.page.wait_for_function("() => window.keepchatSockets.at(-1).readyState === 1")
    await chat.ask(SECOND)
    await chat.answered(PARIS)
    await expect(line(chat, DELAYED)).to_be_visible()
    setup.bring_back()
    await expect(line(chat, SAVED)).to_be_visible()
    assert len(setup.database.messages(thread_id)) == 6
    await expect(chat.asked).to_have_text([BEFORE, FIRST, SECOND])
    await expect(chat.said).to_have_text([PARIS, ROME, PARIS])


@pytest.mark.parametrize("setup", ["stopped"], indirect=True)
async def test_what_is_deleted_meanwhile_stays_so(setup: Setup, open_chat: OpenChat) -> None:
    chat, thread_id = await asked_before(setup, open_chat)
    await chat.new_chat()
    await chat.ask(FIRST)
    await chat.answered(ROME)
    setup.take_away()
    await chat.delete(BEFORE)
    setup.bring_back()
    await until(lambda: not setup.database.traces(thread_id), "the delete")
    again = await open_chat(setup.app)
    await expect(again.thread(FIRST)).to_have_count(1)
    await expect(again.thread(BEFORE)).to_have_count(0)


async def test_history_that_cannot_be_reached_is_said_to_be_so_and_comes_by_itself(
    setup: Setup, open_chat: OpenChat
) -> None:
    chat, thread_id = await asked_before(setup, open_chat)
    setup.take_away()
    await chat.ask(FIRST)
    await chat.answered(ROME)
    other = await open_chat(setup.app, "/", beside=chat)
    await expect(other.page.get_by_text(NO_HISTORY)).to_be_visible()
    found = await other.search(BEFORE)
    await expect(other.search_dialog().get_by_role("status")).to_contain_text(NO_HISTORY)
    await expect(line(other, DELAYED)).to_have_count(1)
    await chat.choose_for(BEFORE, "Pin")
    await expect(chat.page.get_by_text("Pinned", exact=True).first).to_be_visible()
    await chat.of_list("Delete all")
    all_of_them = chat.page.get_by_role("dialog")
    await all_of_them.get_by_role("button", name="Delete all").click()
    await all_of_them.get_by_role("button", name="for ever").click()
    await expect(all_of_them.get_by_role("alert")).not_to_be_empty()
    await all_of_them.get_by_role("button", name="Cancel").click()
    opened = Chat(await chat.page.context.new_page(), setup.app.url)
    await opened.page.goto(f"{setup.app.url}/thread/{thread_id}")
    await expect(line(opened, NO_THREAD)).to_be_visible()
    for page in (chat, other, opened):
        await expect(page.toasts).to_have_count(0)
    setup.bring_back()
    await expect(opened.answers).to_have_count(2)
    await expect(line(opened, NO_THREAD)).to_have_count(0)
    await expect(other.thread(BEFORE)).to_have_count(1)
    await expect(found.filter(has_text=BEFORE)).not_to_have_count(0)
    await expect(other.page.get_by_text(NO_HISTORY)).to_have_count(0)
    pinned = "SELECT id FROM threads WHERE pinned"
    await until(lambda: setup.database.rows(pinned) == [(thread_id,)], "the pin")


async def test_it_is_said_in_chinese(
    start_application: StartApplication, open_chat: OpenChat, model: ModelServer
) -> None:
    with running_postgres() as server:
        app, _ = await start_on(server, "postgres", start_application, model)
        chat = await open_chat(app, locale="zh-CN")
        await chat.ask(BEFORE)
        await chat.answered(PARIS)
        server.stop()
        await chat.ask(FIRST)
        await chat.answered(ROME)
        await expect(line(chat, "无法连接数据库。您写的内容已保留")).to_be_visible()
        other = await open_chat(app, "/", beside=chat)
        await expect(other.page.get_by_text("目前无法读取历史记录")).to_be_visible()
        server.start()
        await expect(line(chat, "所有内容均已保存。")).to_be_visible()
        await app.stop()


async def test_what_can_be_kept_nowhere_stays_with_whoever_wrote_it(
    start_application: StartApplication, open_chat: OpenChat, model: ModelServer
) -> None:
    """The journal cannot be used: a file is in its place, as when its disk takes nothing."""
    with running_postgres() as server:
        app, database = await start_on(server, "postgres", start_application, model)
        app.expect_in_log("The journal in")
        chat = await open_chat(app)
        await chat.ask(BEFORE)
        await chat.answered(PARIS)
        thread_id = await chat.thread_id()
        await app.stop()
        folder = app.data / "journal"
        folder.rmdir()
        folder.write_text("no folder")
        async with chat.coming_back():
            await app.start()
        server.stop()
        await chat.ask(FIRST)
        await expect(chat.page.get_by_text(UNSAVED)).to_be_visible()
        await expect(line(chat, REFUSED)).to_be_visible()
        await chat.page.locator("#chat-input").fill(SECOND)
        await chat.page.keyboard.press("Enter")
        await chat.page.locator("#chat-submit").click()
        await expect(chat.page.locator("#chat-input")).to_have_text(SECOND)
        await expect(chat.questions).to_have_count(2)
        server.start()
        await expect(line(chat, REFUSED)).to_have_count(0)
        await chat.page.locator("#chat-submit:enabled").click()
        await expect(chat.said.last).to_have_text(PARIS)
        await until(lambda: len(database.messages(thread_id)) >= 5, "what was asked")
        await app.stop()
