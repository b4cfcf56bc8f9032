"""Files that were sent with a message are shown, also after a restart, byte for byte."""

import hashlib
from pathlib import Path

from playwright.async_api import expect

from tests.e2e.conftest import OpenChat
from tests.support.page import samples
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.waiting import until

PICTURE, DOCUMENT, TEXT = "colours & 颜色.png", "page.pdf", "notes ü.txt"
READ = "I keep what you sent, and I say that I have read it."


async def test_files_are_shown_and_open_after_a_restart(
    app: Application, chat: Chat, open_chat: OpenChat, tmp_path: Path
) -> None:
    contents = {
        PICTURE: samples.png(),
        DOCUMENT: samples.pdf(),
        TEXT: "Grüße, 世界 🌍\n".encode() * 1000,
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    await chat.attach(*(tmp_path / name for name in contents))
    await chat.ask("Look at all three: what is on it?")
    await chat.answered(READ)
    await _all_is_shown(chat)
    thread_id = await chat.thread_id()
    await until(lambda: len(app.database.elements(thread_id)) == 3, "the stored files")

    await app.restart()
    again = await open_chat(app, f"/thread/{thread_id}")
    await expect(again.answers).to_have_text(READ)
    await _all_is_shown(again)
    source = await again.picture(PICTURE).get_attribute("src") or ""
    assert await again.bytes_at(source) == contents[PICTURE]
    assert await again.download(TEXT) == contents[TEXT]
    for element_id, name, sha256 in app.database.elements(thread_id):
        assert sha256 == hashlib.sha256(contents[name]).hexdigest()
        assert await again.bytes_at(f"/files/{thread_id}/{element_id}/any") == contents[name]
        assert element_id in {path.name for path in app.files(thread_id)}


async def _all_is_shown(chat: Chat) -> None:
    await chat.picture_is_shown(PICTURE)
    await expect(chat.pdf_page()).to_be_visible()
    await expect(chat.file_link(TEXT)).to_be_visible()
