"""What is malformed gets an answer of one form, and what fails one line of the log."""

import logging
from typing import Any, cast

import pytest
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.testclient import TestClient

from chat.wording.refusals import FAILED
from routes.middleware.malformed import (
    HEAD_TOO_LONG,
    LONGEST_HEAD,
    WellFormed,
    invalid,
    with_plain_cookies,
)


class Body(BaseModel):
    number: int


@pytest.fixture
def client() -> TestClient:
    app = FastAPI(exception_handlers={RequestValidationError: invalid})
    app.add_middleware(WellFormed, prefix="/chat")

    @app.post("/number")
    async def number(body: Body) -> int:
        return body.number

    @app.get("/fails")
    async def fails() -> None:
        message = "a secret\nin two lines"
        raise ValueError(message)

    @app.get("/cookies")
    async def cookies(request: Request) -> str | None:
        return request.headers.get("cookie")

    @app.get("/{path:path}")
    async def anything(path: str) -> str:
        return "reached"

    return TestClient(app, base_url="http://localhost")


@pytest.mark.parametrize(
    "host", ["[", "a b", "a/b", "a@b", "\xff", "", "a:b", "a:123456", "[::1", "::1", "a,b"]
)
def test_a_host_that_is_none_is_refused(client: TestClient, host: str) -> None:
    reply = client.get("/x", headers={b"host": host.encode("latin-1")})
    assert (reply.status_code, reply.json()) == (400, {"detail": "The Host header names no host."})


@pytest.mark.parametrize("name", ["host", "origin"])
def test_nobody_says_twice_where_they_come_from_or_go(client: TestClient, name: str) -> None:
    twice = [(name, "a"), (name, "b")]
    if name != "host":
        assert client.get("/x", headers=twice[:1]).status_code == 200
    assert client.get("/x", headers=twice).status_code == 400


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a=b; access_token=x.y-z; c=", "a=b; access_token=x.y-z; c="),
        ('a="b c"; d', 'a="b c"'),
        ("a=b; access_token\u00a0=x; c=d", "a=b; c=d"),
        ("access_token=\u00e9", ""),
        ("access_token()=x;a[=1;b\t=2;=3; c = 4", " c = 4"),
    ],
)
def test_cookies_that_are_none_are_left_out(client: TestClient, given: str, kept: str) -> None:
    assert client.get("/cookies", headers={b"cookie": given.encode()}).json() == kept


@pytest.mark.parametrize("host", ["a", "a.b-c.d:80", "127.0.0.1:8000", "[::1]:8000", "a_b", "a."])
def test_other_hosts_are_left_to_the_login(client: TestClient, host: str) -> None:
    assert client.get("/x", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/public/%00", 400),
        ("/x?language=%00", 400),
        ("/public/" + "a" * 256, 404),
        ("/public/" + "é" * 128, 404),
        ("/" + "a/" * 2_100, 414),
        ("/public/" + "a" * 255, 200),
        ("/chat/files/t/e/" + "a" * 1_000, 200),
        ("/%ff?%ff=%fe", 200),
    ],
)
def test_addresses(client: TestClient, path: str, status: int) -> None:
    reply = client.get(path)
    assert reply.status_code == status
    if status != 200:
        assert list(reply.json()) == ["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"number": NaN}',
        b'{"number": 1e400}',
        b'{"number": "\\ud800"}',
        b'{"\\ud800": 1}',
        b"[" * 50_000,
        b"1" * 5_000,
        b'{"number": ' + b"1" * 5_000 + b"}",
    ],
    ids=lambda body: repr(body[:20]),
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data", "x"])
def test_bodies(client: TestClient, body: bytes, kind: str) -> None:
    reply = client.post("/number", content=body, headers={"content-type": kind})
    assert reply.status_code in (400, 422)
    assert isinstance(reply.json()["detail"], str)


def test_what_fails_is_one_line(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        reply = client.get("/fails")
    assert (reply.status_code, reply.json()) == (500, {"detail": FAILED.en})
    [record] = caplog.records
    assert record.exc_info is None
    said = record.getMessage()
    assert said.startswith("GET /fails failed: ValueError at test_malformed.py:")
    assert said.endswith(": a secret in two lines")


def test_a_head_that_comes_at_once_has_an_end_too(client: TestClient) -> None:
    reply = client.get("/x", headers={"x": "x" * LONGEST_HEAD})
    assert (reply.status_code, reply.json()) == (431, {"detail": HEAD_TOO_LONG})
    reply = client.get(f"/x?{'x' * 40_000}", headers={"x": "x" * 40_000})
    assert reply.status_code == 431
    assert client.get("/x", headers={"x": "x" * (LONGEST_HEAD - 1_000)}).status_code == 200


async def test_an_answer_that_has_begun_breaks_off(caplog: pytest.LogCaptureFixture) -> None:
    sent: list[Any] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise HTTPException(500)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/", "query_string": b"", "headers": [(b"host", b"a")]}
    await WellFormed(app)(scope, cast(Any, send), send)
    assert len(sent) == 1
    assert len(caplog.records) == 1


async def test_a_socket_that_fails_is_closed_and_one_that_is_gone_is_no_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sent: list[Any] = []
    exc: Exception = ValueError("x")

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        raise exc

    async def send(message: Any) -> None:
        sent.append(message["type"])

    scope = {"type": "websocket", "path": "/", "query_string": b"", "headers": [(b"host", b"a")]}
    await WellFormed(app)(scope, cast(Any, send), send)
    exc = ConnectionResetError()
    with pytest.raises(ConnectionResetError):
        await WellFormed(app)(scope, cast(Any, send), send)
    assert (sent, len(caplog.records)) == (["websocket.close"], 1)


def test_of_two_cookie_headers_none_is_left_out() -> None:
    """Which of them counts is not decided here."""
    sent = [(b"cookie", b"a=b; \xff=c"), (b"Cookie", b"d=e"), (b"x", b"\xff")]
    scope = with_plain_cookies({"type": "http", "headers": sent})
    assert scope["headers"] == [(b"cookie", b"a=b"), (b"Cookie", b"d=e"), (b"x", b"\xff")]
