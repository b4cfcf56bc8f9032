"""Each view of the page, in light and dark, has no serious fault by the rules of axe-core."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Route, ViewportSize, expect

from chat.wording.notice import DEMO
from tests.e2e.conftest import OpenChat
from tests.support.page.application import Application, running_application
from tests.support.page.axe import grave_faults, nameless
from tests.support.page.chat import Chat
from tests.support.servers.model import ModelServer

ANNA = ("anna", "correct horse")
PARIS = "The capital of France is Paris."
PHONE: ViewportSize = {"width": 390, "height": 844}

Show = Callable[[Chat], Awaitable[None]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(
    project: Path, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Application]:
    """A program with an account, two models and sharing."""
    settings = {
        **model.settings,
        "OPENAI_MODELS": "second",
        "AUTH_MODE": "password",
        "THREAD_SHARING": "on",
    }
    application = Application(project, tmp_path_factory.mktemp("axe") / "keepchat", settings)
    async with running_application(application, ANNA):
        yield application


async def settings(chat: Chat) -> None:
    await chat.page.locator("#chat-settings-open-modal").click()


async def commands(chat: Chat) -> None:
    await chat.page.locator("#command-button").click()


async def models(chat: Chat) -> None:
    await chat.model_button().click()


async def starred(chat: Chat) -> None:
    await chat.star(chat.questions.last)
    await expect(await chat.starred()).not_to_have_count(0)


async def keys(chat: Chat) -> None:
    await chat.page.keyboard.press("ControlOrMeta+/")


async def search(chat: Chat) -> None:
    await expect(await chat.search("capital of France")).not_to_have_count(0)


async def account(chat: Chat) -> None:
    await expect(await chat.account()).to_contain_text("this browser")


async def preferences(chat: Chat) -> None:
    dialog = await chat.preferences()
    await dialog.get_by_role("button", name="Add a prompt").click()


async def thumb(chat: Chat) -> None:
    await chat.answers.last.locator("button.positive-feedback-off").click()


async def rename(chat: Chat) -> None:
    await chat.page.locator(".keepchat-thread-menu").first.press("Enter")
    await chat.page.locator("#rename-thread").press("Enter")


async def delete(chat: Chat) -> None:
    await chat.page.locator(".keepchat-thread-menu").first.press("Enter")
    await chat.page.locator("#delete-thread").press("Enter")


async def folder(chat: Chat) -> None:
    await chat.page.locator(".keepchat-thread-menu").first.press("Enter")
    await chat.page.locator("#move-thread").press("Enter")


async def delete_all(chat: Chat) -> None:
    await chat.of_list("Delete all")


async def toasts(chat: Chat) -> None:
    for kind in ("info", "success", "warning", "error"):
        await chat.tell(kind, f"This is of the kind {kind}.")
    await chat.toasts.first.hover()  # they stay, and stand below each other


async def notice(chat: Chat) -> None:
    await chat.page.route("**/keepchat/notice", _tell_of_demo)
    await chat.page.reload()
    await expect(chat.page.locator("#keepchat-notice")).to_contain_text(DEMO.text.en)
    await _has_settled(chat)


async def _tell_of_demo(route: Route) -> None:
    await route.fulfill(json={"kind": DEMO.kind, "text": DEMO.text.en})


OVER_THE_PAGE: tuple[Show, ...] = (
    settings,
    commands,
    models,
    starred,
    keys,
    search,
    account,
    preferences,
    thumb,
    rename,
    delete,
    folder,
    delete_all,
    toasts,
    notice,
)
SHOWN = (
    '[role="dialog"], [role="alertdialog"], [role="listbox"], dialog[open], #command-popover, '
    "[data-sonner-toast], #keepchat-notice"
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_view_has_a_grave_fault(
    running: Application, open_chat: OpenChat, scheme: str
) -> None:
    chat = await open_chat(running, "/login", comes_in=False)
    await chat.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    await expect(chat.page.locator("#email")).to_be_visible()
    await _is_fine(chat, "the login")
    await chat.fill_login(ANNA[0], "wrong")
    await expect(chat.page.get_by_role("alert").first).to_be_visible()
    await expect(chat.page.locator('button[type="submit"]')).to_be_focused()  # it was off meanwhile
    await chat.sign_in(*ANNA)
    await _is_fine(chat, "a new conversation")
    await chat.use_command("Explain")
    await chat.ask(f"What is the capital of France, in {scheme}?")
    await chat.answered(PARIS)
    await chat.ask("Show all of Markdown")
    await expect(chat.said.last.get_by_text("The note.")).to_be_visible()
    await chat.turn_ended()
    await chat.thread_id()
    await _has_settled(chat)
    await _is_fine(chat, "a conversation")
    for show in OVER_THE_PAGE:
        await show(chat)
        await expect(chat.page.locator(SHOWN).first).to_be_visible()
        await _is_fine(chat, show.__name__)
        await chat.page.reload()
        await _has_settled(chat)
    path = await chat.share()
    await chat.page.goto(running.url + path)
    await _has_settled(chat)
    await _is_fine(chat, "a shared conversation")
    await chat.page.set_viewport_size(PHONE)
    await chat.page.locator("#sidebar-trigger-button").click()
    await expect(chat.page.get_by_role("dialog", name="Conversations")).to_be_visible()
    await _is_fine(chat, "the sidebar of a phone")


async def _has_settled(chat: Chat) -> None:
    """The page sees to it once it rests that what is too wide can be reached by keys."""
    await expect(chat.answers).to_have_count(2)
    await expect(chat.said.last.locator("pre > code[tabindex]").first).to_be_visible()


async def _is_fine(chat: Chat, view: str) -> None:
    await chat.page.evaluate("document.fonts.ready")
    assert await grave_faults(chat.page) == [], view
    assert await nameless(chat.page) == [], view
