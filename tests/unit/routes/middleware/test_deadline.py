"""An answer begins in time, or is a 503 instead; what is heard of a request has its own time."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request
from starlette.responses import StreamingResponse

from routes.middleware.deadline import Deadline, allow

SOON_S = 0.02


def client(app: FastAPI, seconds: float = SOON_S) -> httpx.AsyncClient:
    around = Deadline(app, seconds, "/ws/socket.io")
    transport = httpx.ASGITransport(around)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


async def test_what_is_silent_is_answered_in_words_and_cancelled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app, cancelled = FastAPI(), asyncio.Event()

    @app.get("/silent")
    async def silent() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with client(app) as http:
        reply = await http.get("/silent")
        told = await http.get("/silent", headers={"Accept-Language": "zh-CN"})
    assert reply.status_code == told.status_code == 503
    assert reply.headers["retry-after"] == "5"
    assert reply.headers["cache-control"] == "no-store"
    assert "does not answer. Try again" in reply.json()["detail"]
    assert "没有响应" in told.json()["detail"]
    assert "GET /silent: nothing answered within 0.02 s" in caplog.text
    await cancelled.wait()


async def test_what_is_given_up_gets_no_more_time() -> None:
    app, timers = FastAPI(), asyncio.Queue[asyncio.TimerHandle]()

    @app.get("/stubborn")
    async def stubborn(request: Request) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            allow(request, 1)
            timers.put_nowait(request.scope["keepchat.answer"]._timer)

    async with client(app) as http:
        reply = await http.get("/stubborn")
    assert reply.status_code == 503
    timer = await timers.get()
    assert timer.cancelled()


async def test_what_ends_late_says_nothing_more() -> None:
    app, ended = FastAPI(), asyncio.Event()

    @app.get("/stubborn")
    async def stubborn() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.set()
        return "late"

    async with client(app) as http:
        reply = await http.get("/stubborn")
    await ended.wait()
    assert reply.status_code == 503
    assert "late" not in reply.text


async def test_an_answer_that_has_begun_has_time() -> None:
    app = FastAPI()

    async def slowly() -> AsyncIterator[str]:
        yield "one "
        await asyncio.sleep(3 * SOON_S)
        yield "two"

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(slowly())

    async with client(app) as http:
        assert (await http.get("/stream")).text == "one two"


async def test_a_body_has_a_time_of_its_own() -> None:
    app = FastAPI()

    @app.post("/body")
    async def body(request: Request) -> int:
        return len(await request.body())

    async def slowly() -> AsyncIterator[bytes]:
        yield b"one"
        await asyncio.sleep(3 * SOON_S)
        yield b"two"

    async with client(app) as http:
        reply = await http.post("/body", content=slowly())
    assert (reply.status_code, reply.json()) == (200, 6)


async def test_what_copies_may_have_more_time() -> None:
    app = FastAPI()

    @app.get("/copy")
    async def copy(request: Request) -> str:
        allow(request, 100)
        await asyncio.sleep(3 * SOON_S)
        return "copied"

    async with client(app) as http:
        assert (await http.get("/copy")).json() == "copied"


async def test_the_sockets_requests_may_wait() -> None:
    app = FastAPI()

    @app.get("/ws/socket.io/")
    async def poll() -> str:
        await asyncio.sleep(3 * SOON_S)
        return "an event"

    async with client(app) as http:
        assert (await http.get("/ws/socket.io/")).json() == "an event"


async def test_what_fails_fails_as_it_did() -> None:
    app = FastAPI()

    @app.get("/fails")
    async def fails() -> None:
        message = "a fault"
        raise ZeroDivisionError(message)

    async with client(app, 600) as http:
        with pytest.raises(ZeroDivisionError, match="a fault"):
            await http.get("/fails")


async def test_who_goes_away_is_not_worked_for() -> None:
    app, begun, cancelled = FastAPI(), asyncio.Event(), asyncio.Event()

    @app.get("/silent")
    async def silent() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with client(app, 600) as http:
        asking = asyncio.create_task(http.get("/silent"))
        await begun.wait()
        asking.cancel()
        await cancelled.wait()
