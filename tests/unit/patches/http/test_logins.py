"""Chainlit's logins: begun, judged, and ended in open pages."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import jwt
import pytest
import pytest_asyncio
from chainlit.server import sio
from chainlit.session import WebsocketSession, ws_sessions_id
from chainlit.user import User
from fastapi import HTTPException
from socketio.exceptions import ConnectionRefusedError as SocketRefused
from starlette.requests import HTTPConnection, Request

from access.login.base import Visit
from access.login.credentials import Credentials
from access.login.door import VISIT
from access.login.local_secret import LocalSecret
from access.login.modes.local import LocalLogin
from access.login.sessions import Sessions
from access.login.tokens import Login
from patches.http import logins
from patches.patch import Parts
from tests.support.logins import sessions_of, started

ANNA = User(identifier="anna")

SECRET = LocalSecret(Path("never made"))


@pytest_asyncio.fixture
async def sessions() -> Sessions:
    return await started(sessions_of("local"))


def visit(login: Login | None, *names: str) -> Visit:
    connection = HTTPConnection({"type": "http", "headers": []})
    return Visit(connection, Credentials(login.token if login else None, names), login, "10.0.0.1")


async def test_whom_a_route_lets_in_gets_a_session(sessions: Sessions) -> None:
    begin = logins.beginning(LocalLogin(sessions, SECRET))
    request = Request({"type": "http", "headers": [], VISIT: visit(None, "access_token_0")})
    answer = await begin(request, ANNA)
    [session] = await sessions.of("anna")
    assert session.address == "10.0.0.1"
    new, removed = answer.headers.getlist("set-cookie")
    assert sessions.honours(new.split(";")[0].partition("=")[2])
    assert removed.startswith("access_token_0=")
    with pytest.raises(HTTPException) as refused:
        await begin(request, None)
    assert refused.value.status_code == 401


async def test_chainlit_reads_no_token_that_counts_no_more(sessions: Sessions) -> None:
    decode = logins.judging(sessions)
    login = await sessions.begin(ANNA)
    assert decode(login.token).identifier == "anna"
    await sessions.leave(login)
    with pytest.raises(jwt.InvalidTokenError):
        decode(login.token)


class Pages:
    """Open pages without a socket: what they are sent, and which are closed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[tuple[str, str]] = []
        self.monkeypatch = monkeypatch
        self.open: dict[str, Any] = {}
        monkeypatch.setattr(sio, "emit", self._emit)
        monkeypatch.setattr(sio, "disconnect", self._disconnect)
        monkeypatch.setattr(sio.manager, "is_connected", lambda sid, _: sid in self.open)
        monkeypatch.setattr(WebsocketSession, "get", staticmethod(self.open.get))

    async def _emit(self, event: str, _data: Any, to: str) -> None:
        self.sent.append((event, to))

    async def _disconnect(self, sid: str) -> None:
        self.sent.append(("disconnect", sid))
        self.open.pop(sid, None)

    def add(self, sid: str, token: str, *, is_open: bool = True) -> Any:
        session = SimpleNamespace(socket_id=sid, token=token, id=sid, restored=False)
        self.monkeypatch.setitem(ws_sessions_id, sid, cast(Any, session))
        if is_open:
            self.open[sid] = session
        return session


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Pages:
    return Pages(monkeypatch)


async def test_a_page_that_only_listens_is_ended_with_its_session(
    sessions: Sessions, pages: Pages
) -> None:
    mode = LocalLogin(sessions, SECRET)
    logins.end_pages(cast(Parts, SimpleNamespace(login=mode)))
    ended, stays = await sessions.begin(ANNA), await sessions.begin(ANNA)
    pages.add("gone", ended.token)
    pages.add("left", ended.token, is_open=False)
    pages.add("stays", stays.token)
    await sessions.end("anna", [ended.session_id], why="")
    assert pages.sent == [("reload", "gone"), ("disconnect", "gone")]


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_packets_of_a_socket_come_by_the_login_alone_that_opened_it(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    opener, other = await sessions.begin(ANNA), await sessions.begin(ANNA)
    monkeypatch.setitem(sio.environ, "one", {"asgi.scope": {VISIT: visit(opener)}})
    carried: list[Login | None] = []
    sent: list[Any] = []

    async def library(scope: Any, *_channels: Any) -> None:
        carried.append(scope[VISIT].login)

    async def send(message: Any) -> None:
        sent.append(message)

    carry = logins.if_its_own(library)
    for query in (b"EIO=4&sid=one&transport=polling", b"sid=%6Fne&sid=two"):
        for login in (opener, other, None):
            scope = {"type": kind, "query_string": query, VISIT: visit(login)}
            await carry(scope, cast(Any, None), send)
    assert carried == [opener, opener]
    assert [one["type"] for one in sent].count(f"{kind}.close") == (4 if kind != "http" else 0)
    assert [one["status"] for one in sent if "status" in one] == (
        [401] * 4 if kind == "http" else []
    )


Connect = Callable[..., Awaitable[Any]]


def connecting(sessions: Sessions, pages: Pages, login: Login | None) -> tuple[Connect, Any]:
    """Return a connect handler as it is patched, and what it is given."""

    async def chainlits(sid: str, _environ: Any, _auth: Any) -> bool:
        pages.add(sid, "as it began")
        return True

    environ = {"asgi.scope": {VISIT: visit(login)}}
    return logins.if_admitted(chainlits, sessions), environ


async def test_a_page_that_comes_back_has_the_login_that_it_comes_with(
    sessions: Sessions, pages: Pages
) -> None:
    login = await sessions.begin(ANNA)
    connect, environ = connecting(sessions, pages, login)
    assert await connect("sid", environ, {})
    assert pages.open["sid"].token == login.token


async def test_without_a_login_that_counts_there_is_no_page(
    sessions: Sessions, pages: Pages
) -> None:
    login = await sessions.begin(ANNA)
    await sessions.leave(login)
    for given in (login, None):
        connect, environ = connecting(sessions, pages, given)
        with pytest.raises(SocketRefused):
            await connect("sid", environ, {})
    connect, _ = connecting(sessions, pages, None)
    with pytest.raises(SocketRefused):
        await connect("sid", {"asgi.scope": {}}, {})
    assert pages.open == {}


async def test_a_login_that_ends_while_its_page_connects_leaves_none(
    sessions: Sessions, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = await sessions.begin(ANNA)
    ended: list[Any] = []

    async def end_session(session: Any) -> None:
        ended.append(session.id)

    monkeypatch.setattr(logins, "end_session", end_session)

    async def chainlits(sid: str, _environ: Any, _auth: Any) -> bool:
        pages.add(sid, login.token)
        await sessions.leave(login)
        return True

    connect = logins.if_admitted(chainlits, sessions)
    with pytest.raises(SocketRefused):
        await connect("sid", {"asgi.scope": {VISIT: visit(login)}}, {})
    assert ended == ["sid"]
