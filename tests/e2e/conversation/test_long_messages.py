"""A message that is too long never vanishes: it becomes a file, or stays, with a sentence."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Route, expect

from tests.e2e.conftest import OpenChat, StartApplication, in_test
from tests.support.page.application import Application, running_application
from tests.support.page.chat import Chat
from tests.support.servers.model import ModelServer
from tests.support.waiting import until

MOST = 1_000
LONG = "The ibis breeds on cliffs. 朱鹮在悬崖上繁殖。\U0001f426\n"
MILLION = (LONG * (1_000_000 // len(LONG) + 1))[:1_000_000]

_OTHER_LIMIT = """
new MutationObserver(() => {
  const meta = document.querySelector('meta[name="keepchat-limits"]');
  if (meta) meta.content = meta.content.replace('"characters": 1000,', '"characters": 90000,');
}).observe(document, { childList: true, subtree: true });
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running_short(
    project: Path, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Application]:
    """A program that takes short messages."""
    settings = {**model.settings, "MESSAGE_MAX_CHARACTERS": str(MOST)}
    home = tmp_path_factory.mktemp("short") / "keepchat"
    async with running_application(Application(project, home, settings)) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def short_app(
    request: pytest.FixtureRequest, running_short: Application
) -> AsyncIterator[Application]:
    """That program."""
    async with in_test(request, running_short):
        yield running_short


def box(chat: Chat) -> Locator:
    return chat.page.locator("#chat-input")


def line(chat: Chat) -> Locator:
    return chat.page.locator(".keepchat-length")


async def paste(chat: Chat, text: str) -> None:
    await chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await chat.page.evaluate("(text) => navigator.clipboard.writeText(text)", text)
    await box(chat).focus()
    await chat.page.keyboard.press("Control+V")


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en-US", "1,000,000 characters and is attached"),
        ("zh-CN", "1,000,000 个字符，已作为文件附上"),
    ],
)
async def test_a_million_pasted_characters_become_a_file_that_is_sent(
    app: Application, open_chat: OpenChat, model: ModelServer, locale: str, said: str
) -> None:
    chat = await open_chat(app, locale=locale)
    question = f"What is it about, {uuid.uuid4()}?"
    await box(chat).fill(question)
    await paste(chat, MILLION)
    await expect(line(chat)).to_contain_text(said)
    await expect(box(chat)).to_have_value(question)
    await expect(chat.page.locator("#attachments")).to_contain_text(".txt")
    await chat.page.locator("#chat-submit:enabled").click()
    await expect(chat.answers.last).to_be_visible()
    await chat.turn_ended()
    messages = model.sent(question)[0]
    assert "The ibis breeds on cliffs." in str(messages[-1]["content"])
    thread_id = await chat.thread_id()
    await until(lambda: len(app.files(thread_id)) == 1, "the stored file")
    assert app.files(thread_id)[0].read_text(encoding="utf-8") == MILLION


