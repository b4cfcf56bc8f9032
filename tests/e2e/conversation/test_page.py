"""The page itself: its face, its texts, what it offers, and that nothing gets in another's way."""

import json
from uuid import uuid4

import httpx2
import pytest
from playwright.async_api import Browser, expect

from chat.wording.commands import COMMANDS
from routes.middleware.headers import policy
from tests.e2e.conftest import OpenChat
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.page.socket import let_in
from tests.support.servers.model import ModelServer
from tests.support.waiting import until

PARIS = "The capital of France is Paris."
CHAINLITS_COMPLAINTS = ("Missing custom logo", "Translated markdown", "Translation file for")


async def test_the_face_is_our_own(app: Application, chat: Chat) -> None:
    await expect(chat.page).to_have_title("Keepchat")
    logo = chat.page.locator("img.logo")
    await expect(logo).to_be_visible()
    headers = {"Cookie": await let_in(app)}
    async with httpx2.AsyncClient(base_url=app.url, headers=headers) as client:
        for path in ("/favicon", "/logo?theme=light", "/logo?theme=dark", "/avatars/Keepchat"):
            reply = await client.get(path)
            assert reply.headers["content-type"] == "image/svg+xml", path
            assert "<title>Keepchat</title>" in reply.text, path
        page = await client.get(f"/thread/{uuid4()}", headers={"Accept": "text/html"})
        sockets = (f"ws://localhost:{app.port}", f"wss://localhost:{app.port}")
        assert page.headers["content-security-policy"] == policy("", sockets)
        assert page.headers["referrer-policy"] == "same-origin"
    assert not [said for said in CHAINLITS_COMPLAINTS if said in app.log_of_test()]


async def test_what_is_not_the_pages_own_is_refused(app: Application, browser: Browser) -> None:
    """Pictures of other sites, and scripts that somebody put into the page."""
    context = await browser.new_context()
    page = await context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    await page.goto(app.url + app.way_in())
    await page.evaluate(
        """() => {
            new Image().src = "http://localhost:1/a.png";
            const script = document.createElement("script");
            script.textContent = "document.title = 'run'";
            document.head.append(script);
        }"""
    )
    for directive in ("img-src", "script-src"):
        await until(
            lambda wanted=directive: any(  # type: ignore[misc]
                "Content Security Policy directive" in text and wanted in text for text in refused
            ),
            f"the refusal by {directive}",
        )
    await expect(page).to_have_title("Keepchat")
    await context.close()


@pytest.mark.parametrize(
    ("locale", "help_button", "heading", "starter"),
    [
        ("en-GB", "Help", "Using Keepchat", "Plan my week"),
        ("zh-CN", "帮助", "使用 Keepchat", "安排一周"),
    ],
)
async def test_the_empty_page_helps_in_the_readers_language(
    app: Application, open_chat: OpenChat, locale: str, help_button: str, heading: str, starter: str
) -> None:
    chat = await open_chat(app, locale=locale)
    starters = chat.page.locator("#starters").get_by_role("button")
    await expect(starters).to_have_count(4)
    await expect(starters.filter(has_text=starter)).to_be_visible()
    await chat.page.wait_for_load_state("networkidle")  # the header is drawn anew until then
    await chat.page.get_by_role("button", name=help_button, exact=True).click()
    await expect(chat.page.get_by_role("heading", name=heading)).to_be_visible()


async def test_a_starter_begins_a_conversation(app: Application, chat: Chat) -> None:
    await chat.page.locator("#starters").get_by_role("button", name="Plan my week").click()
    await chat.answered("Gladly. What has to be done this week?")
    question, _ = app.database.messages(await chat.thread_id())
    assert question.text.startswith("Help me plan my week.")


async def test_a_command_is_for_one_question(
    app: Application, chat: Chat, model: ModelServer
) -> None:
    await chat.use_command("Summarize")
    await chat.ask("What is the capital of France, in short?")
    await chat.answered(PARIS)
    await expect(chat.questions.last).to_contain_text("Summarize")
    await chat.ask("and of Italy, at length?")
    await chat.answered("The capital of Italy is Rome.")
    [told], [then] = (
        model.conversations(question)
        for question in ("What is the capital of France, in short?", "and of Italy, at length?")
    )
    assert told[0][1].startswith(COMMANDS.en[0].instruction)
    assert COMMANDS.en[0].instruction not in then[0][1]
    thread_id = await chat.thread_id()
    kept = app.database.rows(
        "SELECT command FROM steps WHERE threadId = ? AND type = 'user_message' ORDER BY createdAt",
        thread_id,
    )
    assert kept == [("Summarize",), (None,)]
    await chat.open(f"/thread/{thread_id}")
    await expect(chat.questions.first).to_contain_text("Summarize")


async def test_stars_are_listed_and_taken_off_from_anywhere(
    app: Application, chat: Chat, open_chat: OpenChat
) -> None:
    question = "What is the capital of France, under a star?"
    await chat.ask(question)
    await chat.answered(PARIS)
    await chat.star(chat.questions.last)
    thread_id = await chat.thread_id()

    def is_starred() -> bool:
        [(metadata,)] = app.database.rows(
            "SELECT metadata FROM steps WHERE threadId = ? AND type = 'user_message'", thread_id
        )
        return bool(json.loads(metadata).get("favorite"))

    await until(is_starred, "the star")
    elsewhere = await open_chat(app)
    line = (await elsewhere.starred()).filter(has_text=question)
    await line.get_by_role("button").click()
    await expect(line).to_have_count(0)
    await until(lambda: not is_starred(), "the star to be gone")


async def test_an_answer_is_copied_and_a_comment_is_there_again(
    app: Application, chat: Chat
) -> None:
    await chat.ask("What is the capital of France, to be copied?")
    await chat.answered(PARIS)
    assert await chat.copy_answer() == PARIS
    await chat.praise("Short and right")
    find = "SELECT comment FROM feedbacks WHERE threadId = ?"
    thread_id = await chat.thread_id()
    await until(lambda: app.database.rows(find, thread_id), "the feedback")
    await chat.open(f"/thread/{thread_id}")
    await expect(chat.answers.last.locator("button.positive-feedback-on")).to_be_visible()
    await chat.answers.last.locator("button:has(.lucide-message-circle)").click()
    comment = chat.page.get_by_role("dialog").get_by_role("textbox")
    await expect(comment).to_have_value("Short and right")
