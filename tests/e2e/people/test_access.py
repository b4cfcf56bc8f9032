"""Who gets in where there is no login: this computer's own page, and nobody else."""

import stat
from uuid import uuid4

import aiohttp
import httpx2
import pytest
import socketio
from playwright.async_api import expect
from socketio.exceptions import ConnectionError as Refused

from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.page.application import Application
from tests.support.page.socket import let_in

HEADERS = {"Accept": "text/html"}
UNDASHED = "df7cc3f683f149c5b952fe3136d6f65c"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "localhost.evil.example"])
async def test_another_host_name_is_refused(app: Application, host: str) -> None:
    async with httpx2.AsyncClient(base_url=app.url) as client:
        for path in ("/", "/health", "/project/threads", f"/files/{uuid4()}/{uuid4()}/x"):
            reply = await client.get(path, headers={**HEADERS, "Host": host})
            assert reply.status_code == 403, path
            assert "set-cookie" not in reply.headers


async def test_another_origin_is_refused(app: Application) -> None:
    async with httpx2.AsyncClient(base_url=app.url) as client:
        reply = await client.post("/auth/header", headers={"Origin": "http://evil.example"})
        assert reply.status_code == 403


@pytest.mark.parametrize("headers", [{}, HEADERS, {"X-Forwarded-For": "127.0.0.1"}], ids=str)
async def test_to_come_from_this_computer_proves_nothing(
    app: Application, headers: dict[str, str]
) -> None:
    """Each account of the computer does, and so does whatever a proxy passes on."""
    async with httpx2.AsyncClient(base_url=app.url) as client:
        assert (await client.get("/health")).status_code == 200
        for path in ("/", "/login", "/user", "/auth/config", "/public/nothing"):
            reply = await client.get(path, headers=headers)
            assert reply.status_code == 401, path
            assert "set-cookie" not in reply.headers
            assert "python manage.py link" in reply.text
        assert (await client.post("/auth/header", headers=headers)).status_code == 401


async def test_the_link_lets_a_browser_in_and_a_script(app: Application) -> None:
    async with httpx2.AsyncClient(base_url=app.url) as browser:
        [link] = (await app.manage("link", app.url)).split()
        reply = await browser.get(link, headers=HEADERS)
        assert (reply.status_code, reply.headers["location"]) == (303, "/")
        assert (await browser.get("/user")).json()["identifier"] == "local"
    async with httpx2.AsyncClient(base_url=app.url) as script:
        headers = {"X-Keepchat-Token": app.local_token}
        assert (await script.post("/auth/header", headers=headers)).json() == {"success": True}
        assert (await script.get("/user")).json()["identifier"] == "local"


async def test_the_program_says_the_link_as_it_starts(app: Application) -> None:
    said = f"Your app is available at {app.url}/?token={app.local_token}\n"
    assert said in app.log()
    assert app.log().count(app.local_token) == app.log().count(said)  # once a start


async def test_the_secret_of_a_link_is_not_logged(
    start_application: StartApplication, open_chat: OpenChat
) -> None:
    app = await start_application("--debug")
    await open_chat(app, "/?a=1")
    said = [line for line in app.log().splitlines() if app.local_token in line]
    assert len(said) == 1
    assert "Your app is available" in said[0]
    assert "GET /?a=1 HTTP/1.1" in app.log()


async def test_a_person_types_nothing_from_then_on(app: Application, open_chat: OpenChat) -> None:
    """The bare address works in that browser, also when another program has taken the cookie."""
    chat = await open_chat(app)
    assert chat.page.url == f"{app.url}/"
    await chat.page.context.add_cookies(
        [{"name": "access_token", "value": "x.y.z", "url": app.url, "httpOnly": True}]
    )
    again = await open_chat(app, beside=chat)
    assert again.page.url == f"{app.url}/"
    await chat.page.context.clear_cookies(name="access_token")
    await chat.ask("What is the capital of France, without the cookie?")
    await chat.answered("The capital of France is Paris.")


async def test_who_logs_out_is_out(app: Application, open_chat: OpenChat) -> None:
    """There is no button for it in this mode; a script may."""
    chat = await open_chat(app)
    reply = await chat.page.request.post(f"{app.url}/logout", headers={"Origin": app.url})
    assert reply.ok
    await expect(chat.page.get_by_text("python manage.py link")).to_be_visible()


async def test_the_own_page_gets_a_socket(app: Application) -> None:
    assert await _gets_socket(app, _auth(), {"Origin": app.url})
    assert await _gets_socket(app, _auth(threadId=str(uuid4())), {"Origin": app.url})


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:1", "null"])
async def test_another_origin_gets_no_socket(app: Application, origin: str) -> None:
    assert not await _gets_socket(app, _auth(), {"Origin": origin})


async def test_another_host_name_gets_no_socket(app: Application) -> None:
    assert not await _gets_socket(app, _auth(), {"Host": "evil.example"})


async def test_without_a_login_there_is_no_socket(app: Application) -> None:
    app.expect_in_log("Authentication failed in websocket connect")
    assert not await _gets_socket(app, _auth(), {"Cookie": ""})


@pytest.mark.parametrize(
    "changed",
    [
        {"sessionId": "../../etc/passwd"},
        {"sessionId": "a'b"},
        {"sessionId": ""},
        {"sessionId": UNDASHED},
        {"sessionId": {"a": 1}},
        {"threadId": "../../etc/passwd"},
        {"threadId": "1 OR 1=1"},
    ],
    ids=str,
)
async def test_ids_that_are_no_uuids_get_no_socket(
    app: Application, changed: dict[str, object]
) -> None:
    assert not await _gets_socket(app, _auth(**changed), {})


async def test_generated_secret_is_the_owners_alone(app: Application) -> None:
    secret, local = app.data / "auth_secret", app.data / "local_token"
    assert stat.S_IMODE(local.stat().st_mode) == 0o600
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(app.data.stat().st_mode) == 0o700
    kept = secret.read_text()
    assert len(kept) > 40
    assert kept not in app.log()


def _auth(**changed: object) -> dict[str, object]:
    """What the page connects with."""
    return {
        "sessionId": str(uuid4()),
        "clientType": "webapp",
        "userEnv": "{}",
        "chatProfile": "",
        "threadId": "",
        **changed,
    }


async def _gets_socket(app: Application, auth: dict[str, object], headers: dict[str, str]) -> bool:
    """Tell whether a client, signed in as the page is, is let in with this."""
    cookie = await let_in(app)
    async with aiohttp.ClientSession() as session:
        client = socketio.AsyncClient(http_session=session, reconnection=False)
        try:
            await client.connect(
                app.url,
                headers={"Cookie": cookie, **headers},
                auth=auth,
                socketio_path="ws/socket.io",
                transports=["websocket"],
                wait_timeout=20,
            )
        except Refused:
            return False
        await client.disconnect()
        return True