@pytest.mark.parametrize("press", [True, False])
async def test_what_is_typed_and_too_long_stays_and_says_so(
    app: Application, chat: Chat, model: ModelServer, press: bool
) -> None:
    question = f"{uuid.uuid4()} " + "x" * 100_000
    await chat.page.evaluate(
        """(text) => {
          const box = document.getElementById("chat-input");
          const { set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value");
          set.call(box, text);
          box.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        question,
    )
    await expect(line(chat)).to_contain_text("100,037 characters are too many")
    if press:
        await box(chat).press("Enter")
    else:
        await chat.page.locator("#chat-submit:enabled").click()
    await expect(chat.questions).to_have_count(0)
    await expect(box(chat)).to_have_value(question)
    await line(chat).get_by_role("button", name="Attach it as a file").click()
    await expect(box(chat)).to_have_value("")
    await expect(chat.page.locator("#attachments")).to_contain_text("Pasted text.txt")
    await expect(line(chat)).to_contain_text("is attached as a file")
    assert model.sent(question[:36]) == []


async def test_the_count_is_shown_where_it_gets_near_and_is_in_characters(
    short_app: Application, open_chat: OpenChat, model: ModelServer
) -> None:
    chat = await open_chat(short_app)
    await box(chat).fill("\U0001f426" * 400)
    await expect(line(chat)).to_have_count(0)
    await box(chat).fill("\U0001f426" * 950)
    await expect(line(chat)).to_have_text("950 of 1,000 characters")
    question = "\U0001f426" * 980 + str(uuid.uuid4())[:20]
    await chat.ask(question)
    await expect(chat.answers.last).to_be_visible()
    await chat.turn_ended()
    await expect(line(chat)).to_have_count(0)
    assert model.sent(question)


REFUSED = {
    "en-US": "Your message has 1,037 characters, and a message may have 1,000. It was not sent",
    "zh-CN": "您的消息有 1,037 个字符，而消息最多 1,000 个字符。消息未发送",
    "de-DE": "Ihre Nachricht hat 1.037 Zeichen, und eine Nachricht darf 1.000 haben. Sie wurde "
    "nicht gesendet",
}


@pytest.mark.parametrize("locale", REFUSED)
async def test_what_a_page_sends_all_the_same_comes_back(
    short_app: Application, open_chat: OpenChat, model: ModelServer, tmp_path: Path, locale: str
) -> None:
    """A page that was loaded before the limit was made smaller."""
    chat = await open_chat(short_app, locale=locale)
    await as_it_was(chat)
    note = tmp_path / "note.txt"
    note.write_text("The ibis breeds on cliffs.")
    await chat.attach(note)
    question = f"{uuid.uuid4()} " + "语" * 1_000
    await expect(chat.page.locator("#chat-submit")).to_be_enabled()
    await box(chat).fill(question)
    await chat.page.locator("#chat-submit:enabled").click()
    await expect(chat.toasts.get_by_text(REFUSED[locale])).to_be_visible()
    await expect(box(chat)).to_have_value(question)
    await expect(chat.page.locator("#attachments").get_by_text("note.txt")).to_be_visible()
    await expect(chat.page.locator("#chat-submit")).to_be_enabled()
    await expect(chat.questions).to_have_count(0)
    assert model.sent(question[:36]) == []
    short_app.expect_in_log("characters, and a message may have")


async def as_it_was(chat: Chat) -> None:
    """Load the page as one that knows of another limit."""
    await chat.page.add_init_script(_OTHER_LIMIT)
    await chat.open()


@pytest.mark.parametrize("knows_limit", [True, False])
async def test_an_edit_that_is_too_long_leaves_the_question_as_it_was(
    short_app: Application, open_chat: OpenChat, knows_limit: bool
) -> None:
    chat = await open_chat(short_app)
    if not knows_limit:
        await as_it_was(chat)
    await chat.ask("What is the capital of France, before an edit?")
    await chat.answered("The capital of France is Paris.")
    longer = "x" * 1_001
    await chat.edit(chat.questions.last, longer)
    if knows_limit:
        await expect(line(chat)).to_contain_text("1,001 characters are too many")
        await expect(chat.page.locator("#edit-chat-input")).to_have_value(longer)
        await chat.page.get_by_role("button", name="Cancel").click()
    else:
        await expect(chat.toasts.get_by_text("It stays as it was.")).to_be_visible()
    await expect(chat.asked).to_have_text("What is the capital of France, before an edit?")
    await expect(chat.said.last).to_have_text("The capital of France is Paris.")


_NO_SOCKETS = "window.WebSocket = class { constructor() { throw new Error('There are none.'); } };"


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("character", ["\U0001f426", "\x01"])
async def test_the_longest_message_is_kept_to_the_letter(
    start_application: StartApplication,
    open_chat: OpenChat,
    model: ModelServer,
    transport: str,
    character: str,
) -> None:
    """Whatever it is made of, and by whatever it comes: it may have six bytes a character."""
    most = {"MESSAGE_MAX_CHARACTERS": "150000", "MODEL_CONTEXT_TOKENS": "1000000"}
    app = await start_application(settings={**model.settings, **most})
    chat = await open_chat(app)
    if transport == "polling":
        await chat.page.add_init_script(_NO_SOCKETS)
        await chat.open()
    question = f"{uuid.uuid4()}{character * (150_000 - 37)}."
    await chat.ask(question)
    await expect(chat.answers.last).to_be_visible()
    await chat.turn_ended()
    [asked, *_] = app.database.messages(await chat.thread_id())
    assert len(asked.text) == 150_000
    assert asked.text == question


@pytest.mark.parametrize("failure", ["the server's", "the line's"])
async def test_what_was_pasted_and_cannot_be_attached_is_in_the_box_again(
    short_app: Application, open_chat: OpenChat, failure: str
) -> None:
    async def fail(route: Route) -> None:
        if failure == "the server's":
            await route.fulfill(status=500, json={"detail": "out of order"})
        else:
            await route.abort()

    chat = await open_chat(short_app)
    await chat.page.route("**/project/file?**", fail)
    await paste(chat, text := (LONG * MOST)[: 2 * MOST])
    await expect(line(chat)).to_contain_text("could not be attached")
    await expect(box(chat)).to_have_value(text)
