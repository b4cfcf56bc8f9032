"""AUTH_MODE=local: this computer alone, and whoever has the secret of its data folder."""

import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from chainlit.user import User
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from access.login.door import Door, visit_of
from access.login.local_secret import FILE, LocalSecret, same_address, without_token
from access.login.modes.local import USER, LocalLogin
from common.files.kept_secret import kept_secret
from common.loopback import host_of, is_loopback
from tests.support.logins import sessions_of


async def page(request: Request) -> PlainTextResponse:
    login = visit_of(request).login
    return PlainTextResponse(login.identifier if login else "nobody")


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


@pytest.fixture
def secret(tmp_path: Path) -> str:
    return kept_secret(tmp_path / FILE)


@pytest.fixture
def mode(tmp_path: Path) -> LocalLogin:
    return LocalLogin(sessions_of("local", personal=True), LocalSecret(tmp_path / FILE))


@pytest.fixture
def client(mode: LocalLogin) -> TestClient:
    """A browser that nobody has let in."""
    return browser_at(mode)


@pytest.fixture
def inside(client: TestClient, secret: str) -> TestClient:
    """A browser that has opened the link."""
    assert client.get(f"/?token={secret}").status_code == 303
    return client


def browser_at(mode: LocalLogin, where: str = "http://localhost:8000") -> TestClient:
    app = Starlette(
        routes=[
            Route("/{path:path}", page, methods=["GET", "POST"]),
            WebSocketRoute("/ws", socket),
        ]
    )
    return TestClient(
        Door(app, mode), base_url=where, client=("127.0.0.1", 5000), follow_redirects=False
    )


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
    [
        ("localhost:8000", "localhost"),
        ("[::1]:8000", "::1"),
        ("a.example", "a.example"),
        ("", ""),
        ("[", ""),
    ],
)
def test_a_host_header_without_its_port(header: str, host: str) -> None:
    assert host_of(header) == host


