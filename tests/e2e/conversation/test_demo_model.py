"""The built-in model answers where nothing is set, and the page says that it is a demo."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.page.chat import Chat


@pytest.mark.timeout(240)
async def test_built_in_model_answers_and_says_what_it_is(
    start_application: StartApplication, open_chat: OpenChat
) -> None:
    app = await start_application(settings={})
    chat = await open_chat(app)
    notice = chat.page.locator("#keepchat-notice")
    await expect(notice).to_be_visible()
    await expect(notice).to_contain_text("A small demo model answers here")
    await expect(notice).to_contain_text("OPENAI_API_KEY")
    await chat.ask("What is the capital of France?")
    await chat.shown_past("a")
    await chat.turn_ended(within_ms=90_000)
    shown = await chat.shown()
    question, answer = app.database.messages(await chat.thread_id())
    assert question.text == "What is the capital of France?"
    assert _words(shown)
    assert _words(shown) <= _words(answer.text)  # the page shows Markdown as what it means
    assert answer.state in ("done", "cut")  # small as it is, it may talk up to its limit
    await expect(chat.mark(chat.answers)).to_have_count(int(answer.state == "cut"))
    await expect(chat.toasts).to_have_count(0)

    chinese = await open_chat(app, locale="zh-CN")
    notice = chinese.page.locator("#keepchat-notice")
    await expect(notice).to_be_visible()
    await expect(notice).to_contain_text("演示模型")
    await expect(chinese.page.locator("#chat-input")).to_have_attribute(
        "placeholder", "请输入问题……"
    )


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


async def test_a_real_model_needs_no_notice(chat: Chat) -> None:
    await chat.ask("What is the capital of France, without notice?")
    await chat.answered("The capital of France is Paris.")
    await expect(chat.page.locator("#keepchat-notice")).to_have_count(0)
