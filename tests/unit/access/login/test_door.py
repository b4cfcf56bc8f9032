"""The door: what is judged goes on, and nothing else does."""

from collections.abc import Mapping

import pytest
import pytest_asyncio
from chainlit.user import User
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from access.login.base import Admission, LoginMode, LoginState, Visit
from access.login.cookies import below, sign_in
from access.login.door import Door, visit_of
from access.login.sessions import Sessions
from datalayer.errors import StoreUnavailable
from datalayer.stores.memory import MemoryStore
from tests.support.logins import SECRET, sessions_of, started

GERMAN = {"accept": "text/html,*/*;q=0.8", "accept-language": "de"}
HTML = "text/html; charset=utf-8"
ANNA = User(identifier="anna")


class AnyLogin(LoginMode):
    """Lets all in, or does what a test says."""

    admission: Admission | None = None

    def state(self, host: str) -> LoginState:
        return LoginState("ok", host)

    async def admit(self, visit: Visit) -> Admission:
        if visit.connection.headers.get("x-away"):
            message = "away"
            raise StoreUnavailable(message)
        return self.admission or await super().admit(visit)

    def register(self) -> None:
        pass


async def who(request: Request) -> JSONResponse:
    visit = visit_of(request)
    seen = {name: request.headers.get(name) for name in ("cookie", "authorization", "accept")}
    return JSONResponse({**seen, "who": visit.login and visit.login.identifier})


async def enter(request: Request) -> Response:
    answer = Response()
    sign_in(answer, "new", visit_of(request).credentials.names)
    return answer


async def socket(websocket: WebSocket) -> None:
    login = visit_of(websocket).login
    await websocket.accept()
    await websocket.send_json(
        {"who": login and login.identifier, "cookie": websocket.headers.get("cookie")}
    )
    await websocket.close()


@pytest_asyncio.fixture
async def mode() -> AnyLogin:
    return AnyLogin(await started(sessions_of("password", MemoryStore().accounts)))


@pytest.fixture
def sessions(mode: AnyLogin) -> Sessions:
    return mode.sessions


@pytest.fixture
def client(mode: AnyLogin) -> TestClient:
    return client_of(mode)


def client_of(mode: LoginMode, url: str = "http://testserver") -> TestClient:
    app = Starlette(routes=[Route("/", who), Route("/enter", enter), WebSocketRoute("/ws", socket)])
    return TestClient(Door(app, mode), base_url=url)


def heard(client: TestClient, headers: Mapping[str, str]) -> dict[str, str | None]:
    with client.websocket_connect("/ws", headers=headers) as websocket:
        told: dict[str, str | None] = websocket.receive_json()
        return told


async def test_a_login_goes_on_in_one_cookie(client: TestClient, sessions: Sessions) -> None:
    token = (await sessions.begin(ANNA)).token
    judged = {"cookie": f"a=b; access_token={token}", "who": "anna"}
    by_cookie = {"cookie": f"access_token={token}; a=b"}
    by_header = {"cookie": "a=b", "authorization": f"Bearer {token}"}
    for headers in (by_cookie, by_header):
        seen = client.get("/", headers=headers).json()
        assert seen == {**judged, "authorization": None, "accept": "*/*"}
        assert heard(client, headers) == judged


async def test_an_ended_login_goes_no_further(client: TestClient, sessions: Sessions) -> None:
    login = await sessions.begin(ANNA)
    await sessions.leave(login)
    for headers in (
        {"cookie": f"access_token={login.token}"},
        {"authorization": f"Bearer {login.token}"},
    ):
        seen = client.get("/", headers=headers).json()
        assert (seen["cookie"], seen["authorization"], seen["who"]) == (None, None, None)
        assert heard(client, headers) == {"who": None, "cookie": None}


async def test_a_dead_login_beside_a_live_one_is_refused(
    client: TestClient, sessions: Sessions
) -> None:
    dead, live = await sessions.begin(ANNA), await sessions.begin(User(identifier="bob"))
    await sessions.leave(dead)
    for one, two in ((dead, live), (live, dead), (live, live)):
        cookies = f"access_token={one.token}; access_token={two.token}"
        answer = client.get("/", headers={"cookie": cookies})
        assert answer.status_code == 400
        assert list(answer.json()) == ["detail"]
        assert "access_token=" in answer.headers["set-cookie"]  # taken out of the browser
        assert "Max-Age=0" in answer.headers["set-cookie"]
        page = client.get("/", headers={"cookie": cookies, **GERMAN})
        assert (page.status_code, page.headers["content-type"]) == (400, HTML)
        assert "Laden Sie die Seite neu" in page.text
        with pytest.raises(WebSocketDisconnect):
            heard(client, {"cookie": cookies})
        if one is not two:
            mixed = {
                "cookie": f"access_token={one.token}",
                "authorization": f"Bearer {two.token}",
            }
            assert client.get("/", headers=mixed).status_code == 400


