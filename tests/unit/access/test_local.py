"""AUTH_MODE=local: this computer alone, and no login page."""

import pytest
from chainlit.user import User
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from access.login.door import Door, visit_of
from access.login.local import USER, LocalLogin
from access.login.loopback import host_of, is_loopback
from tests.support.logins import sessions_of


async def page(request: Request) -> PlainTextResponse:
    login = visit_of(request).login
    return PlainTextResponse(login.identifier if login else "nobody")


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


@pytest.fixture
def mode() -> LocalLogin:
    return LocalLogin(sessions_of("local", personal=True))


@pytest.fixture
def client(mode: LocalLogin) -> TestClient:
    app = Starlette(
        routes=[Route("/", page, methods=["GET", "POST"]), WebSocketRoute("/ws", socket)]
    )
    return TestClient(Door(app, mode), base_url="http://localhost:8000", client=("127.0.0.1", 5000))


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.9.9.9", "::1", "[::1]"]
)
def test_these_are_this_computer(host: str, mode: LocalLogin) -> None:
    assert is_loopback(host)
    assert mode.state(host).status == "ok"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "localhost.evil.example", "", "::"])  # noqa: S104
def test_these_are_not(host: str, mode: LocalLogin) -> None:
    assert not is_loopback(host)
    state = mode.state(host)
    assert state.status == "failed"
    assert state.message.startswith("AUTH_MODE: ")
    assert "--host 127.0.0.1" in state.remedy


@pytest.mark.parametrize(
    ("header", "host"),
    [("localhost:8000", "localhost"), ("[::1]:8000", "::1"), ("a.example", "a.example"), ("", "")],
)
def test_a_host_header_without_its_port(header: str, host: str) -> None:
    assert host_of(header) == host


def test_a_page_signs_the_browser_in_once(client: TestClient) -> None:
    first = client.get("/", headers={"accept": "text/html"})
    assert first.status_code == 200
    assert "access_token=" in first.headers["set-cookie"]
    assert "HttpOnly" in first.headers["set-cookie"]
    second = client.get("/", headers={"accept": "text/html"})
    assert "set-cookie" not in second.headers


def test_a_forged_login_is_replaced(client: TestClient) -> None:
    client.cookies.set("access_token", "nonsense")
    answer = client.get("/", headers={"accept": "text/html"})
    assert "access_token=" in answer.headers["set-cookie"]


async def test_the_login_of_an_account_is_replaced(client: TestClient) -> None:
    others = await sessions_of("password").begin(User(identifier="anna"))
    client.cookies.set("access_token", others.token)
    answer = client.get("/", headers={"accept": "text/html"})
    assert "access_token=" in answer.headers["set-cookie"]
    assert answer.text == USER


def test_what_is_no_page_signs_nobody_in(client: TestClient) -> None:
    assert "set-cookie" not in client.get("/", headers={"accept": "application/json"}).headers


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:8000"},
    ],
)
def test_another_host_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/", headers=headers)
    assert answer.status_code == 403
    assert "localhost" in answer.text
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect("/ws", headers=headers),
    ):
        pass
    assert closed.value.code == 1008


def test_the_page_itself_is_let_in(client: TestClient) -> None:
    headers = {"origin": "http://localhost:8000"}
    assert client.post("/", headers=headers).status_code == 200
    with client.websocket_connect("/ws", headers={**headers, "host": "localhost:8000"}):
        pass


def test_another_computer_is_refused_whatever_it_says(client: TestClient) -> None:
    far = TestClient(client.app, base_url="http://localhost:8000", client=("192.168.1.9", 5000))
    assert far.get("/").status_code == 403
