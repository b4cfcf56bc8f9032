"""How large and how slow a body may be, judged while it comes in."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from access.guard.limits import UploadLimits
from access.guard.requests import RequestLimits
from routes.middleware.request_bodies import RequestBodies

REQUESTS = RequestLimits(megabytes=2, timeout_s=20)
LIMITS = UploadLimits(files=2, megabytes=1, types=("*/*",), characters=1_000)
TOO_LARGE = "A file may have 1 MB at most."


class Echo:
    """Reads a whole body and says how long it was."""

    received = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        more = True
        while more:
            message = await receive()
            self.received += len(message.get("body", b""))
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


class Forgiving(Echo):
    """Takes every error for one of its own, as FastAPI does when it parses a form."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except Exception:  # noqa: BLE001
            await send({"type": "http.response.start", "status": 400, "headers": []})
            await send({"type": "http.response.body", "body": b"parsing"})


def guarded(app: Any) -> httpx.AsyncClient:
    guarded = RequestBodies(app, REQUESTS, LIMITS)
    return httpx.AsyncClient(transport=httpx.ASGITransport(guarded), base_url="http://localhost")


async def chunks(length: int) -> AsyncIterator[bytes]:
    for _ in range(length // 10_000):
        yield b"x" * 10_000


URL = "/project/file?session_id=known"


async def test_a_body_that_is_declared_too_long_never_arrives() -> None:
    app = Echo()
    async with guarded(app) as browser:
        reply = await browser.post(URL, content=b"x" * 1_100_000)
    assert (reply.status_code, reply.json()) == (413, {"detail": TOO_LARGE})
    assert app.received == 0


@pytest.mark.parametrize("app", [Echo(), Forgiving()])
async def test_a_body_without_a_length_is_counted(app: Echo) -> None:
    async with guarded(app) as browser:
        reply = await browser.post(URL, content=chunks(20_000_000))
    assert (reply.status_code, reply.json()) == (413, {"detail": TOO_LARGE})
    assert app.received <= LIMITS.body


async def test_a_body_that_is_longer_than_declared_is_counted() -> None:
    sent: list[Message] = []
    body = iter([{"type": "http.request", "body": b"x" * 600_000, "more_body": True}] * 5)

    async def receive() -> Message:
        return next(body)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/project/file",
        "query_string": b"session_id=known",
        "headers": [(b"content-length", b"10")],
    }
    await RequestBodies(Echo(), REQUESTS, LIMITS)(scope, receive, send)
    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"]) == {"detail": TOO_LARGE}


async def test_a_body_of_allowed_length_passes() -> None:
    app = Echo()
    async with guarded(app) as browser:
        assert (await browser.post(URL, content=chunks(1_000_000))).status_code == 200
    assert app.received == 1_000_000


@pytest.mark.parametrize("path", ["/other", "/project/threads", "/login", "/ws/socket.io/"])
async def test_every_other_body_has_a_limit_too(path: str) -> None:
    app = Echo()
    async with guarded(app) as browser:
        assert (await browser.post(path, content=chunks(2_000_000))).status_code == 200
        counted = await browser.post(path, content=chunks(2_010_000))
        declared = await browser.post(path, content=b"x" * 2_000_001)
    sentence = {"detail": "A request may have 2 MB at most."}
    assert (counted.status_code, counted.json()) == (413, sentence)
    assert (declared.status_code, declared.json()) == (413, sentence)


async def test_a_body_that_does_not_come_is_given_up() -> None:
    """Each byte of a trickle would begin the time anew if it were not counted from the start."""
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}
    slow = RequestLimits(timeout_s=0.05)
    async with asyncio.timeout(10):
        await RequestBodies(Echo(), slow, LIMITS)(scope, receive, send)
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"]) == {"detail": "The request did not arrive within 0.05 s."}


async def test_who_waits_for_the_end_of_a_connection_has_time() -> None:
    waited = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        assert (await receive())["type"] == "http.disconnect"
        waited.set()

    messages: Iterator[Message] = iter(
        [{"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}]
    )

    async def receive() -> Message:
        return next(messages)

    async def send(_: Message) -> None:
        pytest.fail("nothing is answered")

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    await RequestBodies(app, RequestLimits(timeout_s=1e-9), LIMITS)(scope, receive, send)
    assert waited.is_set()


def test_who_sends_fast_enough_has_as_long_as_it_takes() -> None:
    assert RequestLimits(timeout_s=20).seconds(50_000_000) == 20 + 2_500
