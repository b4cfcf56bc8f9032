"""AUTH_MODE=header: whom the proxy names comes in, and nobody else."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_network

import pytest
from chainlit.user import User
from httpx2 import Headers
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from access.login.addresses import PEER
from access.login.door import Door, visit_of
from access.login.modes.header.errors import NotByProxy
from access.login.modes.header.fields import only
from access.login.modes.header.mode import HeaderLogin
from access.login.modes.header.options import AssertionOptions, HeaderOptions, assertion_options
from access.login.sessions import Sessions
from datalayer.stores.accounts import AccountStore
from datalayer.stores.memory import MemoryStore
from tests.support.logins import account, sessions_of

SECRET = "s" * 48
PROXY = ("10.0.0.2", 5000)
OPTIONS = HeaderOptions(
    proxies=(ip_network("10.0.0.0/24"),),
    user="Remote-User",
    display_name="Remote-Name",
    groups="Remote-Groups",
    admin_group="admins",
    secret=SECRET,
    logout_url="https://id.example.org/logout",
)
PROOF = ("X-Keepchat-Proxy-Secret", SECRET)
ALICE = (PROOF, ("Remote-User", "alice"))
Pairs = Sequence[tuple[str, str | bytes]]


async def who(request: Request) -> JSONResponse:
    visit = visit_of(request)
    login = visit.login
    assert SECRET not in str(request.headers)
    return JSONResponse(
        {
            "name": login.identifier if login else None,
            "shown": login.display_name if login else None,
            "metadata": login.metadata if login else None,
            "authorization": request.headers.get("authorization"),
        }
    )


async def socket(websocket: WebSocket) -> None:
    login = websocket.scope["keepchat.visit"].login
    await websocket.accept()
    await websocket.send_text(login.identifier)
    await websocket.close()


@pytest.fixture
def accounts() -> AccountStore:
    return MemoryStore().accounts


@pytest.fixture
async def sessions(accounts: AccountStore) -> Sessions:
    found = sessions_of("header", accounts)
    await found.start()
    await found.close()
    return found


@pytest.fixture
def mode(sessions: Sessions, accounts: AccountStore) -> HeaderLogin:
    return HeaderLogin(sessions, accounts, OPTIONS)


@pytest.fixture
def client(mode: HeaderLogin) -> TestClient:
    return client_of(mode)


def client_of(mode: HeaderLogin, peer: tuple[str, int] = PROXY) -> TestClient:
    app = Starlette(
        routes=[Route("/{path:path}", who, methods=["GET", "POST"]), WebSocketRoute("/ws", socket)]
    )
    return TestClient(Door(app, mode), base_url="http://chat.example.org", client=peer)


def encoded(headers: Pairs) -> Headers:
    return Headers([(name.encode(), _bytes(value)) for name, value in headers])


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def name_in(client: TestClient, headers: Pairs) -> str | None:
    """Return whom a request with these headers is taken for, None where it is refused."""
    answer = client.get("/", headers=encoded(headers))
    if answer.status_code == 401:
        assert "set-cookie" not in answer.headers
        return None
    assert answer.status_code == 200, answer.text
    return str(answer.json()["name"])


def test_whom_the_proxy_names_is_in_at_once_and_stays(client: TestClient) -> None:
    first = client.get("/", headers=[*ALICE])
    assert first.json()["name"] == "alice"
    assert "access_token=" in first.headers["set-cookie"]
    assert "set-cookie" not in client.get("/", headers=[*ALICE]).headers


def test_the_cookie_alone_is_nothing(client: TestClient) -> None:
    client.get("/", headers=[*ALICE])
    assert name_in(client, [PROOF]) is None
    assert name_in(client, [ALICE[1]]) is None


@pytest.mark.parametrize("path", ["/", "/login", "/auth/header", "/user", "/public/x"])
def test_who_does_not_come_by_the_proxy_is_turned_away(
    mode: HeaderLogin, client: TestClient, path: str
) -> None:
    client.get("/", headers=[*ALICE])
    direct = client_of(mode, ("192.168.1.9", 5000))
    cookie = {"cookie": f"access_token={client.cookies['access_token']}"}
    for headers in ([], [*ALICE], [*ALICE, *cookie.items()]):
        answer = direct.get(path, headers=headers)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
    page = direct.get(path, headers={"accept": "text/html", "accept-language": "zh"})
    assert page.headers["content-type"].startswith("text/html")
    assert "登录" in page.text
    assert SECRET not in page.text


def test_whoever_is_connected_counts_and_not_whom_a_header_names(mode: HeaderLogin) -> None:
    """A server that believes X-Forwarded-For replaces the address of whoever is connected."""
    app = Door(Starlette(routes=[Route("/", who)]), mode)

    async def believing(scope: dict[str, object], receive: object, send: object) -> None:
        await app({**scope, PEER: "192.168.1.9"}, receive, send)  # type: ignore[arg-type]

    assert name_in(TestClient(believing, client=PROXY), ALICE) is None  # type: ignore[arg-type]


def test_anybody_may_ask_whether_it_runs(mode: HeaderLogin) -> None:
    assert client_of(mode, ("192.168.1.9", 5000)).get("/health").json()["name"] is None


@pytest.mark.parametrize(
    "headers",
    [
        [ALICE[1]],
        [("X-Keepchat-Proxy-Secret", "wrong"), ALICE[1]],
        [("X-Keepchat-Proxy-Secret", ""), ALICE[1]],
        [("X-Keepchat-Proxy-Secret", "é".encode()), ALICE[1]],
        [PROOF, PROOF, ALICE[1]],
        [PROOF, ("X_Keepchat_Proxy_Secret", SECRET), ALICE[1]],
        [("X_Keepchat_Proxy_Secret", SECRET), ALICE[1]],
        [PROOF],
        [PROOF, ("Remote-User", "")],
        [PROOF, ("Remote-User", "   ")],
        [*ALICE, ("Remote-User", "mallory")],
        [*ALICE, ("Remote-User", "alice")],
        [*ALICE, ("Remote_User", "mallory")],
        [*ALICE, ("REMOTE_USER", "mallory")],
        [("Remote_User", "mallory"), *ALICE],
        [PROOF, ("Remote_User", "alice")],
        [PROOF, ("Remote-User", "alice, mallory")],
        [PROOF, ("Remote-User", "x" * 256)],
        [PROOF, ("Remote-User", "ali\u200bce".encode())],
        [PROOF, ("Remote-User", "ali\tce")],
        [*ALICE, ("Remote-Groups", "a"), ("Remote-Groups", "admins")],
        [*ALICE, ("Remote_Groups", "admins")],
        [*ALICE, ("Remote_Name", "Eve")],
    ],
    ids=str,
)
def test_what_is_missing_wrong_or_there_twice_is_refused(
    client: TestClient, headers: Pairs
) -> None:
    assert name_in(client, headers) is None
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect("/ws", headers=encoded(headers)),
    ):
        pass
    assert closed.value.code == 1008


def test_what_is_no_text_names_nobody() -> None:
    with pytest.raises(NotByProxy):
        only({"headers": [(b"remote-user", b"ali\xffce")]}, "Remote-User")


async def test_another_identity_ends_the_login_before_it(
    client: TestClient, sessions: Sessions
) -> None:
    client.get("/", headers=[*ALICE])
    alices = client.cookies["access_token"]
    mallory = [PROOF, ("Remote-User", "mallory")]
    answer = client.get("/", headers=mallory)
    assert answer.json()["name"] == "mallory"
    assert client.cookies["access_token"] != alices
    assert not sessions.honours(alices)
    assert await sessions.of("alice") == []


def test_a_socket_is_whose_the_proxy_says(client: TestClient) -> None:
    client.get("/", headers=[*ALICE])
    headers = {
        "cookie": f"access_token={client.cookies['access_token']}",
        "x-keepchat-proxy-secret": SECRET,
        "remote-user": "mallory",
    }
    with client.websocket_connect("/ws", headers=headers) as opened:
        assert opened.receive_text() == "mallory"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Alice", "alice"),
        ("ALICE@x.org", "alice@x.org"),
        ("Jose\u0301", "jos\xe9"),
        ("\uff41b", "AB"),
    ],
)
def test_a_name_is_found_however_it_is_written(client: TestClient, first: str, second: str) -> None:
    once = name_in(client, [PROOF, ("Remote-User", first.encode())])
    client.cookies.clear()
    assert name_in(client, [PROOF, ("Remote-User", second.encode())]) == once


def test_who_looks_alike_is_another(client: TestClient) -> None:
    assert name_in(client, [PROOF, ("Remote-User", "p\u0430ul".encode())]) == "p\u0430ul"
    client.cookies.clear()
    assert name_in(client, [PROOF, ("Remote-User", "paul")]) == "paul"


def test_what_else_the_proxy_says_of_somebody(client: TestClient) -> None:
    said = [*ALICE, ("Remote-Name", "=?utf-8?q?Al=C3=ADce?="), ("Remote-Groups", "a, admins")]
    first = client.get("/", headers=said).json()
    assert (first["shown"], first["metadata"]) == ("Al\xedce", {"operator": True})
    later = client.get("/", headers=[*ALICE, ("Remote-Name", "Alice"), ("Remote-Groups", "a")])
    assert (later.json()["shown"], later.json()["metadata"]) == ("Alice", {})
    assert "access_token=" in later.headers["set-cookie"]


def test_who_is_in_none_of_the_groups_does_not_come_in(
    sessions: Sessions, accounts: AccountStore
) -> None:
    options = replace(OPTIONS, allowed_groups=frozenset({"staff"}))
    client = client_of(HeaderLogin(sessions, accounts, options))
    assert client.get("/", headers=[*ALICE]).status_code == 403
    assert client.get("/", headers=[*ALICE, ("Remote-Groups", "x")]).status_code == 403
    assert client.get("/", headers=[*ALICE, ("Remote-Groups", "x,staff")]).status_code == 200


@pytest.mark.parametrize("status", ["disabled", "removed"])
async def test_whose_account_is_closed_is_refused(
    client: TestClient, accounts: AccountStore, sessions: Sessions, status: str
) -> None:
    assert name_in(client, ALICE) == "alice"
    stored = await accounts.get_account("alice")
    assert stored
    closed = replace(stored, status=status)  # type: ignore[arg-type]
    assert await accounts.save_account(closed, replaces=stored)
    await sessions.note_ended([one.id for one in await sessions.of("alice")])
    await sessions.end("alice", why="disabled")
    sessions._tidied_at = None
    await sessions._poll()
    answer = client.get("/", headers=[*ALICE])
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_an_account_of_the_name_is_theirs_but_not_another_providers(
    client: TestClient, accounts: AccountStore
) -> None:
    await accounts.save_account(account("Alice", None), replaces=None)
    assert name_in(client, ALICE) == "Alice"
    theirs = replace(account("oidc:bob", None), subject=("https://id.example.org", "1"))
    await accounts.save_account(theirs, replaces=None)
    client.cookies.clear()
    answer = client.get("/", headers=[PROOF, ("Remote-User", "oidc:bob")])
    assert answer.status_code == 403


def test_the_authorization_header_is_the_proxys(client: TestClient) -> None:
    answer = client.get("/", headers=[*ALICE, ("Authorization", "Bearer of.the.proxy")])
    assert answer.json()["authorization"] is None or "proxy" not in answer.json()["authorization"]
    assert answer.json()["name"] == "alice"


async def test_the_login_of_another_mode_is_none_here(client: TestClient) -> None:
    others = await sessions_of("password").begin(User(identifier="eve"))
    client.cookies.set("access_token", others.token)
    assert name_in(client, ALICE) == "alice"


async def test_logout_leads_to_the_proxys(mode: HeaderLogin, sessions: Sessions) -> None:
    login = await sessions.begin(User(identifier="alice"))
    assert mode.farewell(login) == OPTIONS.logout_url


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (replace(OPTIONS, proxies=()), "AUTH_HEADER_PROXIES"),
        (replace(OPTIONS, secret=""), "AUTH_HEADER_SECRET, or AUTH_HEADER_ASSERTION"),
        (replace(OPTIONS, user=""), "AUTH_HEADER_USER"),
        (replace(OPTIONS, groups=""), "AUTH_HEADER_GROUPS"),
        (replace(OPTIONS, assertion=AssertionOptions(kind="jwt")), "AUTH_HEADER_KEYS_URL"),
        (replace(OPTIONS, assertion=assertion_options("cloudflare")), "AUTH_HEADER_AUDIENCE"),
        (replace(OPTIONS, assertion=assertion_options("aws-alb")), "AUTH_HEADER_SIGNER"),
        (
            replace(
                OPTIONS,
                assertion=assertion_options(
                    "cloudflare", issuer="http://team.example.org", audience="a"
                ),
            ),
            "https",
        ),
    ],
)
def test_without_proof_the_program_does_not_start(
    sessions: Sessions, accounts: AccountStore, options: HeaderOptions, said: str
) -> None:
    state = HeaderLogin(sessions, accounts, options).state("0.0.0.0")  # noqa: S104
    assert state.status == "failed"
    assert said in state.message


def test_with_proof_it_starts_and_warns_where_everybody_may_be_the_proxy(
    mode: HeaderLogin, sessions: Sessions, accounts: AccountStore
) -> None:
    assert mode.state("0.0.0.0").status == "ok"  # noqa: S104
    everybody = replace(OPTIONS, proxies=(ip_network("::/0"),))
    assert HeaderLogin(sessions, accounts, everybody).state("::").status == "warning"
