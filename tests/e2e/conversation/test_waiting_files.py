"""What waits in the composer stays attached while the program goes away, or comes back with it."""

import asyncio
import shutil
import uuid
from pathlib import Path

import pytest
from playwright.async_api import Route, expect

from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.page.chat import Chat
from tests.support.servers.model import ModelServer
from tests.support.waiting import until

NOTE = b"The ibis breeds on cliffs."


@pytest.fixture
def question() -> str:
    """One of the test's own, in two lines."""
    return f"This file, {uuid.uuid4()}: what is on it?\nSay it."


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_bytes(NOTE)
    return path


async def attach(chat: Chat, path: Path) -> None:
    """Attach a file, and wait until the server has it."""
    await chat.attach(path)
    await expect(chat.page.locator("#chat-submit")).to_be_enabled()


async def is_with_its_file(chat: Chat, model: ModelServer, question: str) -> None:
    """Wait until the question was asked, with what is in its file."""
    await expect(chat.answers.last).to_be_visible()
    await chat.turn_ended()
    [messages] = model.sent(question)
    assert NOTE.decode() in str(messages[-1]["content"])
    await expect(chat.questions).to_have_count(1)
    await expect(chat.questions.get_by_text("note.txt")).to_be_visible()


@pytest.mark.parametrize("is_killed", [True, False])
async def test_a_file_that_waits_survives_a_restart(
    start_application: StartApplication,
    open_chat: OpenChat,
    model: ModelServer,
    note: Path,
    question: str,
    is_killed: bool,
) -> None:
    app = await start_application()
    chat = await open_chat(app)
    await attach(chat, note)
    if is_killed:
        await app.kill()
    await app.restart()
    await chat.ask(question)
    await is_with_its_file(chat, model, question)
    thread_id = await chat.thread_id()
    await until(lambda: len(app.files(thread_id)) == 1, "the stored file")


async def test_a_file_may_be_attached_before_the_page_has_connected(
    start_application: StartApplication,
    open_chat: OpenChat,
    model: ModelServer,
    note: Path,
    question: str,
) -> None:
    app, may_connect = await start_application(), asyncio.Event()
    chat = await open_chat(app)

    async def connect(route: Route) -> None:
        await may_connect.wait()
        await route.continue_()

    await chat.page.route("**/ws/socket.io/**", connect)
    await chat.page.reload()
    async with chat.page.expect_request("**/project/file?*"):
        await chat.page.locator("input[type=file]").first.set_input_files(note)  # as by a drop
    may_connect.set()
    await chat.ask(question)
    await is_with_its_file(chat, model, question)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_a_message_whose_file_is_lost_comes_back_with_it(
    start_application: StartApplication,
    open_chat: OpenChat,
    model: ModelServer,
    note: Path,
    question: str,
    locale: str,
) -> None:
    app = await start_application()
    chat = await open_chat(app, locale=locale)
    await attach(chat, note)
    await app.kill()
    shutil.rmtree(app.data / "session_files")
    await app.start()
    await chat.ask(question)
    said = "Your message was not sent" if locale == "en-US" else "消息未发送"
    await expect(chat.toasts.get_by_text(said)).to_be_visible()
    await expect(chat.page.locator("#chat-input")).to_have_value(question)
    await expect(chat.page.locator("#attachments").get_by_text("note.txt")).to_be_visible()
    await expect(chat.questions).to_have_count(0)
    assert model.sent(question) == []
    await chat.page.locator("#chat-submit:enabled").click()
    await is_with_its_file(chat, model, question)
    app.expect_in_log("its files are not here")


PLAIN = """
import chainlit as cl

@cl.on_message
async def on_message(message: cl.Message) -> None:
    await message.send()
"""


@pytest.mark.parametrize("program", ["app.py", "plain.py"])
@pytest.mark.parametrize("is_killed", [True, False])
async def test_another_program_in_the_folder_begins_and_ends_without_them(
    start_application: StartApplication,
    open_chat: OpenChat,
    model: ModelServer,
    note: Path,
    question: str,
    program: str,
    is_killed: bool,
) -> None:
    app = await start_application()
    (app.home / "plain.py").write_text(PLAIN)
    chat = await open_chat(app)
    await attach(chat, note)
    async with app.beside(program) as other:
        if is_killed:
            other.kill()
        else:
            other.terminate()
        await other.wait()
    async with app.beside(program):  # which looks for what the one before it has left
        more = note.with_name("more.txt")
        more.write_text("It eats insects.")
        await attach(chat, more)
    await chat.ask(question)
    await is_with_its_file(chat, model, question)
    thread_id = await chat.thread_id()
    await until(lambda: len(app.files(thread_id)) == 2, "the stored files")
