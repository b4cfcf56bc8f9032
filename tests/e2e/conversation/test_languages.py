"""The page in the language of its reader, and on a phone."""

from itertools import pairwise

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.servers.model import ModelServer

LONG_NAME = "a-model-with-a-very-long-name-instruct-2026-11-preview"
BROKE_OFF = {
    "zh-TW": "回答中断了。可以继续，或重试。",
    "de-AT": "Die Antwort ist abgebrochen. Setzen Sie sie fort, oder versuchen Sie es noch einmal.",
}
SIGN_OUT = {"zh-TW": "退出登录", "de-AT": "Abmelden"}
TOLD = {
    "zh-TW": ("zh-CN", "帮助", "您", "安排一周", "切换主题", "你是一个乐于助人的助手"),
    "de-AT": ("de-DE", "Hilfe", "Sie", "Meine Woche planen", "Hell oder dunkel", "Du bist ein"),
}


@pytest.mark.parametrize("locale", ["zh-TW", "de-AT"])
async def test_all_is_in_the_readers_language(
    app: Application, open_chat: OpenChat, locale: str
) -> None:
    language, help_button, you, starter, theme, instructions = TOLD[locale]
    chat = await open_chat(app, locale=locale)
    page = chat.page
    await expect(page.locator("html")).to_have_attribute("lang", language)
    await expect(page.get_by_role("button", name=help_button, exact=True)).to_be_visible()
    await expect(page.get_by_text(starter, exact=True)).to_be_visible()
    await expect(page.get_by_text(theme, exact=True)).to_be_attached()
    await chat.ask(f"Please break off, in {locale}.")
    error = page.locator(".ai-message").filter(has_text=BROKE_OFF[locale])
    await expect(error).to_be_visible()
    # An error is no answer that could be judged.
    await expect(error.locator(".lucide-thumbs-up:visible")).to_have_count(0)
    await page.locator("#chat-settings-open-modal").click()
    await expect(page.locator("#system_prompt")).to_contain_text(instructions)
    await page.keyboard.press("Escape")
    await page.locator("#user-nav-button").click()
    menu = page.get_by_role("menu")
    await expect(menu).to_contain_text(you)
    # Nobody signs out where one person uses the program by its link.
    await expect(menu.get_by_role("menuitem").first).to_be_visible()
    await expect(menu.get_by_text(SIGN_OUT[locale], exact=True)).to_be_hidden()


async def test_all_fits_a_phone(
    start_application: StartApplication, model: ModelServer, open_chat: OpenChat
) -> None:
    several = {"OPENAI_MODELS": f"scripted,{LONG_NAME}"}
    chat = await open_chat(await start_application(settings={**model.settings, **several}))
    page = chat.page
    await chat.choose_model(LONG_NAME)
    for width in (320, 390, 430):
        await page.set_viewport_size({"width": width, "height": 700})
        await chat.ask(f"What is the capital of France, {width} pixels wide?")
        await chat.answered("The capital of France is Paris.")
        await _fits(page, width)
        await _commands_fit(chat, width)
        await chat.model_button().click()
        for model_name in await page.get_by_role("option").all():
            await _edges(model_name, width)
        await page.keyboard.press("Escape")
        # The keyboard takes its place from the page.
        await page.set_viewport_size({"width": width, "height": 380})
        box = await page.locator("#message-composer").bounding_box()
        assert box
        assert box["y"] + box["height"] <= 380
        assert box["y"] >= 60


async def test_a_phone_on_its_side_shows_all_of_a_new_conversation(
    start_application: StartApplication, open_chat: OpenChat
) -> None:
    page = (await open_chat(await start_application())).page
    await page.set_viewport_size({"width": 844, "height": 390})
    header = await page.locator("#header").bounding_box()
    assert header
    await expect(page.locator("#starters")).to_be_visible()
    for part in await page.locator("#welcome-screen > :visible").all():
        box = await part.bounding_box()
        assert box
        assert box["y"] >= header["y"] + header["height"]
        assert box["y"] + box["height"] <= 390


async def _fits(page: Page, width: int) -> None:
    assert await page.evaluate("document.scrollingElement.scrollWidth") <= width
    await _are_beside_each_other(page.locator("#header button:visible, #header a:visible"), width)
    composer = await page.locator("#message-composer").bounding_box()
    assert composer
    buttons = page.locator("#message-composer button:visible")
    await _are_beside_each_other(buttons, composer["x"] + composer["width"])


async def _are_beside_each_other(buttons: Locator, end_of_all: float) -> None:
    edges = sorted([await _edges(one, end_of_all) for one in await buttons.all()])
    assert all(end <= begin + 1 for (_, end), (begin, _) in pairwise(edges))


async def _commands_fit(chat: Chat, width: int) -> None:
    await chat.page.locator("#chat-input").fill("/")
    shown = chat.page.locator(".command-item").last
    await expect(shown).to_be_visible()
    await _edges(shown, width)
    await chat.page.locator("#chat-input").fill("")


async def _edges(shown: Locator, width: float) -> tuple[float, float]:
    """Where it is from left to right, which has to be on the screen."""
    box = await shown.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    return box["x"], box["x"] + box["width"]
