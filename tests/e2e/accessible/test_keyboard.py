"""The page without a mouse: keys, where the focus is, and what a screen reader is told."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, ViewportSize, expect

from tests.e2e.conftest import OpenChat
from tests.support.page.application import Application
from tests.support.page.chat import Chat

PARIS = "The capital of France is Paris."
COUNTED = " ".join(str(number) for number in range(1, 41))
_LISTEN = """() => {
  window.heard = [];
  const region = document.getElementById("keepchat-announcements");
  new MutationObserver(() => {
    window.heard.push(region.textContent);
    document.body.dataset.heard = window.heard.join();
  }).observe(region, { childList: true, characterData: true, subtree: true });
}"""
_COPY_AT_THE_END = """() => {
  window.heard = [];
  const region = document.getElementById("keepchat-announcements");
  new MutationObserver(() => window.heard.push([region.textContent, performance.now()]))
    .observe(region, { childList: true });
  let isAnswering = false;
  const ended = new MutationObserver(() => {
    const was = isAnswering;
    isAnswering = document.getElementById("stop-button") !== null;
    if (isAnswering || !was) return;
    ended.disconnect();
    const key = { key: "c", code: "KeyC", altKey: true, bubbles: true };
    document.body.dispatchEvent(new KeyboardEvent("keydown", key));
  });
  ended.observe(document.body, { childList: true, subtree: true });
}"""
FOUR_TIMES: ViewportSize = {"width": 320, "height": 256}  # of a window of 1280 by 1024
_STOPS = "a, button, input, textarea, [contenteditable], [tabindex]"  # and some that are none
SHOWN_MS = 2000  # as long as a person needs to read it


def box(chat: Chat) -> Locator:
    """The box for new messages."""
    return chat.page.locator("#chat-input")


def in_focus(page: Page) -> Locator:
    """What has the focus."""
    return page.locator(":focus")


async def test_an_answer_is_announced_once_and_whole(app: Application, open_chat: OpenChat) -> None:
    chat = await open_chat(app)
    region = chat.page.locator("#keepchat-announcements")
    await expect(region).to_have_role("status")
    await chat.page.evaluate(_LISTEN)
    await chat.ask("Please count to forty, aloud")
    await chat.answered(COUNTED)
    await expect(region).to_have_text(f"Answer: {COUNTED}")
    await chat.ask("What is the capital of France, aloud?")
    await chat.answered(PARIS)
    await expect(region).to_have_text(f"Answer: {PARIS}")
    assert await chat.page.evaluate("heard") == [f"Answer: {COUNTED}", f"Answer: {PARIS}"]


async def test_the_focus_stays_where_one_goes_on(app: Application, open_chat: OpenChat) -> None:
    chat = await open_chat(app)
    await chat.ask("What is the capital of France, with the focus kept?")  # by a click
    await chat.answered(PARIS)
    await expect(box(chat)).to_be_focused()
    pencil = chat.questions.locator(".edit-message")
    await pencil.press("Enter")
    await expect(chat.page.locator("#edit-chat-input")).to_be_focused()
    await chat.page.get_by_role("button", name="Cancel").press("Enter")
    await expect(pencil).to_be_focused()
    gear = chat.page.locator("#chat-settings-open-modal")
    await gear.press("Enter")
    await expect(chat.page.get_by_role("dialog")).to_be_visible()
    await chat.page.keyboard.press("Escape")
    await expect(gear).to_be_focused()
    await chat.page.locator("#new-chat-button").press("Enter")
    await expect(chat.questions).to_have_count(0)
    await expect(box(chat)).to_be_focused()
    await chat.page.locator("#sidebar-trigger-button").press("Enter")  # which goes with the sidebar
    await expect(in_focus(chat.page)).to_have_accessible_name("Open sidebar")


async def test_a_conversation_is_renamed_and_deleted_by_keys(
    app: Application, open_chat: OpenChat
) -> None:
    chat = await open_chat(app)
    await chat.ask("What is the capital of France, of many keys?")
    await chat.answered(PARIS)
    line = chat.thread("of many keys?")
    await line.get_by_role("link").focus()
    await chat.page.keyboard.press("Tab")
    await expect(in_focus(chat.page)).to_have_accessible_name(
        re.compile("^Pin, move, rename or delete: ")
    )
    await chat.page.keyboard.press("Enter")
    await expect(in_focus(chat.page)).to_have_text("Rename")
    await chat.page.keyboard.press("Enter")
    await expect(chat.page.locator("#name")).to_be_focused()
    await chat.page.locator("#name").fill("Named by keys")
    await chat.page.get_by_role("button", name="Confirm").press("Enter")
    renamed = chat.thread("Named by keys").locator(".keepchat-thread-menu")
    await expect(renamed).to_be_focused()
    await renamed.press("Enter")
    await chat.page.locator("#delete-thread").press("Enter")
    await chat.page.get_by_role("button", name="Delete", exact=True).press("Enter")
    await expect(chat.thread("Named by keys")).to_have_count(0)


async def test_keys_do_what_is_done_often(app: Application, open_chat: OpenChat) -> None:
    chat = await open_chat(app)
    await chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await chat.page.evaluate(_LISTEN)
    press = chat.page.keyboard.press
    await chat.ask("What is the capital of France, by a key?")
    await chat.answered(PARIS)
    await press("Alt+c")
    await expect(chat.page.locator("body[data-heard*='Copied!']")).to_be_visible()
    assert await chat.page.evaluate("navigator.clipboard.readText()") == PARIS
    await press("Alt+l")
    edit = chat.page.locator("#edit-chat-input")
    await expect(edit).to_have_value("What is the capital of France, by a key?")
    await chat.page.get_by_role("button", name="Cancel").click()
    await chat.ask("Tell me a long story, by a key")
    await chat.shown_past("Sentence 2")
    await press("Alt+x")
    await chat.turn_ended()
    await expect(chat.mark(chat.answers.last)).to_contain_text("stopped")
    await chat.page.locator("#theme-toggle").focus()
    await press("Alt+i")
    await expect(box(chat)).to_be_focused()
    await press("Alt+n")
    await expect(chat.questions).to_have_count(0)
    await expect(box(chat)).to_be_focused()


async def test_whatever_has_a_button_is_reached_by_tab(
    app: Application, open_chat: OpenChat, tmp_path: Path
) -> None:
    (tmp_path / "note.txt").write_text("Attached by keys.")
    chat = await open_chat(app)
    press, chosen = chat.page.keyboard.press, in_focus(chat.page)
    await expect(chat.page.locator("#upload-button")).to_be_enabled()
    async with chat.page.expect_file_chooser() as chooser:  # which is told of a moment later
        await _tab_to(chat, chat.page.locator("#upload-button"))
        await press("Enter")
    await (await chooser.value).set_files(tmp_path / "note.txt")
    await expect(chat.waiting_file("note.txt")).to_be_visible()
    await _tab_to(chat, box(chat), "Shift+Tab")
    await chat.page.keyboard.type("What is the capital of France, reached by Tab?")
    await press("Enter")
    await chat.answered(PARIS)

    await _tab_to(chat, chat.questions.last.locator(".favorite-message"), "Shift+Tab")
    await press("Enter")
    await expect(await chat.starred()).to_contain_text(["reached by Tab?"])
    await press("Escape")
    await _tab_to(chat, chat.answers.last.locator("button.positive-feedback-off"), "Shift+Tab")
    await press("Enter")
    await chat.page.keyboard.type("Found without a mouse")
    await _tab_to(chat, chat.page.locator("#submit-feedback"))
    await press("Enter")
    await expect(chat.answers.last.locator("button.positive-feedback-on")).to_be_focused()

    await _tab_to(chat, chat.page.locator("#command-button"))
    await press("Enter")
    command = chat.page.locator("#command-popover").get_by_role("option", selected=True)
    await expect(command).to_contain_text("Summarize")
    await press("ArrowDown")
    await expect(command).to_contain_text("Translate")
    await press("Enter")
    await expect(chat.page.locator("#message-composer")).to_contain_text("Translate")

    await _tab_to(chat, chat.export_button(), "Shift+Tab")
    await press("Enter")
    await _tab_to(chat, chat.export_forms().get_by_text("JSON"))
    async with chat.page.expect_download() as download:
        await press("Enter")
    assert (await download.value).suggested_filename.endswith(".json")
    await press("Escape")
    await _tab_to(
        chat, chat.thread("reached by Tab?").locator(".keepchat-thread-menu"), "Shift+Tab"
    )
    await press("Enter")
    await expect(chosen).to_have_role("menuitem")
    await press("p")
    await expect(chosen).to_have_text("Pin")
    await press("Enter")
    await expect(chat.sidebar.get_by_text("Pinned", exact=True)).to_be_visible()
    await expect(chat.names().first).to_have_text("What is the capital of France, reached by Tab?")


async def _tab_to(chat: Chat, wanted: Locator, key: str = "Tab") -> None:
    """Press Tab, forward or back, until the focus is there, at most once around the page."""
    pressed = 0
    while not await wanted.evaluate("(it) => it === document.activeElement"):
        if pressed > await chat.page.locator(_STOPS).count():  # the sidebar gets longer meanwhile
            pytest.fail(f"No {key} leads to {wanted}.")
        await chat.page.keyboard.press(key)
        pressed += 1


async def test_what_a_key_did_is_shown_before_the_answer_is_read(
    app: Application, open_chat: OpenChat
) -> None:
    chat = await open_chat(app)
    await chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await chat.ask("Please count to forty, before something is copied")
    await chat.answered(COUNTED)
    await expect(chat.page.locator("#keepchat-announcements")).to_have_text(f"Answer: {COUNTED}")
    await chat.page.evaluate(_COPY_AT_THE_END)
    await chat.ask("What is the capital of France, copied at once?")
    await chat.answered(PARIS)
    await expect(chat.page.locator("#keepchat-announcements")).to_have_text(f"Answer: {PARIS}")
    heard = await chat.page.evaluate("heard")
    assert [text for text, _ in heard] == ["Copied!", f"Answer: {PARIS}"]
    (_, shown), (_, read) = heard
    assert read - shown >= SHOWN_MS


async def test_the_list_of_keys_tells_them_and_turns_them_off(
    app: Application, open_chat: OpenChat
) -> None:
    chat = await open_chat(app)
    press, keys = (
        chat.page.keyboard.press,
        chat.page.get_by_role("dialog", name="Keyboard shortcuts"),
    )
    await box(chat).press("?")
    await expect(box(chat)).to_have_value("?")
    await press("ControlOrMeta+/")
    await expect(keys.get_by_role("row")).to_have_count(7)
    await expect(keys.get_by_role("row", name="New chat")).to_contain_text("Alt+N")
    await press("Escape")
    await expect(box(chat)).to_be_focused()
    await chat.page.locator("#theme-toggle").focus()
    await press("?")
    await keys.get_by_role("checkbox").uncheck()
    await press("Escape")
    await expect(keys).to_have_count(0)
    await press("Alt+i")
    await press("?")
    await press("ControlOrMeta+k")
    await expect(chat.page.locator("#theme-toggle")).to_be_focused()
    await expect(chat.page.locator("dialog, [role=dialog]")).to_have_count(0)
    await chat.page.locator("#user-nav-button").press("Enter")
    await chat.page.get_by_role("menuitem", name="Keyboard shortcuts").press("Enter")
    await keys.get_by_role("checkbox").check()
    await expect(chat.page.get_by_role("menu")).to_have_count(0)  # it is faded out
    await press("Escape")
    await press("Alt+i")
    await expect(box(chat)).to_be_focused()


async def test_names_are_in_the_readers_language(app: Application, open_chat: OpenChat) -> None:
    chat = await open_chat(app, locale="zh-CN")
    await expect(chat.page.locator("#new-chat-button")).to_have_accessible_name("新对话")
    await expect(chat.page.locator("#theme-toggle")).to_have_accessible_name("浅色或深色")
    await chat.page.locator("#chat-settings-open-modal").click()
    dialog = chat.page.get_by_role("dialog")
    await expect(dialog.locator("button:has(.lucide-x)")).to_have_accessible_name("关闭")
    german = await open_chat(app, locale="de-DE")
    await expect(german.page.locator("#chat-submit")).not_to_have_accessible_name("Send")


async def test_the_page_is_as_a_reader_has_set_up_their_computer(
    app: Application, open_chat: OpenChat
) -> None:
    chat = await open_chat(app)
    composer = chat.page.locator("#message-composer")
    await expect(composer).to_have_css("border-top-width", "0px")
    await chat.page.emulate_media(forced_colors="active")
    await expect(composer).to_have_css("border-top-width", "1px")
    await chat.page.emulate_media(forced_colors="none")
    await chat.page.set_viewport_size(FOUR_TIMES)
    await expect(chat.page.locator(".watermark")).to_be_hidden()
    await expect(chat.page.locator("#chat-submit")).to_be_in_viewport()
    await chat.page.locator("#command-button").click()
    await expect(chat.page.get_by_role("option").first).to_be_in_viewport(ratio=0.5)
    await chat.page.keyboard.press("Escape")
    await chat.page.locator("#chat-settings-open-modal").click()
    first = chat.page.get_by_role("dialog").locator("textarea").first
    await expect(first).to_be_in_viewport(ratio=0.9)
    await chat.page.keyboard.press("Escape")
    await nothing_moves(chat)


async def nothing_moves(chat: Chat) -> None:
    await chat.page.emulate_media(reduced_motion="reduce")
    lasting = """() => [...document.querySelectorAll("*")].filter((it) => {
      const { animationDuration, transitionDuration } = getComputedStyle(it);
      return [animationDuration, transitionDuration].some((each) => parseFloat(each) > 0.01);
    }).length"""
    assert await chat.page.evaluate(lasting) == 0
