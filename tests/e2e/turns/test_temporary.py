"""A temporary chat works as any other, and nothing of it is stored anywhere."""

import base64
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Dialog, ViewportSize, expect

from tests.e2e.conftest import OpenChat
from tests.support.builders import new_id
from tests.support.page import samples
from tests.support.page.application import Application
from tests.support.page.axe import grave_faults, nameless
from tests.support.page.chat import Chat
from tests.support.page.database import Database, ServerDatabase
from tests.support.page.marks_left import kept, marked_in_browser, places_of, until_in_browser
from tests.support.page.stored import POSTGRESQL, SQLITE, on_server
from tests.support.servers.model import KEY
from tests.support.servers.replies import (
    RepliesServer,
    answer,
    delta,
    error,
    events,
    last_question,
)
from tests.support.servers.teller import Teller
from tests.support.waiting import until

ANNA = ("anna", "correct horse")
BOB = ("bob", "battery staple")
MARK = "Nachtigall-in-the-marsh"  # in all that is said, attached and answered
TEXT = f"In the file: {MARK}"
PHONE = ViewportSize(width=390, height=844)
GONE = "This temporary chat has ended"
PICTURE = f"data:image/png;base64,{base64.b64encode(samples.png()).decode()}"
THOUGHTS = f"Of {MARK} I think."
PAINTED = events(
    delta(reasoning_content=THOUGHTS),
    delta(content=f"Painted {MARK}.", images=[{"image_url": {"url": PICTURE}}]),
    delta("stop"),
)


@pytest_asyncio.fixture(
    params=[SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.server)],
    scope="module",
    loop_scope="session",
)
async def kept_in(
    request: pytest.FixtureRequest,
    project: Path,
    server: RepliesServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Application, Database]]:
    """The program with two accounts and two models, on a database of each kind."""
    home = tmp_path_factory.mktemp("temp") / "keepchat"
    with on_server(request.param, request) as found:
        settings = {
            "TMPDIR": str(home / "tmp"),  # where it is looked for marks, too
            **(found.settings() if found else {}),
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": f"{server.url}/v1",
            "OPENAI_MODEL": "scripted",
            "OPENAI_MODELS": "second",
            "AUTH_MODE": "password",
            "THREAD_SHARING": "on",
            "THREAD_TITLES": "on",
        }
        application = Application(project, home, settings)
        (home / "tmp").mkdir()
        try:
            await application.start()
            for name, password in (ANNA, BOB):
                await application.manage("user", "add", name, "--password-stdin", typed=password)
            database = found if isinstance(found, ServerDatabase) else application.database
            yield application, database
            await application.stop()
        finally:
            await application.kill()


@pytest.fixture
def app(kept_in: tuple[Application, Database]) -> Iterator[Application]:
    application, _ = kept_in
    application.begin_test()
    yield application
    assert not application.complaints()