PAGE = {"accept": "text/html"}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/", "/login", "/user", "/auth/header", "/project/threads"])
def test_a_stranger_gets_nothing(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 401
    assert "python manage.py link" in answer.json()["detail"]
    assert "set-cookie" not in answer.headers
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/ws"):
        pass
    assert closed.value.code == 1008


def test_a_stranger_is_told_in_the_own_language(client: TestClient) -> None:
    english = client.get("/", headers={**PAGE, "accept-language": "is,en;q=0.5"})
    german = client.get("/", headers={**PAGE, "accept-language": "de,en;q=0.5"})
    chinese = client.get("/", headers={**PAGE, "accept-language": "zh-CN,zh;q=0.9"})
    for answer in (english, german, chinese):
        assert answer.status_code == 401
        assert answer.headers["content-type"].startswith("text/html")
        assert "<code>python manage.py link</code>" in answer.text
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
    assert 'lang="en-US"' in english.text
    assert 'lang="de-DE"' in german.text
    assert "Dieser Browser" in german.text
    assert 'lang="zh-CN"' in chinese.text
    assert "请" in chinese.text


def test_a_stranger_at_another_address_is_told_the_address(mode: LocalLogin) -> None:
    answer = browser_at(mode, "http://localhost:9000").get("/", headers=PAGE)
    assert "<code>python manage.py link http://localhost:9000</code>" in answer.text
    ones = browser_at(mode, "http://[::1]:9000").get("/")
    assert "link http://[::1]:9000" in ones.json()["detail"]


def test_anybody_may_ask_whether_it_runs(client: TestClient) -> None:
    assert client.get("/health").text == "nobody"
    assert client.post("/health").status_code == 401


def test_the_link_lets_in_and_shows_its_secret_no_longer(client: TestClient, secret: str) -> None:
    answer = client.get(f"/thread/x?a=1&token={secret}&b=%26", headers=PAGE)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/thread/x?a=1&b=%26"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    cookies = answer.headers.get_list("set-cookie")
    assert [one.partition("=")[0] for one in cookies] == ["access_token", "keepchat_local_8000"]
    for cookie in cookies:
        assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
        assert secret not in cookie
    assert client.get("/", headers=PAGE).text == USER


@pytest.mark.parametrize("made", ["{0}x", "x{0}", "", "%00", "{0}&token={0}", "%C3%A9", "\u00e9"])
def test_a_wrong_secret_lets_nobody_in(client: TestClient, secret: str, made: str) -> None:
    answer = client.get(f"/?token={made.format(secret)}", headers=PAGE)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_a_wrong_secret_is_refused_beside_a_login_too(inside: TestClient) -> None:
    assert inside.get("/?token=wrong", headers=PAGE).status_code == 401
    assert inside.get("/", headers=PAGE).text == USER


def test_a_secret_is_no_way_in_but_by_a_link_or_the_header(client: TestClient, secret: str) -> None:
    assert client.post(f"/?token={secret}").status_code == 401
    assert client.get("/", headers={"X-Keepchat-Token": secret}).status_code == 401
    client.cookies.set("keepchat_local_8000", secret)
    assert client.get("/").status_code == 401
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(f"/ws?token={secret}"):
        pass


def test_a_script_comes_in_by_the_header(client: TestClient, secret: str) -> None:
    answer = client.post("/auth/header", headers={"X-Keepchat-Token": secret})
    assert answer.text == USER
    assert client.get("/user").text == USER


@pytest.mark.parametrize("made", [["wrong"], ["{0}", "{0}"], ["{0}", "wrong"], [""]])
def test_a_wrong_header_lets_nobody_in(client: TestClient, secret: str, made: list[str]) -> None:
    headers = [("X-Keepchat-Token", one.format(secret)) for one in made]
    assert client.post("/auth/header", headers=headers).status_code == 401


@pytest.mark.parametrize("instead", [None, "of another program", "a.b.c"])
@pytest.mark.parametrize("path", ["/", "/user"])
def test_our_cookie_brings_the_login_back(
    inside: TestClient, instead: str | None, path: str
) -> None:
    """Another program on localhost may have set, or deleted, the login of the same name."""
    inside.cookies.delete("access_token")
    headers = {"cookie": f"access_token={instead}; {_own(inside)}"} if instead else {}
    answer = inside.get(path, headers=headers)
    assert answer.text == USER
    assert "access_token=" in answer.headers["set-cookie"]
    assert "keepchat_local_8000=" in answer.headers["set-cookie"]


def test_a_socket_comes_in_by_our_cookie(inside: TestClient) -> None:
    address = "ws://localhost:8000/ws"
    with inside.websocket_connect(address, headers={"cookie": _own(inside)}):
        pass
    with (
        pytest.raises(WebSocketDisconnect),
        inside.websocket_connect(address, headers={"cookie": "keepchat_local_8000=x"}),
    ):
        pass


async def test_what_is_asked_at_once_shares_one_session(
    inside: TestClient, mode: LocalLogin
) -> None:
    own = {"cookie": _own(inside)}
    given = {inside.get("/user", headers=own).cookies["access_token"] for _ in range(3)}
    assert len(given) == 1
    assert len(await mode.sessions.of(USER)) == 1


async def test_who_was_signed_out_comes_back_by_the_link_alone(
    inside: TestClient, mode: LocalLogin, secret: str
) -> None:
    """Also a page that loads anew before it hears of the answer, and so with the cookies still."""
    before, own = inside.cookies["access_token"], _own(inside)
    await mode.sessions.end(USER, why="test")
    answer = inside.get("/user", headers={"cookie": f"access_token={before}; {own}"})
    assert answer.status_code == 401
    assert "keepchat_local_8000" not in inside.cookies
    assert inside.get(f"/?token={secret}").status_code == 303
    assert inside.get("/user").text == USER
    assert inside.cookies["access_token"] != before


async def test_who_was_signed_out_gets_no_socket(inside: TestClient, mode: LocalLogin) -> None:
    cookies = f"access_token={inside.cookies['access_token']}; {_own(inside)}"
    await mode.sessions.end(USER, why="test")
    with (
        pytest.raises(WebSocketDisconnect),
        inside.websocket_connect("ws://localhost:8000/ws", headers={"cookie": cookies}),
    ):
        pass


async def test_a_script_comes_in_by_the_header_though_its_session_was_ended(
    inside: TestClient, mode: LocalLogin, secret: str
) -> None:
    await mode.sessions.end(USER, why="test")
    answer = inside.post("/auth/header", headers={"X-Keepchat-Token": secret})
    assert answer.text == USER


def test_a_wrong_cookie_beside_ours_keeps_nobody_out(inside: TestClient) -> None:
    own = _own(inside)
    assert inside.get("/", headers={"cookie": f"keepchat_local_8000=x; {own}"}).text == USER
    assert inside.get("/", headers={"cookie": f"{own}; keepchat_local_8000=x"}).text == USER


def test_each_port_has_a_cookie_of_its_own(inside: TestClient, mode: LocalLogin) -> None:
    elsewhere = browser_at(mode, "http://localhost:8001")
    assert elsewhere.get("/", headers={"cookie": _own(inside)}).status_code == 401


async def test_the_login_of_an_account_is_none_here(client: TestClient) -> None:
    others = await sessions_of("password").begin(User(identifier="anna"))
    client.cookies.set("access_token", others.token)
    assert client.get("/", headers=PAGE).status_code == 401


def test_logout_takes_our_cookie_too(inside: TestClient) -> None:
    answer = inside.post("/logout")
    assert answer.text == USER  # the route ends its session
    assert "keepchat_local_8000" not in inside.cookies


def test_below_a_root_path(tmp_path: Path, secret: str) -> None:
    sessions = sessions_of("local", personal=True)
    client = browser_at(LocalLogin(sessions, LocalSecret(tmp_path / FILE), "/chat"))
    assert client.get("/health").status_code == 401
    assert client.get("/chat/health").text == "nobody"
    answer = client.get(f"/chat/?token={secret}")
    assert answer.headers["location"] == "/chat/"
    assert "Path=/chat" in answer.headers.get_list("set-cookie")[1].split("; ")
    script = browser_at(LocalLogin(sessions, LocalSecret(tmp_path / FILE), "/chat"))
    assert script.post("/chat/auth/header", headers={"X-Keepchat-Token": secret}).text == USER


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (b"//evil.example/x", b""),
        (b"/\\evil.example", b""),
        (b"\\\\evil.example", b"a=b"),
        (b"///evil.example", b""),
        (b"/\t/evil.example", b""),
        (b"http://evil.example/", b""),
        (b"/x\r\nSet-Cookie: a=b", b"a=\r\nb"),
        ("/\u4f60".encode(), "a=\u597d".encode()),
    ],
)
def test_the_same_address_leads_nowhere_else(path: bytes, query: bytes) -> None:
    address = same_address(path, query)
    assert urlsplit(address).netloc == ""
    assert address.startswith("/")
    assert not address.startswith(("//", "/\\"))
    assert address.isascii()
    assert address.isprintable()


