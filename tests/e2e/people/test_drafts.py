"""What is written and not sent is there again, for its author alone, until it is sent."""

from pathlib import Path

from playwright.async_api import expect

from tests.e2e.conftest import OpenChat
from tests.e2e.people.conftest import ANNA, BOB, Team
from tests.support.page import samples
from tests.support.page.chat import Chat
from tests.support.servers.model import ModelServer

PARIS = "The capital of France is Paris."
READ = "I keep what you sent, and I say that I have read it."
TEXT = "  Two lines: what is on it?\n\nAnd “this”.  "
KEPT = """async () => {
    const opened = indexedDB.open("keepchat-drafts", 1);
    await new Promise((done) => { opened.onsuccess = done; });
    const found = opened.result.transaction("files").objectStore("files").getAll();
    await new Promise((done) => { found.onsuccess = done; });
    opened.result.close();
    const drafts = Object.entries(localStorage).filter(([key]) => key.startsWith("keepchat-draft"));
    return [...drafts.map(([, draft]) => draft), ...found.result.map(({ file }) => file.name)];
}"""
# At once: the page makes its box anew, and Playwright would type where it was.
TYPE = """(text) => {
    const box = document.getElementById("chat-input");
    const { set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value");
    set.call(box, text);
    box.dispatchEvent(new Event("input", { bubbles: true }));
}"""


async def nothing_is_kept(chat: Chat) -> None:
    await is_forgotten(chat, "")


async def is_forgotten(chat: Chat, *words: str) -> None:
    """Wait until the browser has kept no draft, and no file by its name, with one of the words."""
    has_any = "(text) => words.some((word) => text.includes(word))"
    await chat.page.wait_for_function(
        f"async (words) => !(await ({KEPT})()).some({has_any})", arg=list(words)
    )


async def test_a_draft_comes_back_with_its_files_and_its_command_until_it_is_sent(
    team: Team, open_chat: OpenChat, model: ModelServer, tmp_path: Path
) -> None:
    (tmp_path / "ibis.txt").write_text("The ibis breeds on cliffs.")
    (tmp_path / "colours.png").write_bytes(samples.png())
    chat = await open_chat(team.app, sign_in=ANNA)
    await chat.box.fill(TEXT)
    await chat.attach(tmp_path / "ibis.txt", tmp_path / "colours.png")
    await chat.use_command("Explain")
    await expect(chat.page.locator("#chat-submit")).to_be_enabled()
    await chat.page.reload()
    await has_all(chat)

    await team.app.restart()
    await chat.page.reload()
    await has_all(chat)
    await chat.remove_file("colours.png")
    await chat.page.reload()
    await expect(chat.waiting_file("ibis.txt")).to_be_visible()
    await expect(chat.waiting_file("colours.png")).to_have_count(0)

    await chat.page.locator("#chat-submit:enabled").click()
    await chat.answered(READ)
    messages = model.sent(TEXT)[-1]  # it is asked on each kind of database
    assert "The ibis breeds on cliffs." in str(messages[-1]["content"])
    await expect(chat.box).to_have_value("")
    await nothing_is_kept(chat)
    await chat.page.reload()
    await expect(chat.questions).to_be_visible()
    await expect(chat.box).to_have_value("")
    await expect(chat.page.locator("#attachments")).to_have_count(0)


async def has_all(chat: Chat) -> None:
    await expect(chat.box).to_have_value(TEXT)
    await expect(chat.waiting_file("ibis.txt")).to_be_visible()
    await expect(chat.waiting_file("colours.png")).to_be_visible()
    await expect(chat.page.locator("#message-composer").get_by_text("Explain")).to_be_visible()
    await expect(chat.page.locator("#chat-submit")).to_be_enabled()


