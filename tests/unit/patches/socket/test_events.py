"""The gate of the socket, on the real servers beneath Chainlit's handlers."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from chainlit.config import config
from chainlit.server import sio
from chainlit.session import WebsocketSession
from chainlit.user import User
from engineio.async_socket import AsyncSocket
from engineio.packet import Packet

from access.guard.requests import RequestLimits
from access.guard.user_limits import LIMITS, LimitReached, UserLimits
from patches.patch import Parts
from patches.socket import events

pytestmark = pytest.mark.usefixtures("_unpatched")

SID = "sid-of-ada"


class Line:
    """One client's line to the real socket server; what reaches Chainlit's handlers is noted."""

    def __init__(self) -> None:
        self.socket = AsyncSocket(sio.eio, uuid.uuid4().hex)
        self.reached: list[tuple[str, tuple[Any, ...]]] = []
        self.shown: list[tuple[str, Any]] = []

    async def send(self, text: Any) -> None:
        """Send one packet, and let the handlers that it started end."""
        started = asyncio.all_tasks()
        await self.socket.receive(Packet(4, text))
        for task in asyncio.all_tasks() - started:
            await task

    async def emit(self, *data: Any) -> None:
        await self.send("2" + json.dumps(data))

    @property
    def is_closed(self) -> bool:
        return bool(self.socket.closed)


@pytest.fixture
async def line(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    line = Line()
    sio.eio.sockets[line.socket.sid] = line.socket
    sio.environ[line.socket.sid] = {}

    def noting(event: str) -> Any:
        async def handle(_sid: str, *sent: Any) -> None:
            line.reached.append((event, sent))

        return handle

    handlers = {event: noting(event) for event in sio.handlers["/"]}
    monkeypatch.setattr(sio, "handlers", {"/": handlers})
    parts = cast(
        Parts,
        SimpleNamespace(
            requests=RequestLimits(),
            user_limits=UserLimits(dict.fromkeys(LIMITS, 20)),
        ),
    )
    events.answer_failures(parts)
    events.judge_events(parts)
    events.judge_packets(parts)

    async def emit(event: str, data: Any) -> None:
        line.shown.append((event, data))

    session = SimpleNamespace(user=User(identifier="ada"), environ={}, emit=emit)

    def get(sid: str | None) -> Any:
        known = sio.manager.sid_from_eio_sid(line.socket.sid, "/")
        return session if sid is not None and sid == known else None

    monkeypatch.setattr(WebsocketSession, "get", staticmethod(get))
    yield line
    await line.socket.close(wait=False, abort=True)
    sio.eio.sockets.pop(line.socket.sid, None)
    sio.environ.pop(line.socket.sid, None)


async def test_a_page_connects_and_sends(line: Line) -> None:
    await line.send("0{}")
    await line.emit("stop")
    await line.emit("window_message", {"any": "thing"})
    assert [event for event, _ in line.reached] == ["connect", "stop", "window_message"]


async def test_events_of_the_servers_own_are_dropped(line: Line) -> None:
    await line.send("0{}")
    await line.emit("connect", {"HTTP_COOKIE": "a"}, {"sessionId": "x"})
    await line.emit("disconnect")
    await line.emit("disconnect", "transport close")
    assert [event for event, _ in line.reached] == ["connect"]
    assert not line.is_closed


async def test_a_socket_connects_once_and_to_what_is_there(line: Line) -> None:
    await line.send("0{}")
    await line.send("0{}")
    assert line.is_closed
    assert [event for event, _ in line.reached] == ["connect", "disconnect"]


async def test_before_it_has_connected_nothing_is_heard(line: Line) -> None:
    await line.emit("stop")
    assert line.reached == []


@pytest.mark.parametrize(
    "sent",
    [
        "2[1",
        "4",
        '51-["audio_chunk",{"_placeholder":true,"num":0}]',
        "61-[]",
        b"bytes",
        "9",
        "",
        "0/elsewhere,",
        "2" + "[" * 100_000,
        "2" * 1_000 + "[]",
    ],
    ids=lambda sent: repr(sent[:10]),
)
async def test_what_no_page_sends_ends_the_socket_in_one_line(
    line: Line, sent: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await line.send("0{}")
    await line.send(sent)
    assert line.is_closed
    assert [record.exc_info for record in caplog.records] == [None]


@pytest.mark.parametrize("sent", ["2[]", "2{}", "2", '2["nothing"]', '2[{"a":1}]', '2["stop",1]'])
async def test_an_event_that_is_none_is_dropped_in_one_line(
    line: Line, sent: str, caplog: pytest.LogCaptureFixture
) -> None:
    await line.send("0{}")
    for _ in range(10):
        await line.send(sent)
    assert not line.is_closed
    assert [event for event, _ in line.reached] == ["connect"]
    assert [record.exc_info for record in caplog.records] == [None]


async def test_with_sound_bytes_come_in_one_piece(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config.features, "audio", SimpleNamespace(enabled=True))
    await line.send("0{}")
    await line.send('51-["audio_chunk",{"data":{"_placeholder":true,"num":0}}]')
    await line.send(b"sound")
    assert line.reached[-1] == ("audio_chunk", ({"data": b"sound"},))
    await line.send('52-["audio_chunk",{"data":{"_placeholder":true,"num":0}}]')
    assert line.is_closed


async def test_a_flood_is_stopped_and_told_once(line: Line) -> None:
    await line.send("0{}")
    for _ in range(200):
        await line.emit("stop")
    assert 40 <= len(line.reached) - 1 < 200
    assert [event for event, _ in line.shown] == ["toast", "task_end"]


@pytest.mark.parametrize("exc", [ValueError("x"), LimitReached("answers", 1)])
async def test_what_fails_is_told_where_it_belongs(
    line: Line, exc: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(*_: Any) -> None:
        raise exc

    sio.handlers["/"]["stop"] = events.failing_quietly("stop", failing)
    await line.send("0{}")
    await line.emit("stop")
    is_limit = isinstance(exc, LimitReached)
    assert bool(line.shown) is is_limit
    assert [record.exc_info for record in caplog.records] == ([] if is_limit else [None])


@pytest.mark.parametrize("body", [b"\xff\xfe", b"x", b"4\x1e" * 50, b"d=%zz", b"7"])
async def test_a_polling_request_that_cannot_be_read_is_refused(line: Line, body: bytes) -> None:
    async def read(_length: int) -> bytes:
        return body

    environ = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": SimpleNamespace(read=read)}
    from engineio.exceptions import EngineIOError

    with pytest.raises(EngineIOError):
        await line.socket.handle_post_request(environ)
    assert line.is_closed


@pytest.mark.parametrize("sent", ["", "x"])
async def test_a_websocket_that_cannot_be_read_is_ended(line: Line, sent: str) -> None:
    async def wait() -> str:
        return sent

    async def close() -> None:
        closed.set()

    async def send(_: Any) -> None:
        """What the client would hear."""

    closed = asyncio.Event()
    line.socket.connected = False
    await line.socket._websocket_handler(SimpleNamespace(wait=wait, close=close, send=send))
    async with asyncio.timeout(10):
        await closed.wait()
    assert line.is_closed


async def test_a_websocket_that_says_that_it_ends_is_ended(line: Line) -> None:
    said = iter("1")

    async def wait() -> str | None:
        if word := next(said, None):
            return word
        await closed.wait()
        return None

    async def close() -> None:
        closed.set()

    closed = asyncio.Event()
    line.socket.connected = False
    handler = line.socket._websocket_handler(SimpleNamespace(wait=wait, close=close))
    handling = asyncio.ensure_future(handler)
    async with asyncio.timeout(10):
        await closed.wait()
    await handling


@pytest.mark.parametrize(("exc", "lines"), [(ConnectionResetError(), 0), (ValueError("x"), 1)])
async def test_a_page_that_goes_is_no_line_of_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, exc: Exception, lines: int
) -> None:
    ended: list[object] = []

    async def end(socket: object) -> None:
        ended.append(socket)

    async def failing(*_: object) -> None:
        raise exc

    monkeypatch.setattr(events, "end", end)
    await events.websocket_handler(failing)("socket", None)
    assert (ended, len(caplog.records)) == (["socket"], lines)
