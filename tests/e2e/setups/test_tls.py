"""Over TLS behind a real nginx and a real Caddy, by the files that docs/deploy.md tells to use."""

import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.conftest import OpenChat
from tests.support.builders import new_id
from tests.support.page import samples
from tests.support.page.application import Application, running_application
from tests.support.page.stored import POSTGRESQL, SQLITE, on_server
from tests.support.servers.model import KEY
from tests.support.servers.replies import RepliesServer, running_replies
from tests.support.servers.teller import Teller
from tests.support.servers.tls import PROXIES, TlsProxy

ANNA = ("anna", "correct horse")
TOO_LARGE = 70_000_000  # bytes; what nginx takes by itself is 1 MB
LARGE = 20_000_000

# As the page does, but for its own look at the size.
_SEND = """async ([address, size]) => {
    const form = new FormData();
    form.append("file", new Blob([new Uint8Array(size)], { type: "text/plain" }), "large.txt");
    const reply = await fetch(address, { method: "POST", body: form });
    return [reply.status, (await reply.json()).detail];
}"""

pytestmark = pytest.mark.server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def replies() -> AsyncIterator[RepliesServer]:
    """The model's server."""
    async with running_replies() as running:
        yield running


@pytest_asyncio.fixture(
    scope="module", loop_scope="session", params=[("", SQLITE), ("/chat", POSTGRESQL)]
)
async def program(
    request: pytest.FixtureRequest,
    project: Path,
    replies: RepliesServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Application]:
    """The program as docs/deploy.md sets it up; at a path, too, and on a server."""
    prefix, database = request.param
    settings = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{replies.url}/v1",
        "OPENAI_MODEL": "scripted",
        "AUTH_MODE": "password",
        "HSTS_MAX_AGE_S": "31536000",
        "CHAINLIT_ROOT_PATH": prefix,
    }
    with on_server(database, request) as server:
        settings |= server.settings() if server else {}
        application = Application(project, tmp_path_factory.mktemp("tls") / "keepchat", settings)
        async with running_application(application, ANNA):
            yield application


@pytest.fixture(scope="module", params=PROXIES)
def proxy(
    request: pytest.FixtureRequest,
    program: Application,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[TlsProxy]:
    """The proxy before it."""
    prefix = program.url.removeprefix(f"http://localhost:{program.port}")
    folder = tmp_path_factory.mktemp("proxy")
    with PROXIES[str(request.param)](program.port, folder, prefix) as running:
        running.url += prefix
        yield running


def client_of(proxy: TlsProxy) -> httpx2.AsyncClient:
    """Whoever trusts the proxy's authority alone."""
    trusted = ssl.create_default_context(cafile=str(proxy.authority))
    return httpx2.AsyncClient(base_url=proxy.url, verify=trusted, timeout=60)


@pytest.mark.timeout(300)
async def test_people_chat_and_send_files_over_tls(
    proxy: TlsProxy, open_chat: OpenChat, replies: RepliesServer, tmp_path: Path
) -> None:
    picture, large = tmp_path / "colours.png", tmp_path / "large.bin"
    picture.write_bytes(samples.png())
    large.write_bytes(bytes(LARGE))
    chat = await open_chat(proxy, sign_in=ANNA)
    cookies = {it.get("name"): it for it in await chat.page.context.cookies()}
    assert cookies["access_token"].get("secure") is True
    await chat.attach(picture, large)
    await chat.ask("What is in these, over TLS?")
    await expect(chat.said.last).to_contain_text("Answer to: What is in these")
    await chat.turn_ended()
    teller = Teller(replies, 30)
    await chat.ask("Tell me a story over TLS")
    for words in (1, 5, 20):  # each is shown before the next is said
        await expect(chat.said.last).to_have_text(teller.tell(words))
    await expect(chat.said.last).to_have_text(teller.tell_all())
    await chat.turn_ended()
    await chat.page.reload()
    await chat.picture_is_shown("colours.png")
    link = chat.page.get_by_role("link", name="large.bin")
    async with chat.page.expect_download() as download:
        await link.first.click()
    assert (await (await download.value).path()).stat().st_size == large.stat().st_size


async def test_who_comes_without_tls_is_led_to_it(proxy: TlsProxy) -> None:
    async with httpx2.AsyncClient() as client:
        reply = await client.get(f"{proxy.plain_url}/thread/x?a=b")
    assert reply.is_redirect
    assert reply.headers["location"].startswith("https://localhost")
    assert reply.headers["location"].endswith("/thread/x?a=b")


async def test_what_is_passed_on(proxy: TlsProxy, program: Application) -> None:
    program.begin_test()
    async with client_of(proxy) as client:
        ready = await client.get("/health/ready")
        assert ready.json()["status"] == "ready"
        assert ready.headers["strict-transport-security"] == "max-age=31536000"
        assert (await client.get("/metrics")).status_code == 404
        wrong = {"username": "anna", "password": "wrong"}
        sent = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
        assert (await client.post("/login", data=wrong, headers=sent)).status_code == 401
        foreign = {"Origin": "https://evil.example"}
        assert (await client.post("/login", data=wrong, headers=foreign)).status_code == 403
        own = {"Origin": proxy.url.rpartition("/chat")[0] or proxy.url}
        assert (await client.post("/login", data=wrong, headers=own)).status_code == 401
    assert "203.0.113.9" not in program.log_of_test()


async def test_what_is_too_large_is_refused_in_a_sentence(
    proxy: TlsProxy, open_chat: OpenChat
) -> None:
    """By the program and not the proxy, which would send a page of HTML, or nothing."""
    chat = await open_chat(proxy, sign_in=ANNA)
    address = f"{proxy.url}/project/file?session_id={new_id()}"
    for _ in range(3):
        status, said = await chat.page.evaluate(_SEND, [address, TOO_LARGE])
        assert status == 413
        assert said == "A file may have 50 MB at most."
