"""Connections that have not sent a whole request: how long they may wait, and how many of them.

Half of a request's head never reaches the app, so this stands around the server's own protocol,
whichever it is: uvicorn's for h11 and for httptools both say in `cycle` which request is on its
way.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from access.guard.requests import RequestLimits
from common.failures import in_one_line
from routes.middleware.malformed import HEAD_TOO_LONG, LONGEST_HEAD

logger = logging.getLogger("keepchat")

_UNREADABLE = "This is no HTTP request."

MakeProtocol = Callable[..., Any]


class WaitingConnections:
    """The connections of a server that wait for a whole request, the oldest first."""

    def __init__(self, limits: RequestLimits) -> None:
        self.limits = limits
        self._waiting: dict[Connection, None] = {}

    def watching(self, make: MakeProtocol) -> MakeProtocol:
        """Return what makes a protocol as `make` does, and watches it."""
        return lambda *args, **kwargs: Connection(make(*args, **kwargs), self)

    def add(self, connection: "Connection") -> None:
        """Count one more that waits; where there are too many, the oldest is closed."""
        self._waiting.setdefault(connection)
        if len(self._waiting) > self.limits.waiting:
            oldest = next(iter(self._waiting))
            self.discard(oldest)
            oldest.refuse(HTTPStatus.REQUEST_TIMEOUT, str(self.limits.too_slow))

    def discard(self, connection: "Connection") -> None:
        """Count one less: its request is there, or it is gone."""
        self._waiting.pop(connection, None)

    def __len__(self) -> int:
        return len(self._waiting)


class Connection(asyncio.Protocol):
    """One connection: hands all on to the server's protocol, and looks how far its request is."""

    def __init__(self, inner: Any, waiting: WaitingConnections) -> None:
        self._inner = inner
        self._inner.send_400_response = self._refuse_unreadable  # which it says in plain text
        self._waiting = waiting
        self._timer: asyncio.TimerHandle | None = None
        self._since = 0.0
        self._received = 0  # bytes since then, or at once

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait."""
        self._transport: Any = transport
        self._loop = asyncio.get_running_loop()
        self._inner.connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        self._inner.connection_lost(exc)

    def eof_received(self) -> bool | None:
        """Hand it on."""
        closes: bool | None = self._inner.eof_received()
        return closes

    def pause_writing(self) -> None:
        """Hand it on."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Hand it on."""
        self._inner.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Hand it on, and judge what is still missing."""
        self._received = len(data) + (self._received if self._timer else 0)
        self._hand_on(data)
        cycle = self._inner.cycle
        if self._transport.is_closing() or self._is_upgraded():
            self._stop_waiting()
        elif cycle is None or cycle.response_complete:
            self._wait()
        else:
            self._stop_timer()  # of its body's time the app takes care
            if cycle.more_body:
                self._waiting.add(self)
            else:
                self._waiting.discard(self)

    def _hand_on(self, data: bytes) -> None:
        """Let the server's protocol read it; where it cannot, the app hears that nobody is there.

        By itself it says so only to the client, once more amid an answer, and lets the app answer.
        """
        try:
            self._inner.data_received(data)
        except Exception as exc:  # noqa: BLE001 - whatever the server makes of it
            logger.warning("A connection is closed: %s", in_one_line(exc))
            self._transport.close()
        cycle = self._inner.cycle
        if cycle and not cycle.response_complete and self._transport.is_closing():
            cycle.disconnected = True
            cycle.message_event.set()

    def refuse(self, status: HTTPStatus, sentence: str) -> None:
        """Close it; whoever has begun to send a request is told why."""
        self._close(b"" if self._is_busy() else _answer(status, sentence))

    def _close(self, answer: bytes) -> None:
        self._stop_waiting()
        if self._received and answer:
            self._transport.write(answer)
        self._transport.close()

    def _is_busy(self) -> bool:
        """Tell whether an answer is on its way, or the rest of the body that it was given to."""
        cycle = self._inner.cycle
        return cycle is not None and (cycle.more_body or not cycle.response_complete)

    def _is_upgraded(self) -> bool:
        return self._transport.get_protocol() is not self

    def _refuse_unreadable(self, _said: str) -> None:
        """Close what the server's protocol cannot read: a head, or a body in pieces."""
        cycle = self._inner.cycle
        has_begun = cycle is not None and cycle.response_started and not cycle.response_complete
        if self._received > LONGEST_HEAD and not self._is_busy():
            answer = _answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, HEAD_TOO_LONG)
        else:
            answer = _answer(HTTPStatus.BAD_REQUEST, _UNREADABLE)
        self._close(b"" if has_begun else answer)

    def _wait(self) -> None:
        """Wait for a head, or for the end of a body that is not read any more."""
        if self._timer is None:
            self._since = self._loop.time()
            self._arm()
            self._waiting.add(self)
        if self._received > LONGEST_HEAD and not self._is_busy():
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, HEAD_TOO_LONG)

    def _arm(self) -> None:
        due = self._since + self._waiting.limits.seconds(self._received)
        if due > self._loop.time():
            self._timer = self._loop.call_at(due, self._arm)
        else:
            self.refuse(HTTPStatus.REQUEST_TIMEOUT, str(self._waiting.limits.too_slow))

    def _stop_waiting(self) -> None:
        self._stop_timer()
        self._waiting.discard(self)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None


def _answer(status: HTTPStatus, sentence: str) -> bytes:
    body = json.dumps({"detail": sentence}).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