def test_what_is_no_token_stays_in_the_query() -> None:
    assert without_token(b"a=1&to%6ben=x+y&&tokens=z&token") == (["x y", ""], b"a=1&tokens=z")
    assert without_token(b"") == ([], b"")


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / FILE
    link = LocalSecret(path).link("http://localhost:8000")
    assert link == f"http://localhost:8000/?token={path.read_text()}"
    assert LocalSecret(path).link("http://localhost:8000") == link
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text()) >= 43  # 256 bits
    assert list(tmp_path.iterdir()) == [path]


def test_a_secret_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / FILE
    kept_secret(path)
    path.chmod(0o644)
    kept_secret(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("found", ["", "   ", "short", "\u00e9" * 64])
def test_what_is_no_secret_is_taken_for_none(tmp_path: Path, found: str) -> None:
    (tmp_path / FILE).write_text(found)
    state = LocalLogin(sessions_of("local"), LocalSecret(tmp_path / FILE)).state("localhost")
    assert state.status == "failed"
    assert str(tmp_path / FILE) in state.message


def test_a_data_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    state = LocalLogin(sessions_of("local"), LocalSecret(tmp_path / "no" / FILE)).state("localhost")
    assert (state.status, state.remedy) == ("failed", "Check DATA_DIR.")


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


def test_the_page_itself_is_let_in(inside: TestClient) -> None:
    headers = {"origin": "http://localhost:8000"}
    assert inside.post("/", headers=headers).status_code == 200
    with inside.websocket_connect("ws://localhost:8000/ws", headers=headers):
        pass


def test_another_computer_is_refused_whatever_it_says(client: TestClient, secret: str) -> None:
    far = TestClient(client.app, base_url="http://localhost:8000", client=("192.168.1.9", 5000))
    assert far.get(f"/?token={secret}").status_code == 403


def _own(client: TestClient) -> str:
    return f"keepchat_local_8000={client.cookies['keepchat_local_8000']}"
