"""Who gets in where there is no login: this computer's own page, and nobody else."""

import stat
from uuid import uuid4

import aiohttp
import httpx2
import pytest
import socketio
from socketio.exceptions import ConnectionError as Refused

from tests.support.page.application import Application

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


async def test_the_page_signs_in_and_nothing_else_does(app: Application) -> None:
    async with httpx2.AsyncClient(base_url=app.url) as client:
        assert "set-cookie" not in (await client.get("/health")).headers
        assert (await client.get("/user")).status_code == 401
        page = await client.get("/", headers=HEADERS)
        assert "HttpOnly" in page.headers["set-cookie"]
        assert (await client.get("/user")).json()["identifier"] == "local"


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
    secret = app.data / "auth_secret"
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
    async with httpx2.AsyncClient(base_url=app.url) as http:
        await http.get("/", headers=HEADERS)
        cookie = f"access_token={http.cookies['access_token']}"
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