@pytest.fixture
def database(kept_in: tuple[Application, Database]) -> Database:
    return kept_in[1]


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A file to attach, whose name tells its mark, too."""
    path = tmp_path / f"{MARK}.txt"
    path.write_text(TEXT)
    return path


async def begun(app: Application, open_chat: OpenChat, question: str = f"About {MARK}") -> Chat:
    """Begin a temporary chat with a question that is answered."""
    chat = await open_chat(app, sign_in=ANNA)
    await chat.be_temporary()
    await chat.ask(question)
    await expect(chat.said.last).to_contain_text("Answer to")
    await chat.turn_ended()
    return chat


async def thread_of(chat: Chat) -> str:
    """The id of a temporary thread, which is in the address of what is saved."""
    link = await chat.export_forms().first.get_attribute("href")
    assert link is not None
    return link.rpartition("/")[2].removesuffix(".md")


async def test_it_works_as_any_other_and_is_nowhere(
    app: Application,
    database: Database,
    open_chat: OpenChat,
    replies: RepliesServer,
    notes: Path,
) -> None:
    chat = await open_chat(app, sign_in=ANNA)
    before, rows = kept(app), counted(database)
    switch = chat.temporary_switch()
    await switch.focus()
    await chat.page.keyboard.press("Space")
    await expect(switch).to_be_checked()
    await expect(chat.temporary_line()).to_contain_text("gone when you leave or reload")
    assert not await grave_faults(chat.page)
    assert not await nameless(chat.page)
    await chat.page.keyboard.press("Space")
    await expect(chat.temporary_line()).to_have_count(0)
    await chat.be_temporary()

    await chat.attach(notes)
    await chat.box.fill(f"First of {MARK}")
    await expect(chat.page.locator("#chat-submit")).to_be_enabled()
    assert await marked_in_browser(MARK, chat) == []
    await chat.ask(f"First of {MARK}")
    await expect(chat.said.last).to_contain_text("Answer to")
    await chat.turn_ended()
    assert TEXT in last_question(replies.requests[-1])
    assert places_of(MARK, app, database) == []
    assert await chat.download(notes.name) == TEXT.encode()

    replies.queues = {"Paint": [PAINTED]}
    await chat.ask(f"Paint {MARK}")
    await expect(chat.answers.last.get_by_role("img").last).to_be_visible()
    await expect(chat.page.get_by_role("button", name="Reasoning")).to_be_visible()
    await chat.turn_ended()
    assert f"First of {MARK}" in str(replies.requests[-1]["messages"])

    await chat.do("Try again")
    await expect(chat.answers.get_by_text("2 of 2")).to_be_visible()
    await chat.turn_ended()
    await chat.do("Previous version")
    await expect(chat.said.last).to_contain_text(f"Painted {MARK}")
    await chat.edit(chat.questions.last, f"Edited {MARK}")
    await expect(chat.said.last).to_contain_text(f"Answer to: Edited {MARK}")
    await chat.turn_ended()
    await chat.lose_the_line()
    await expect(chat.questions).to_have_count(2)
    assert await chat.download(notes.name) == TEXT.encode()
    await chat.edit(chat.questions.first, f"From the beginning, {MARK}")
    await expect(chat.said).to_have_count(1)
    await expect(chat.said.last).to_contain_text(f"From the beginning, {MARK}")
    await chat.turn_ended()
    _, text = await chat.export()
    assert MARK in text

    await expect(chat.temporary_line()).to_be_visible()
    await expect(chat.share_button()).to_be_hidden()
    assert not await chat.page.locator(
        ".favorite-message:visible, [class*=feedback-o]:visible, [title='Branch from here']:visible"
    ).count()
    await expect(chat.thread(MARK)).to_have_count(0)
    assert places_of(MARK, app, database) == places_of(await thread_of(chat), app, database) == []
    assert kept(app) == before
    assert counted(database) == rows

    await app.kill()
    assert places_of(MARK, app, database) == []
    assert kept(app) == before
    await app.start()
    await expect(chat.temporary_line()).to_contain_text(GONE)
    await chat.page.locator("#chat-input").fill(f"After it, {MARK}")
    await chat.page.locator("#chat-submit:enabled").click()
    await expect(chat.toasts.filter(has_text=GONE)).to_be_visible()
    await expect(chat.page.locator("#chat-input")).to_have_value(f"After it, {MARK}")
    assert places_of(MARK, app, database) == []
    assert await marked_in_browser(MARK, chat) == []
    assert counted(database) == rows


async def test_it_is_gone_once_its_page_is_left(
    app: Application, database: Database, open_chat: OpenChat, notes: Path
) -> None:
    asked: list[str] = []

    async def answer_dialog(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.accept()

    rows = counted(database)
    chat = await begun(app, open_chat)
    chat.page.on("dialog", answer_dialog)
    first = await thread_of(chat)
    assert await chat.status_of(f"/keepchat/export/{first}.md") == 200
    await chat.page.locator("#new-chat-button").click()
    dialog = chat.page.get_by_role("dialog", name="Temporary chat")
    assert not await grave_faults(chat.page)
    await dialog.get_by_role("button", name="Stay").click()
    await expect(chat.questions).to_have_count(1)
    await chat.page.locator("#new-chat-button").click()
    await dialog.get_by_role("button", name="Leave").click()
    await expect(chat.questions).to_have_count(0)
    await expect(chat.temporary_switch()).not_to_be_checked()
    await _is_gone(chat, first)

    await chat.choose_model("second")
    await chat.be_temporary()
    await chat.choose_model("scripted")
    await expect(chat.temporary_switch()).to_be_checked()
    await chat.page.set_viewport_size(PHONE)
    await chat.page.emulate_media(color_scheme="dark")
    await chat.attach(notes)
    await chat.ask(f"On a phone, {MARK}")
    await expect(chat.said.last).to_contain_text("Answer to")
    await chat.turn_ended()
    assert not await grave_faults(chat.page)
    second = await thread_of(chat)
    await chat.page.reload()
    await expect(chat.page.locator("#upload-button:enabled")).to_be_visible()
    assert asked == ["beforeunload"]
    await expect(chat.questions).to_have_count(0)
    await expect(chat.temporary_line()).to_have_count(0)
    await _is_gone(chat, second)
    assert places_of(MARK, app, database) == []
    assert counted(database) == rows


async def test_it_is_not_left_by_a_search_or_the_way_back_without_a_question(
    app: Application, open_chat: OpenChat, replies: RepliesServer
) -> None:
    replies.queues = {"Storks": [answer("They come back.")]}
    chat = await open_chat(app, sign_in=BOB)
    await chat.ask("Storks that stay")
    await chat.answered("They come back.")
    await chat.thread_id()
    await chat.new_chat()
    await chat.be_temporary()  # at once: the page's new session is on its way
    await chat.ask(f"On the way, {MARK}")
    await expect(chat.said).to_contain_text("Answer to")
    await chat.turn_ended()
    dialog = chat.page.get_by_role("dialog", name="Temporary chat")
    await (await chat.search("Storks")).filter(has_text="Storks").first.click()
    await dialog.get_by_role("button", name="Stay").click()
    await chat.page.go_back()
    await dialog.get_by_role("button", name="Stay").click()
    await expect(chat.asked).to_have_text([f"On the way, {MARK}"])
    await expect(chat.temporary_line()).to_be_visible()
    await chat.ask(f"Still there, {MARK}")
    await expect(chat.said).to_have_count(2)
    await chat.turn_ended()
    await chat.page.go_back()
    await dialog.get_by_role("button", name="Leave").click()
    await expect(chat.asked).to_have_text(["Storks that stay"])
    await expect(chat.temporary_line()).to_have_count(0)
    await chat.new_chat()
    await chat.new_chat()
    await chat.be_temporary()
    await chat.ask(f"To a place in a conversation, {MARK}")
    await expect(chat.said).to_contain_text("Answer to")
    await chat.turn_ended()
    await chat.search("They come back")
    await chat.hits().filter(has_text="They come back").click()
    await dialog.get_by_role("button", name="Leave").click()
    await expect(chat.said.filter(has_text="They come back.")).to_be_visible()
    await expect(chat.page.locator(".keepchat-found")).to_contain_text("They come back.")


def counted(database: Database) -> Counter[str]:
    """How many rows each table has: their values change while what was said before is ended."""
    return Counter(row.partition(":")[0] for row in database.everything())


async def _is_gone(chat: Chat, thread_id: str) -> None:
    path = f"/keepchat/export/{thread_id}.md"

    # Its page says that it is left as it goes, and nobody waits for that.
    for _ in range(100):
        if await chat.status_of(path) == 404:
            return
    pytest.fail("It is there after its page was left.")


async def test_nobody_else_is_told_of_it(
    app: Application, database: Database, open_chat: OpenChat, teller: Teller
) -> None:
    chat = await begun(app, open_chat)
    thread_id = await thread_of(chat)
    await chat.ask(f"A story of {MARK}")
    teller.tell(5)
    await chat.shown_past("word5")
    other = await open_chat(app, sign_in=BOB)
    absent = f"74656d70{new_id()[8:14]}8{new_id()[15:]}"
    for path in ("/project/thread/{}", "/keepchat/export/{}.md", "/keepchat/answers/{}"):
        answers = [await _answer_of(other, path.format(it)) for it in (thread_id, absent)]
        assert answers[0] == answers[1], path
        assert answers[0][0] == 404, path
    assert database.rows("SELECT * FROM running_answers") == []
    await chat.stop()
    await chat.turn_ended()
    await expect(chat.mark(chat.answers.last)).to_contain_text("stopped")
    # Nor does another page of hers show it, whose messages would go there.
    beside = await open_chat(app, f"/thread/{thread_id}", beside=chat)
    await expect(beside.temporary_line()).to_contain_text(GONE)
    await expect(beside.questions).to_have_count(0)
    await expect(chat.questions).to_have_count(2)


async def _answer_of(chat: Chat, path: str) -> tuple[int, str]:
    found = await chat.page.request.get(f"{chat.page.url.rpartition('/')[0]}{path}")
    return found.status, await found.text()


async def test_what_was_attached_before_the_switch_is_on_no_disk(
    app: Application,
    database: Database,
    open_chat: OpenChat,
    replies: RepliesServer,
    notes: Path,
) -> None:
    chat = await open_chat(app, sign_in=ANNA)
    await chat.attach(notes)
    await chat.box.fill(f"A draft of {MARK}")
    await until(lambda: places_of(MARK, app, database), "the file that waits")
    await until_in_browser(MARK, chat, places=2)  # the draft, and its file
    await chat.be_temporary()
    await until_in_browser(MARK, chat, places=0)
    await until(lambda: not places_of(MARK, app, database), "the end of what was on the disk")
    replies.queues = {MARK: [error(401, f"Who asks of {MARK}?")]}  # as servers quote what is asked
    await chat.ask(f"What is in it, {MARK}?")
    await expect(chat.said.last).to_contain_text("cannot be used")
    await chat.turn_ended()
    assert "Something went wrong in a temporary chat" in app.log_of_test()
    await chat.ask(f"Once more, {MARK}?")
    await expect(chat.said.last).to_contain_text("Once more")
    await chat.turn_ended()
    assert TEXT in str(replies.requests[-1]["messages"])
    assert places_of(MARK, app, database) == []


async def test_what_is_not_temporary_is_stored_as_ever(
    app: Application, database: Database, open_chat: OpenChat, replies: RepliesServer
) -> None:
    replies.queues = {"Kept": [answer("Kept, too.")]}
    chat = await open_chat(app, sign_in=ANNA)
    await chat.temporary_switch().click()
    await expect(chat.temporary_switch()).to_be_checked()
    await chat.temporary_switch().click()
    await expect(chat.temporary_switch()).not_to_be_checked()
    await chat.ask("Kept after the switch was turned back")
    await chat.answered("Kept, too.")
    thread_id = await chat.thread_id()
    await expect(chat.temporary_switch()).to_have_count(0)
    await until(lambda: len(database.messages(thread_id)) == 2, "both messages")
    # Or its title would be written during the next test.
    await until(lambda: (database.name(thread_id) or "").startswith("Answer to"), "its title")