async def test_before_it_is_known_which_have_ended_nobody_is_let_in_or_sent_away(
    sessions: Sessions,
) -> None:
    token = (await sessions.begin(ANNA)).token
    fresh = client_of(AnyLogin(sessions_of("password")))
    answer = fresh.get("/", headers={"cookie": f"access_token={token}"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "database" in answer.json()["detail"]
    assert fresh.get("/").json()["who"] is None


def test_a_database_that_is_away_is_said(client: TestClient) -> None:
    answer = client.get("/", headers={"x-away": "1"})
    assert answer.status_code == 503
    assert "database" in answer.json()["detail"]
    assert "refresh" not in answer.headers


def test_a_page_that_cannot_be_had_now_is_loaded_again_by_itself(client: TestClient) -> None:
    answer = client.get("/", headers={"x-away": "1", **GERMAN})
    assert (answer.status_code, answer.headers["content-type"]) == (503, HTML)
    assert (answer.headers["retry-after"], answer.headers["refresh"]) == ("5", "5")
    assert '<html lang="de-DE">' in answer.text
    assert "Datenbank" in answer.text


async def test_a_mode_may_refuse_and_sign_in(
    client: TestClient, mode: AnyLogin, sessions: Sessions
) -> None:
    mode.admission = Admission(answer=Response("no", 403), cookies=["a=b"])
    answer = client.get("/")
    assert (answer.status_code, answer.text, answer.headers["set-cookie"]) == (403, "no", "a=b")
    with pytest.raises(WebSocketDisconnect):
        heard(client, {})
    login = await sessions.begin(ANNA)
    mode.admission = Admission(login)
    answer = client.get("/")
    assert answer.json()["who"] == "anna"
    assert f"access_token={login.token}" in answer.headers["set-cookie"]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_login_of_the_secret_before_is_renewed_in_the_browser(mode: AnyLogin) -> None:
    accounts = MemoryStore().accounts
    before = await sessions_of("password", accounts).begin(ANNA)
    now = await started(sessions_of("password", accounts, secret="n" * 48, previous=(SECRET,)))
    client = client_of(AnyLogin(now))
    answer = client.get("/", headers={"cookie": f"access_token={before.token}"})
    renewed = now.judge(before.token)
    assert renewed
    assert renewed.token != before.token
    assert answer.json()["cookie"] == f"access_token={renewed.token}"
    assert f"access_token={renewed.token}" in answer.headers["set-cookie"]
    by_header = client_of(AnyLogin(now)).get(
        "/", headers={"authorization": f"Bearer {before.token}"}
    )
    assert by_header.json()["who"] == "anna"
    assert "set-cookie" not in by_header.headers


def test_cookies_are_for_https_alone_where_that_was_used(mode: AnyLogin) -> None:
    assert "Secure" not in client_of(mode).get("/enter").headers["set-cookie"]
    answer = client_of(mode, "https://testserver").get("/enter")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("access_token=new; HttpOnly")
    assert cookie.endswith("; Secure")
    assert cookie.count("Secure") == 1


def test_a_new_login_takes_the_rest_of_the_one_before_along(mode: AnyLogin) -> None:
    answer = client_of(mode).get("/enter", headers={"cookie": "access_token_0=x; access_token_1=y"})
    set_, *removed = answer.headers.get_list("set-cookie")
    assert set_.startswith("access_token=new;")
    assert [one.split("=")[0] for one in removed] == ["access_token_0", "access_token_1"]
    assert all("Max-Age=0" in one for one in removed)


@pytest.mark.parametrize(
    ("cookie", "placed"),
    [
        ("access_token=a; Path=/; HttpOnly", ["access_token=a; Path=/chat; HttpOnly"]),
        ("access_token_0=a; Path=/", ["access_token_0=a; Path=/chat"]),
        (
            'access_token=""; Max-Age=0; Path=/',
            ['access_token=""; Max-Age=0; Path=/chat', 'access_token=""; Max-Age=0; Path=/'],
        ),
        ("access_token=a; Path=/chat", ["access_token=a; Path=/chat"]),
        ("other=a; Path=/", ["other=a; Path=/"]),
    ],
)
def test_a_login_below_a_path_is_kept_there(cookie: str, placed: list[str]) -> None:
    assert below("/chat", cookie) == placed
    assert below("", cookie) == [cookie]
