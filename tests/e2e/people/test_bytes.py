"""Whatever people attach, opening it by its address runs nothing in our origin."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Error, Request

from tests.support.page import samples
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.waiting import until

RAN = "/health?ran"
SCRIPT = f"fetch('{RAN}'); document.title = 'ran'"
HTML = f"<!doctype html><html><body><script>{SCRIPT}</script></body></html>"
XHTML = f'<html xmlns="http://www.w3.org/1999/xhtml"><script>{SCRIPT}</script></html>'
SVG = f'<svg xmlns="http://www.w3.org/2000/svg"><script>{SCRIPT}</script></svg>'
XSLT = (
    '<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#x"?>'
    '<x:stylesheet id="x" version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform">'
    f'<x:template match="/"><html><script>{SCRIPT}</script></html></x:template></x:stylesheet>'
)
MHTML = (
    "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n"
    f"--b\r\nContent-Type: text/html\r\n\r\n{HTML}\r\n--b--\r\n"
)
# The name, what is in it, and the type that a client of an attacker's own says it has.
DANGEROUS = (
    ("site.html", HTML, "text/html"),
    ("bare", HTML, "text/html; charset=utf-7"),
    ("page.xhtml", XHTML, "application/xhtml+xml"),
    ("plain.xml", XHTML, "text/xml"),
    ("sheet.xml", XSLT, "application/xslt+xml"),
    ("feed.rss", XHTML, "application/rss+xml"),
    ("picture.svg", SVG, "image/svg+xml"),
    ("sound.mp3", XHTML, "audio/x+xml"),
    ("film.mp4", XHTML, "video/x+xml"),
    ("mail.mht", MHTML, "multipart/related"),
    ("mail.eml", MHTML, "message/rfc822"),
    ("odd.bin", HTML, "x/unheard-of"),
    ("picture.png", HTML, "image/png"),
    ("paper.pdf", HTML, "application/pdf"),
    ("notes.txt", HTML, "text/plain"),
    ("data.json", HTML, "application/json"),
)
AT_ONCE = 8  # files of one message


@pytest_asyncio.fixture(loop_scope="session")
async def session_id(chat: Chat, tmp_path: Path) -> str:
    """The session of the page, which says its number only as it uploads."""
    (tmp_path / "first.txt").write_text("first")
    async with chat.page.expect_request("**/project/file?**") as sent:
        await chat.attach(tmp_path / "first.txt")
    query = parse_qs(urlsplit((await sent.value).url).query)
    return query["session_id"][0]


@pytest.mark.parametrize(
    "files", [DANGEROUS[:AT_ONCE], DANGEROUS[AT_ONCE:]], ids=("first", "others")
)
async def test_nothing_that_was_attached_runs(
    app: Application, chat: Chat, session_id: str, files: tuple[tuple[str, str, str], ...]
) -> None:
    context = chat.page.context
    references = [await _upload(app, context, session_id, *file) for file in files]
    addresses = [f"/project/file/{one}?session_id={session_id}" for one in references]
    assert [await _runs(app, context, path) for path in addresses] == [False] * len(files)


async def test_nothing_that_is_stored_runs(app: Application, chat: Chat, tmp_path: Path) -> None:
    for name, content, _ in DANGEROUS[:AT_ONCE]:
        (tmp_path / name).write_text(content)
    await chat.attach(*(tmp_path / name for name, *_ in DANGEROUS[:AT_ONCE]))
    await chat.ask("Look at all of them: what is on it?")
    await chat.turn_ended()
    thread_id = await chat.thread_id()
    await until(lambda: len(app.database.elements(thread_id)) == AT_ONCE, "the stored files")
    for element_id, name, _ in app.database.elements(thread_id):
        path = f"/files/{thread_id}/{element_id}/{name}"
        assert not await _runs(app, chat.page.context, path), name


async def test_a_page_of_another_kind_would_run(app: Application, chat: Chat) -> None:
    """Keeps the tests above honest."""
    context = chat.page.context
    await context.route(
        "**/control", lambda route: route.fulfill(body=HTML, content_type="text/html")
    )
    assert await _runs(app, context, "/control")


async def test_what_is_attached_is_shown_as_before(
    app: Application, chat: Chat, session_id: str
) -> None:
    """Pictures, papers and texts stand in the page while they are files of the session."""
    picture = await _upload(app, chat.page.context, session_id, "a.png", samples.png(), "image/png")
    address = f"/project/file/{picture}?session_id={session_id}"
    reply = await chat.page.context.request.get(app.url + address)
    assert reply.headers["content-disposition"].startswith("inline")
    assert reply.headers["content-type"] == "image/png"
    width = await chat.page.evaluate(
        "async (src) => { const it = new Image(); it.src = src; await it.decode();"
        " return it.naturalWidth; }",
        address,
    )
    assert width > 0


async def _upload(
    app: Application,
    context: BrowserContext,
    session_id: str,
    name: str,
    content: str | bytes,
    mime: str,
) -> str:
    """Send a file as a client does that says of it what it likes; return its id."""
    buffer = content.encode() if isinstance(content, str) else content
    reply = await context.request.post(
        f"{app.url}/project/file?session_id={session_id}",
        multipart={"file": {"name": name, "mimeType": mime, "buffer": buffer}},
        headers={"Origin": app.url},
    )
    assert reply.ok, await reply.text()
    return str(json.loads(await reply.body())["id"])


async def _runs(app: Application, context: BrowserContext, path: str) -> bool:
    """Open an address in a tab, and tell whether a script ran there."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page = await context.new_page()
    page.on("request", note)
    try:
        await page.goto(app.url + path)
        title = await page.title()
    except Error as exc:  # it is saved, and no page opens
        if "Download is starting" not in str(exc):
            raise
        title = ""
    await page.close()
    return title == "ran" or any(RAN in url for url in asked)