async def test_each_conversation_and_each_tab_has_its_own(
    team: Team, open_chat: OpenChat, tmp_path: Path
) -> None:
    (tmp_path / "heron.txt").write_text("A heron.")
    chat = await open_chat(team.app, sign_in=ANNA)
    await chat.ask("What is the capital of France, with a draft below?")
    await chat.page.evaluate(TYPE, "typed while the first answer comes")
    await chat.answered(PARIS)
    thread_id = await chat.thread_id()
    await expect(chat.box).to_have_value("typed while the first answer comes")
    await chat.attach(tmp_path / "heron.txt")
    await chat.new_chat()
    await expect(chat.box).to_have_value("")
    await expect(chat.page.locator("#attachments")).to_have_count(0)
    await chat.box.fill("for a new one")

    second = await open_chat(team.app, beside=chat)
    await expect(second.box).to_have_value("")
    await second.box.fill("for another new one")
    for page, text in ((chat, "for a new one"), (second, "for another new one")):
        await page.page.reload()
        await expect(page.box).to_have_value(text)
    await second.page.close()

    await chat.open_thread("with a draft below")
    await expect(chat.box).to_have_value("typed while the first answer comes")
    await expect(chat.waiting_file("heron.txt")).to_be_visible()
    third = await open_chat(team.app, beside=chat)  # which has what a closed tab has left
    await expect(third.box).to_have_value("for another new one")
    await third.box.fill("")

    await chat.delete("with a draft below")
    await expect(chat.box).to_have_value("for a new one")
    await is_forgotten(chat, "while the first", "heron")
    assert thread_id not in str(await chat.page.evaluate("Object.keys(localStorage)"))
    await chat.page.locator("#starter-plan-my-week").click()  # which is not the draft
    await chat.turn_ended()
    await expect(chat.questions).to_be_visible()
    await expect(chat.box).to_have_value("for a new one")


async def test_nobody_else_sees_it_and_it_goes_when_its_author_does(
    team: Team, open_chat: OpenChat, tmp_path: Path
) -> None:
    (tmp_path / "egret.txt").write_text("An egret.")
    chat = await open_chat(team.app, sign_in=ANNA)
    await chat.box.fill("for my eyes")
    await chat.attach(tmp_path / "egret.txt")
    await expect(chat.page.locator("#chat-submit")).to_be_enabled()
    await chat.log_out()
    await nothing_is_kept(chat)
    await chat.sign_in(*ANNA)
    await expect(chat.box).to_have_value("")

    await chat.box.fill("left behind")
    await chat.attach(tmp_path / "egret.txt")
    await expect(chat.page.locator("#chat-submit")).to_be_enabled()
    await team.app.manage("user", "sign-out", ANNA[0])
    await expect(chat.page.locator("#email")).to_be_visible()
    await chat.fill_login(*BOB)
    await expect(chat.page.locator("#upload-button")).to_be_enabled()
    await expect(chat.box).to_have_value("")
    await nothing_is_kept(chat)


async def test_what_the_browser_cannot_bring_back_is_said(
    team: Team, open_chat: OpenChat, tmp_path: Path
) -> None:
    (tmp_path / "stork.txt").write_text("A stork.")
    (tmp_path / "crane.txt").write_text("A crane.")
    chat = await open_chat(team.app, sign_in=ANNA, locale="zh-CN")
    await chat.box.fill("with two birds")
    await chat.attach(tmp_path / "stork.txt")
    lost = "keepchat-drafts', 1).onsuccess = (it) => done(it.target.result)"
    await chat.page.evaluate(
        f"new Promise((done) => {{ indexedDB.open('{lost}; }})"
        ".then((it) => { it.transaction('files', 'readwrite').objectStore('files').clear(); })"
    )
    await chat.attach(tmp_path / "crane.txt")
    await expect(chat.page.locator("#chat-submit")).to_be_enabled()
    await chat.page.reload()
    await expect(chat.page.get_by_role("alert")).to_have_text(
        "以下文件已不可用：stork.txt。请重新添加。"
    )
    await expect(chat.waiting_file("crane.txt")).to_be_visible()
    await expect(chat.waiting_file("stork.txt")).to_have_count(0)
