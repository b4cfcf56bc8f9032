"""Behind a real nginx: who gets in by it, and who does not by saying that it was there."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from socketio.exceptions import ConnectionError as Refused

from tests.e2e.conftest import StartApplication
from tests.support.page.application import Application, running_application
from tests.support.page.browsing import Profile
from tests.support.page.chat import Chat
from tests.support.page.socket import socket_page
from tests.support.servers.model import ModelServer
from tests.support.servers.nginx import Nginx, documented, running_nginx
from tests.support.waiting import PATIENCE_S, until

SECRET = "k4Zp-9vQxT7_wLmB2nR8sYcJ5hG3dF6aUeXoVi1qKtM0"
MAP = 'map $http_upgrade $connection_upgrade { default upgrade; "" ""; }'
PEOPLE = {"alice": "correct horse", "bob": "battery staple"}
PARIS = "The capital of France is Paris."
HTML = {"Accept": "text/html"}
SETTINGS = {
    "AUTH_MODE": "header",
    "AUTH_HEADER_PROXIES": "127.0.0.1",
    "AUTH_HEADER_USER": "X-Remote-User",
    "AUTH_HEADER_SECRET": SECRET,
    "AUTH_HEADER_LOGOUT_URL": "/signed-out",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def behind(
    project: Path, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Application]:
    """The program that believes nginx."""
    home = tmp_path_factory.mktemp("behind") / "keepchat"
    application = Application(project, home, {**model.settings, **SETTINGS})
    async with running_application(application):
        yield application


@pytest.fixture(scope="module")
def nginx(behind: Application, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """The proxy as docs/login.md has it."""
    users = tmp_path_factory.mktemp("nginx") / "htpasswd"
    users.write_text("".join(f"{name}:{{PLAIN}}{word}\n" for name, word in PEOPLE.items()))
    lines = documented(
        "nginx",
        {
            "http://127.0.0.1:8000": f"http://127.0.0.1:{behind.port}",
            "/etc/nginx/keepchat.htpasswd": str(users),
            "SECRET": SECRET,
        },
    )
    out = 'location = /signed-out { auth_basic off; return 200 "Signed out."; }'
    with running_nginx(lines + out, MAP) as running:
        yield running


def basic(name: str) -> dict[str, str]:
    """What a browser sends that knows the password."""
    word = b64encode(f"{name}:{PEOPLE[name]}".encode()).decode()
    return {"Authorization": f"Basic {word}"}


def asking(nginx: Nginx, name: str, **headers: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=nginx.url, auth=(name, PEOPLE[name]), headers=headers)


# The local mode


async def test_a_plain_proxy_lets_nobody_into_local_mode(app: Application) -> None:
    with running_nginx(f"location / {{ proxy_pass http://127.0.0.1:{app.port}; }}") as plain:
        async with httpx2.AsyncClient(base_url=plain.url) as visitor:
            for path in ("/", "/user", "/project/translations", "/auth/config", "/public/x"):
                reply = await visitor.get(path, headers=HTML)
                assert reply.status_code == 401, path
                assert "set-cookie" not in reply.headers
            assert (await visitor.post("/auth/header")).status_code == 401
            reply = await visitor.get(app.way_in("/user"))
            assert (reply.status_code, reply.headers["location"]) == (303, "/user")
            assert (await visitor.get("/user")).json()["identifier"] == "local"


async def test_by_the_link_local_mode_works_behind_a_proxy(
    app: Application, browser: Browser
) -> None:
    lines = documented(
        "nginx",
        {
            "http://127.0.0.1:8000": f"http://127.0.0.1:{app.port}",
            "auth_basic": "#",
            "proxy_set_header X-Forwarded-For": "#",
        },
    )
    with running_nginx(lines, MAP) as proxy:
        profile = await Profile.new(browser, "en-US")
        chat = Chat(await profile.context.new_page(), proxy.url)
        await chat.page.goto(proxy.url)
        await expect(chat.page.get_by_text("python manage.py link")).to_be_visible()
        await chat.open(app.way_in())
        await chat.ask("What is the capital of France, by the proxy?")
        await chat.answered(PARIS)
        await profile.close()
        assert profile.complaints() == []


# The mode that believes nginx


async def test_whom_nginx_names_chats_attaches_and_signs_out(
    nginx: Nginx, behind: Application, browser: Browser, tmp_path: Path
) -> None:
    profile = await Profile.new(browser, "en-US", ("alice", PEOPLE["alice"]))
    chat = Chat(await profile.context.new_page(), nginx.url)
    await chat.open()
    assert chat.page.url == f"{nginx.url}/"
    (tmp_path / "notes.txt").write_text("About Paris.")
    await chat.attach(tmp_path / "notes.txt")
    await chat.ask("What is the capital of France, by the notes?")
    await chat.answered(PARIS)
    assert await chat.download("notes.txt") == b"About Paris."
    [(owner,)] = behind.database.rows(
        'SELECT u.identifier FROM threads t JOIN users u ON u.id = t."userId"'
    )
    assert owner == "alice"
    await chat.page.locator("#user-nav-button").click()
    await chat.page.get_by_role("menuitem", name="Sign out").click()
    await expect(chat.page.get_by_text("Signed out.")).to_be_visible()
    await profile.close()
    assert profile.complaints() == []
    await until(lambda: '" 101 ' in nginx.asked(), "the end of a socket, which nginx logs then")


async def test_another_person_in_the_same_browser_is_another_person(
    nginx: Nginx, browser: Browser
) -> None:
    profile = await Profile.new(browser, "en-US")
    await profile.context.set_extra_http_headers(basic("alice"))
    alices = Chat(await profile.context.new_page(), nginx.url)
    await alices.open()
    async with alices.page.expect_event("load"):  # it is told that its login has ended
        await profile.context.set_extra_http_headers(basic("bob"))
        bobs = Chat(await profile.context.new_page(), nginx.url)
        await bobs.open()
    who = await bobs.page.evaluate("fetch('/user').then((it) => it.json())")
    assert who["identifier"] == "bob"
    await profile.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Remote-User": "mallory"},
        {"X_Remote_User": "mallory"},
        {"x-remote-user": "mallory", "X-Forwarded-User": "mallory", "Remote-User": "mallory"},
    ],
    ids=str,
)
async def test_what_a_visitor_sends_under_that_name_does_not_count(
    nginx: Nginx, headers: dict[str, str]
) -> None:
    async with asking(nginx, "alice", **headers) as client:
        assert (await client.get("/user")).json()["identifier"] == "alice"


async def test_nobody_gets_in_without_nginx(nginx: Nginx, behind: Application) -> None:
    async with asking(nginx, "alice") as client:
        await client.get("/user")
        cookie = f"access_token={client.cookies['access_token']}"
    named = {"X-Remote-User": "alice"}
    tries: tuple[dict[str, str], ...] = (
        {},
        {"Cookie": cookie},
        {**named, "Cookie": cookie},
        {**named, "X-Keepchat-Proxy-Secret": "wrong"},
        {**named, "X_Keepchat_Proxy_Secret": SECRET},
        {"X-Keepchat-Proxy-Secret": SECRET, "Cookie": cookie},
    )
    async with httpx2.AsyncClient(base_url=behind.url) as direct:
        assert (await direct.get("/health")).status_code == 200
        for headers in tries:
            for method, path in (("GET", "/"), ("GET", "/user"), ("POST", "/auth/header")):
                reply = await direct.request(method, path, headers={**HTML, **headers})
                assert reply.status_code == 401, (path, headers)
                assert "set-cookie" not in reply.headers
            sent = [pair for pair in headers.items() if pair[0] != "Cookie"]
            with pytest.raises(Refused):
                async with socket_page(behind, cookie, headers=sent):
                    pass
    behind.expect_in_log("Authentication failed in websocket connect")
    assert SECRET not in behind.log()


async def test_who_says_to_come_from_the_proxy_does_not(
    start_application: StartApplication, model: ModelServer
) -> None:
    """The server itself takes X-Forwarded-For from this computer for the address."""
    app = await start_application(
        settings={**model.settings, **SETTINGS, "AUTH_HEADER_PROXIES": "10.9.9.9"}
    )
    headers = {"X-Remote-User": "alice", "X-Keepchat-Proxy-Secret": SECRET}
    async with httpx2.AsyncClient(base_url=app.url, headers=headers) as client:
        for forwarded in ({}, {"X-Forwarded-For": "10.9.9.9"}):
            assert (await client.get("/user", headers=forwarded)).status_code == 401
    assert "127.0.0.1 is none of AUTH_HEADER_PROXIES" in app.log()


async def test_whose_account_is_disabled_is_out(nginx: Nginx, behind: Application) -> None:
    async with asking(nginx, "bob") as client:
        assert (await client.get("/user")).json()["identifier"] == "bob"
        await behind.manage("user", "disable", "bob")
        async with asyncio.timeout(PATIENCE_S):
            while (reply := await client.get("/user")).is_success:
                pass
        assert reply.status_code == 403
        assert "set-cookie" not in reply.headers
        await behind.manage("user", "enable", "bob")
        async with asyncio.timeout(PATIENCE_S):
            while not (reply := await client.get("/user")).is_success:
                pass
        assert reply.json()["identifier"] == "bob"
