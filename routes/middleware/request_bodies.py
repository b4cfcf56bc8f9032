"""The middleware that ends a request whose body is too large, or does not come, before it is kept.

Chainlit reads whatever is sent, from anybody, for as long as it takes.
"""

import asyncio
import re
import time
from contextlib import suppress
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.guard.limits import UploadLimits
from access.guard.requests import RequestLimits
from chat.wording.language import Localized
from routes.files.uploads import PATH


class RequestBodies:
    """The middleware: judges the declared length, and counts what comes in and how long it takes.

    What a body has that is refused is taken and dropped by the server, so that a browser hears the
    answer; for how long `routes.middleware.connections` says.
    """

    def __init__(
        self,
        app: ASGIApp,
        requests: RequestLimits,
        uploads: UploadLimits,
        prefix: str = "",
    ) -> None:
        self._app = app
        self._requests = requests
        self._any = _Size(requests.body, requests.too_large)
        self._upload = _Size(uploads.body, uploads.too_large)
        self._path = prefix + PATH

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        else:
            size = self._upload if self._is_upload(scope) else self._any
            await self._judge(size, scope, receive, send)

    def _is_upload(self, scope: Scope) -> bool:
        return (scope["path"], scope["method"]) == (self._path, "POST")

    async def _judge(self, size: "_Size", scope: Scope, receive: Receive, send: Send) -> None:
        if _declared_length(scope) > size.most:
            await size.refusal()(scope, receive, send)
            return
        body = _Body(receive, size, self._requests)

        async def send_unless_refused(message: Message) -> None:
            if not body.refusal:
                await send(message)

        with suppress(_Refused):
            await self._app(scope, body.receive, send_unless_refused)
        if body.refusal:
            await body.refusal(scope, receive, send)


@dataclass(frozen=True, slots=True)
class _Size:
    """How many bytes a body may have, and what is said of one that has more."""

    most: int
    sentence: Localized[str]

    def refusal(self) -> Response:
        return _refusal(413, self.sentence)


class _Refused(Exception):
    """The body is too large, or did not come."""


class _Body:
    """Hands a body on until it is too large or too slow; then `refusal` is the answer."""

    def __init__(self, receive: Receive, size: _Size, requests: RequestLimits) -> None:
        self._receive = receive
        self._size = size
        self._requests = requests
        self._began = time.monotonic()
        self._received = 0
        self._is_whole = False
        self.refusal: Response | None = None

    async def receive(self) -> Message:
        """Return the next message; raises `_Refused`."""
        if self._is_whole:  # what is waited for now is the end of the connection
            return await self._receive()
        message = await self._next()
        self._received += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        if self._received > self._size.most:
            self.refusal = self._size.refusal()
            raise _Refused
        return message

    async def _next(self) -> Message:
        elapsed = time.monotonic() - self._began
        try:
            async with asyncio.timeout(self._requests.seconds(self._received) - elapsed):
                return await self._receive()
        except TimeoutError:
            self.refusal = _refusal(408, self._requests.too_slow)
            self.refusal.headers["Connection"] = "close"
            raise _Refused from None


def _refusal(status: int, sentence: Localized[str]) -> Response:
    return JSONResponse({"detail": sentence.of_request()}, status)


def _declared_length(scope: Scope) -> int:
    given = Headers(scope=scope).get("content-length", "")
    return int(given) if re.fullmatch(r"[0-9]{1,18}", given) else 0
