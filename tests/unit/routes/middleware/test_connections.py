"""Connections that do not send a whole request: closed in time, and when there are too many."""

import asyncio
import logging
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from access.guard.requests import RequestLimits
from routes.middleware.connections import Connection, WaitingConnections
from routes.middleware.malformed import LONGEST_HEAD

SENTENCES = {
    b"400": b'{"detail": "This is no HTTP request."}',
    b"408": b'{"detail": "The request did not arrive within 0.05 s."}',
    b"431": b'{"detail": "The head of the request is too long."}',
}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without looking at the body, unless it is asked for slowly."""
    if scope["path"] == "/slow":
        await receive()
    await send(
        {"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"0")]}
    )
    await send({"type": "http.response.body", "body": b""})


async def talk(sent: bytes, limits: RequestLimits, later: bytes = b"") -> bytes:
    """Send something to a real server, more after its answer, and return what comes in all."""
    config = uvicorn.Config(
        app, http=H11Protocol, lifespan="off", log_config=None, log_level="error"
    )
    config.load()
    make = WaitingConnections(limits).watching(H11Protocol)
    server = uvicorn.Server(config)

    def protocol() -> Any:
        return make(config=config, server_state=server.server_state, app_state={})

    listening = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    async with listening, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
        writer.write(sent)
        head = await reader.readuntil(b"\r\n\r\n") if later else b""
        writer.write(later)
        answer = head + await reader.read()
        writer.close()
    return answer


HALVES = {
    "nothing": (b"", b""),
    "half a head": (b"GET / HTTP/1.1\r\nHost: a", b"408"),
    "half a second head": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET", b"413"),
    "no request": (b"\x16\x03\x01 hello\r\n\r\n", b"400"),
    "a long head": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * LONGEST_HEAD, b"431"),
    "no pieces": (
        b"POST /slow HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n",
        b"400",
    ),
    "half a body": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx", b"413"),
}


@pytest.mark.parametrize(("sent", "status"), HALVES.values(), ids=HALVES)
@pytest.mark.slow
async def test_what_is_sent_in_part_is_given_up(sent: bytes, status: bytes) -> None:
    answer = await talk(sent, RequestLimits(timeout_s=0.05))
    assert answer[9:12] == status
    if status in SENTENCES:
        assert answer.endswith(SENTENCES[status])


NO_CHUNK = b"zz\r\n"
OPENED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE = b"1\r\nx\r\n"


@pytest.mark.parametrize("sent", [OPENED + NO_CHUNK, OPENED + PIECE + NO_CHUNK])
async def test_a_body_that_cannot_be_read_ends_the_request(
    sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await talk(sent, RequestLimits())
    assert answer[9:12] == b"400"
    assert [it for it in caplog.records if it.levelno >= logging.ERROR] == []


async def test_nor_amid_its_answer(caplog: pytest.LogCaptureFixture) -> None:
    answer = await talk(OPENED, RequestLimits(), NO_CHUNK)
    assert answer[9:12] == b"413"
    assert [it for it in caplog.records if it.levelno >= logging.ERROR] == []


class Transport:
    """What a protocol does to its connection."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False
        self.protocol: Any = None

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_protocol(self) -> Any:
        return self.protocol


@dataclass
class Inner:
    """A server's protocol, as uvicorn's are for us: `cycle` is the request that is on its way."""

    cycle: Any = None
    received: bytes = b""
    calls: list[str] = field(default_factory=list)

    def send_400_response(self, said: str) -> None:
        """Say in plain text that it cannot be read."""

    def connection_made(self, _: Any) -> None:
        self.calls.append("made")

    def connection_lost(self, _: Any) -> None:
        self.calls.append("lost")

    def data_received(self, data: bytes) -> None:
        self.received += data

    def eof_received(self) -> None:
        self.calls.append("eof")

    def pause_writing(self) -> None:
        self.calls.append("pause")

    def resume_writing(self) -> None:
        self.calls.append("resume")


class Connections:
    """Opens connections to no server."""

    def __init__(self, limits: RequestLimits) -> None:
        self.waiting = WaitingConnections(limits)

    def open(self) -> tuple[Connection, Inner, Transport]:
        inner, transport = Inner(), Transport()
        connection = self.waiting.watching(lambda: inner)()
        transport.protocol = connection
        connection.connection_made(transport)
        return connection, inner, transport


FLAGS = ("more_body", "response_started", "response_complete")


def request(**changed: bool) -> Any:
    return SimpleNamespace(**{**dict.fromkeys(FLAGS, False), **changed})


async def test_the_oldest_of_too_many_is_closed() -> None:
    connections = Connections(RequestLimits(waiting=2))
    opened = [connections.open() for _ in range(2)]
    busy, inner, _ = opened[0]
    inner.cycle = request()
    busy.data_received(b"GET / HTTP/1.1\r\n\r\n")  # whole: it waits no more
    opened += [connections.open() for _ in range(2)]
    assert [transport.closed for _, _, transport in opened] == [False, True, False, False]
    assert len(connections.waiting) == 2


async def test_half_a_body_waits_as_half_a_head_does() -> None:
    connections = Connections(RequestLimits(waiting=1))
    connection, inner, transport = connections.open()
    inner.cycle = request(more_body=True)
    connection.data_received(b"POST / HTTP/1.1\r\n\r\nx")
    assert len(connections.waiting) == 1
    connections.open()
    assert transport.closed
    assert transport.written == b""  # its answer is the app's


async def test_who_is_gone_waits_no_more() -> None:
    connections = Connections(RequestLimits())
    connection, inner, _ = connections.open()
    connection.connection_lost(None)
    assert len(connections.waiting) == 0
    assert inner.calls == ["made", "lost"]


async def test_a_socket_waits_no_more() -> None:
    connections = Connections(RequestLimits(timeout_s=0.001))
    connection, _, transport = connections.open()
    transport.protocol = object()  # as the server does to upgrade
    connection.data_received(b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
    assert len(connections.waiting) == 0


async def test_a_head_has_an_end() -> None:
    connection, _, transport = Connections(RequestLimits()).open()
    connection.data_received(b"x" * LONGEST_HEAD)
    assert transport.written == b""
    connection.data_received(b"x")
    assert transport.closed
    assert b" 431 " in transport.written


async def test_what_cannot_be_read_of_a_body_breaks_off_an_answer_that_has_begun() -> None:
    connection, inner, transport = Connections(RequestLimits()).open()
    inner.cycle = request(more_body=True, response_started=True)
    connection.data_received(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n")
    inner.send_400_response("Invalid HTTP request received.")
    assert transport.closed
    assert transport.written == b""


async def test_the_rest_of_a_refused_body_is_no_head() -> None:
    connection, inner, transport = Connections(RequestLimits()).open()
    inner.cycle = request(more_body=True, response_complete=True)
    connection.data_received(b"x" * (LONGEST_HEAD + 1))
    assert not transport.closed


async def test_all_else_is_handed_on() -> None:
    connection, inner, _ = Connections(RequestLimits()).open()
    connection.pause_writing()
    connection.resume_writing()
    connection.eof_received()
    connection.data_received(b"x")
    connection.connection_lost(None)
    assert inner.calls == ["made", "pause", "resume", "eof", "lost"]
    assert inner.received == b"x"
