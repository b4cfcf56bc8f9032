"""The middleware by which no answer overtakes a small body of its request, read or not.

A proxy that hands bodies on as they come may lose such an answer: nginx 1.22 drops it with the
connection; Caddy 2.6, once it has begun to give one to the browser, closes a small body that it is
still reading, if only to see its end, and takes that for a failure of the program's.
"""

import asyncio
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALL = 256 * 1024  # bytes; what is larger is read on by such a proxy
PATIENCE_S = 1.0
PAUSE_S = 0.02  # in which the proxy sees the end, too


class AnswerAfterBody:
    """The middleware: takes, and drops, what the app has not read before its answer begins."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_small_body(scope):
            await self._app(scope, receive, send)
            return
        body = _Body(receive)

        async def send_after_body(message: Message) -> None:
            if message["type"] == "http.response.start":
                await body.take_rest()
            await send(message)

        await self._app(scope, body.receive, send_after_body)


class _Body:
    """The body of a request, as far as it has come."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._received = 0
        self._readers = 0
        self._is_whole = asyncio.Event()

    async def receive(self) -> Message:
        """Return the next message."""
        self._readers += 1
        try:
            message = await self._receive()
        finally:
            self._readers -= 1
        self._received += len(message.get("body", b""))
        if not message.get("more_body", False):
            self._is_whole.set()
        return message

    async def take_rest(self) -> None:
        """Wait for what is missing, unless it is much, or does not come."""
        if self._is_whole.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while not self._is_whole.is_set() and self._received <= SMALL:
                    await (self._is_whole.wait() if self._readers else self.receive())
        await asyncio.sleep(PAUSE_S)


def _has_small_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    declared = headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > SMALL:
        return False
    return declared != "0" or "transfer-encoding" in headers
