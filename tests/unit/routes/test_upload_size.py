"""How large an upload may be, judged while its body comes in."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from access.guard.limits import UploadLimits
from routes.upload_size import UploadSize

LIMITS = UploadLimits(files=2, megabytes=1, types=("*/*",))
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
    guarded = UploadSize(app, LIMITS, is_session=lambda one: one == "known")
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
    await UploadSize(Echo(), LIMITS, is_session=bool)(scope, receive, send)
    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"]) == {"detail": TOO_LARGE}


async def test_a_body_of_allowed_length_passes() -> None:
    app = Echo()
    async with guarded(app) as browser:
        assert (await browser.post(URL, content=chunks(1_000_000))).status_code == 200
    assert app.received == 1_000_000


async def test_other_paths_are_not_counted() -> None:
    async with guarded(Echo()) as browser:
        assert (await browser.post("/other", content=chunks(3_000_000))).status_code == 200


async def test_the_body_of_a_stranger_is_not_read() -> None:
    app = Echo()
    async with guarded(app) as browser:
        reply = await browser.post("/project/file?session_id=guess", content=chunks(100_000))
    assert reply.status_code == 404
    assert app.received == 0
