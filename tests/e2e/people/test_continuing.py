"""What is shared says whose it is and that it is read only; its reader goes on with a copy."""

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.conftest import OpenChat
from tests.e2e.people.conftest import ANNA, BOB, Team
from tests.support.page import samples
from tests.support.page.axe import grave_faults
from tests.support.page.chat import THREAD_URL, Chat
from tests.support.page.database import ServerDatabase
from tests.support.servers.model import ModelServer
from tests.support.waiting import until

PARIS = "The capital of France is Paris."
ROME = "The capital of Italy is Rome."
READ = "I keep what you sent, and I say that I have read it."
COPY = "Continue this conversation"


def head(chat: Chat) -> Locator:
    return chat.page.locator("main header.keepchat-shared")


async def test_a_reader_goes_on_with_a_copy_of_their_own(
    team: Team, open_chat: OpenChat, model: ModelServer, tmp_path: Path
) -> None:
    (tmp_path / "colours.png").write_bytes(samples.png())
    anna = await open_chat(team.app, sign_in=ANNA)
    await anna.attach(tmp_path / "colours.png")
    await anna.ask("To go on with: what is on it?")
    await anna.answered(READ)
    await anna.do("Try again")
    await expect(anna.answers.get_by_text("2 of 2")).to_be_visible()
    await anna.turn_ended()
    await anna.praise("Not for Bob")
    await anna.star(anna.questions.last)
    original = await anna.thread_id()
    await until(lambda: team.database.elements(original), "the stored file")
    path = await anna.share()

    bob = await open_chat(team.app, sign_in=BOB)
    await bob.page.goto(team.app.url + path)
    await expect(head(bob).get_by_role("heading")).to_have_text("To go on with: what is on it?")
    await expect(head(bob)).to_contain_text(re.compile(r"Shared by anna on \w+ \d+, \d+ · Read"))
    await head(bob).get_by_role("button", name=COPY).focus()
    await bob.page.keyboard.press("Enter")
    await bob.page.keyboard.press("Enter")
    await expect(bob.page).to_have_url(THREAD_URL)
    await expect(bob.said).to_have_text(READ)
    await bob.picture_is_shown("colours.png")
    await expect(bob.thread("To go on with")).to_have_count(1)
    copy = await bob.thread_id()
    assert copy != original
    await bob.ask(f"and of Italy, in {copy}?")
    await bob.answered(ROME)
    [messages] = model.sent(f"and of Italy, in {copy}?")
    assert [READ in str(message) for message in messages].count(True) == 1
    await it_has_nothing_of_annas(team, original, copy)

    await anna.delete("To go on with")
    await bob.page.reload()
    await bob.picture_is_shown("colours.png")


async def it_has_nothing_of_annas(team: Team, original: str, copy: str) -> None:
    found = team.database.rows(
        'SELECT t.id, u.identifier FROM threads t JOIN users u ON u.id = t."userId" '
        "WHERE t.name LIKE 'To go on with%'"
    )
    assert sorted(found) == sorted([(original, "anna"), (copy, "bob")])
    assert team.database.traces(copy).get("feedbacks", 0) == 0
    [(_, name, sha256)] = team.database.elements(copy)
    assert [(it, found) for _, it, found in team.database.elements(original)] == [(name, sha256)]
    kept = [
        *team.database.rows("SELECT metadata, tags FROM threads WHERE id = ?", copy),
        *team.database.rows('SELECT name, metadata FROM steps WHERE "threadId" = ?', copy),
    ]
    for secret in ("anna", "is_shared", "shared_by", "favorite", "sibling_of"):
        assert secret not in str(kept), secret


async def test_what_is_taken_back_is_not_copied_and_that_is_said(
    team: Team, open_chat: OpenChat
) -> None:
    anna = await open_chat(team.app, sign_in=ANNA)
    await anna.ask("What is the capital of France, until it is taken back?")
    await anna.answered(PARIS)
    path = await anna.share()
    bob = await open_chat(team.app, sign_in=BOB, locale="zh-CN")
    await bob.page.goto(team.app.url + path)
    await expect(head(bob)).to_contain_text("只读")
    await anna.unshare()
    before = team.database.rows("SELECT id FROM threads ORDER BY id")
    button = head(bob).get_by_role("button", name="继续此对话")
    await button.click()
    await expect(head(bob).get_by_role("alert")).to_have_text("此对话未分享，或已取消分享。")
    await expect(button).to_be_focused()
    assert team.database.rows("SELECT id FROM threads ORDER BY id") == before
    assert await anna.share() == path
    await button.click()
    await expect(bob.page).to_have_url(THREAD_URL)
    await expect(bob.said).to_have_text(PARIS)


async def test_a_copy_that_is_made_while_nothing_can_be_stored_opens_once_it_can(
    team: Team, open_chat: OpenChat
) -> None:
    anna = await open_chat(team.app, sign_in=ANNA)
    await anna.ask("What is the capital of France, to be copied meanwhile?")
    await anna.answered(PARIS)
    path = await anna.share()
    bob = await open_chat(team.app, sign_in=BOB)
    await bob.page.goto(team.app.url + path)
    is_file = not isinstance(team.database, ServerDatabase)
    with team.database.blocked() if is_file else nullcontext():
        await head(bob).get_by_role("button", name=COPY).click()
        if is_file:
            await expect(bob.page.get_by_text("opens by itself as soon as it can")).to_be_visible()
    await expect(bob.page).to_have_url(THREAD_URL)
    await expect(bob.said).to_have_text(PARIS)


async def test_its_author_is_led_to_it(team: Team, open_chat: OpenChat) -> None:
    anna = await open_chat(team.app, sign_in=ANNA, locale="zh-CN")
    await anna.ask("What is the capital of France, shared by me?")
    await anna.answered(PARIS)
    await anna.share_button().click()
    dialog = anna.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="分享并复制链接").click()
    await expect(dialog.get_by_role("button", name="取消分享")).to_be_visible()
    thread_id = await anna.thread_id()
    await anna.page.goto(f"{team.app.url}/share/{thread_id}")
    await expect(head(anna)).to_contain_text("由您于")
    await head(anna).get_by_role("link", name="打开此对话").click()
    assert await anna.thread_id() == thread_id
    await expect(anna.said).to_have_text(PARIS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_on_a_phone_it_has_room_and_no_faults(
    team: Team, open_chat: OpenChat, scheme: Literal["light", "dark"]
) -> None:
    anna = await open_chat(team.app, sign_in=ANNA)
    question = f"What is the capital of France, {scheme}, {'and a long name ' * 8}?"
    await anna.ask(question)
    await anna.answered(PARIS)
    path = await anna.share()
    bob = await open_chat(team.app, sign_in=BOB)
    await bob.page.set_viewport_size({"width": 390, "height": 844})
    await bob.page.emulate_media(color_scheme=scheme)
    await bob.page.goto(team.app.url + path)
    await expect(bob.said).to_have_text(PARIS)
    await expect(head(bob).get_by_role("button", name=COPY)).to_be_in_viewport(ratio=0.99)
    box = await head(bob).bounding_box()
    assert box
    assert (box["x"], box["width"]) == (0, 390)
    assert await bob.page.evaluate("document.documentElement.scrollWidth") == 390
    assert await grave_faults(bob.page) == []
