"""Under a path that it shares an address with others by: directly, and behind real proxies."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Page, Request, WebSocket, Worker, expect

from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.page import samples
from tests.support.page.application import Application, running_application
from tests.support.page.chat import Chat
from tests.support.servers.model import ModelServer
from tests.support.servers.tls import PROXIES, TlsProxy

ROOT = "/team/chat"
ANNA = ("anna", "correct horse")
BOB = ("bob", "battery staple")
QUESTION = "What is the capital of France, below a path?"
PARIS = "The capital of France is Paris."
SCHEMES = ("http", "https", "ws", "wss")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def below(
    project: Path, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Application]:
    """The program under the path, with two accounts."""
    settings = {
        **model.settings,
        "CHAINLIT_ROOT_PATH": ROOT,
        "AUTH_MODE": "password",
        "THREAD_SHARING": "on",
        "METRICS_ALLOW_IPS": "127.0.0.1",
    }
    application = Application(project, tmp_path_factory.mktemp("below") / "keepchat", settings)
    async with running_application(application, ANNA, BOB):
        yield application


@pytest.fixture(scope="module")
def proxies(
    below: Application, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, TlsProxy]]:
    """The files of deploy/ as docs/operations.md changes them."""
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(run(below.port, tmp_path_factory.mktemp(name), ROOT))
            for name, run in PROXIES.items()
        }
        for proxy in running.values():
            proxy.url += ROOT
        yield running


def asked_elsewhere(page: Page) -> list[str]:
    """Return the addresses that a page asks for and that are not below ours, as they come."""
    found: list[str] = []

    def look(asked: Request | WebSocket | Worker) -> None:
        address = urlsplit(asked.url)
        if address.scheme in SCHEMES and not address.path.startswith(ROOT):
            found.append(asked.url)

    page.on("request", look)
    page.on("websocket", look)
    page.on("worker", look)
    return found


async def is_whole(chat: Chat, tmp_path: Path, question: str) -> None:
    """Go through a conversation with files, and all that has an address of its own."""
    elsewhere = asked_elsewhere(chat.page)
    document, picture = tmp_path / "page.pdf", tmp_path / "colours.png"
    document.write_bytes(samples.pdf())
    picture.write_bytes(samples.png())
    await chat.ask(question)
    await chat.answered(PARIS)
    thread_id = await chat.thread_id()
    assert urlsplit(chat.page.url).path == f"{ROOT}/thread/{thread_id}"
    await chat.attach(document, picture)
    await chat.ask("What is on these, below a path?")
    await expect(chat.answers).to_have_count(2)
    await chat.turn_ended()
    await chat.page.reload()
    await chat.picture_is_shown("colours.png")
    await expect(chat.pdf_page()).to_be_visible()
    link = await chat.page.locator(f'img[src*="/files/{thread_id}/"]').first.get_attribute("src")
    assert link
    assert urlsplit(link).path.startswith(f"{ROOT}/files/")
    name, text = await chat.export()
    assert name.endswith(".md")
    assert question in text
    await chat.lose_the_line()
    await chat.new_chat()
    await chat.open_thread(question)
    await chat.new_chat()
    await (await chat.search(question)).first.click()
    await expect(chat.asked.first).to_have_text(question)
    assert await chat.thread_id() == thread_id
    await chat.new_chat()
    await chat.ask(f"{question} Once more.")
    await chat.answered(PARIS)
    assert await chat.thread_id() != thread_id
    assert elsewhere == []


async def paths_of_login(chat: Chat) -> set[str | None]:
    """Return the paths that a browser's login is sent to."""
    cookies = await chat.page.context.cookies()
    return {it.get("path") for it in cookies if it.get("name") == "access_token"}


@pytest.mark.timeout(300)
async def test_local_mode_directly(
    start_application: StartApplication, open_chat: OpenChat, model: ModelServer, tmp_path: Path
) -> None:
    app = await start_application(settings={**model.settings, "CHAINLIT_ROOT_PATH": ROOT})
    [link] = re.findall(r"Your app is available at (\S+)", app.log())
    assert link.startswith(f"{app.url}?token=")
    chat = await open_chat(app)
    await is_whole(chat, tmp_path, QUESTION)
    assert await paths_of_login(chat) == {ROOT}
    async with httpx2.AsyncClient(base_url=app.url, follow_redirects=True) as client:
        assert (await client.get("/health/ready")).is_success
        assert (await client.get(link)).is_success


@pytest.mark.parametrize("way", ["directly", *PROXIES])
@pytest.mark.timeout(300)
async def test_accounts(
    below: Application,
    proxies: Mapping[str, TlsProxy],
    open_chat: OpenChat,
    tmp_path: Path,
    way: str,
) -> None:
    below.begin_test()
    place = proxies.get(way, below)
    anna = await open_chat(place, sign_in=ANNA)
    question = f"What is the capital of France, {way} below a path?"
    await is_whole(anna, tmp_path, question)
    assert await paths_of_login(anna) == {ROOT}
    shared = await anna.share()
    bob = await open_chat(place, shared, comes_in=False)
    await bob.fill_login(*BOB)
    await expect(bob.asked.first).to_have_text(f"{question} Once more.")
    await anna.page.keyboard.press("Escape")
    await anna.new_chat()
    assert urlsplit(anna.page.url).path.rstrip("/") == ROOT
    await anna.log_out()
    assert urlsplit(anna.page.url).path == f"{ROOT}/login"
    assert await paths_of_login(anna) == set()


async def test_who_watches_over_it_and_who_comes_without_the_path(below: Application) -> None:
    async with httpx2.AsyncClient(base_url=f"http://localhost:{below.port}") as client:
        for path in ("/health", "/health/live", "/health/ready", "/metrics"):
            assert (await client.get(ROOT + path)).status_code == 200, path
            assert (await client.get(path)).status_code in (401, 404), path
        reply = await client.get(f"{ROOT}/thread/x", headers={"Accept": "text/html"})
        assert reply.status_code in (200, 303, 307)


async def test_a_login_of_a_version_before_is_taken_away(below: Application) -> None:
    """It was at the path /, where it is seen by others and hides what is below."""
    twice = {"Cookie": "access_token=a; access_token=b"}
    async with httpx2.AsyncClient(base_url=below.url) as client:
        reply = await client.get("/project/threads", headers=twice)
    assert reply.status_code == 400
    taken = [it for it in reply.headers.get_list("set-cookie") if "Max-Age=0" in it]
    assert sorted(re.findall(r"Path=([^;]+)", "".join(taken))) == ["/", ROOT]
