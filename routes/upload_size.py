"""The middleware that ends an upload which is too large, before it is stored anywhere."""

import re
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qs

from chainlit.session import WebsocketSession
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.guard.limits import UploadLimits
from routes.uploads import NO_SESSION, PATH

_MAX_DRAINED = 200_000_000  # bytes that are taken and dropped so that a browser hears the answer


class UploadSize:
    """The middleware: judges the declared length, and counts what comes in."""

    def __init__(
        self,
        app: ASGIApp,
        limits: UploadLimits,
        prefix: str = "",
        is_session: Callable[[str], bool] = lambda one: WebsocketSession.get_by_id(one) is not None,
    ) -> None:
        self._app = app
        self._is_session = is_session
        self._limits = limits
        self._path = prefix + PATH

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self._path or scope["method"] != "POST":
            await self._app(scope, receive, send)
        elif not self._is_session(_session_id(scope)):
            await JSONResponse({"detail": NO_SESSION}, 404)(scope, receive, send)
        elif (declared := _declared_length(scope)) > self._limits.body:
            if declared <= _MAX_DRAINED:
                await _drain(receive)
            await self._refusal()(scope, receive, send)
        else:
            await self._pass_counting(scope, receive, send)

    async def _pass_counting(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _CountedBody(receive, self._limits.body)

        async def send_unless_too_large(message: Message) -> None:
            if not body.is_over:
                await send(message)

        with suppress(_TooLarge):
            await self._app(scope, body.receive, send_unless_too_large)
        if body.is_over:
            await self._refusal()(scope, receive, send)

    def _refusal(self) -> Response:
        return JSONResponse({"detail": self._limits.too_large}, 413, {"Connection": "close"})


class _TooLarge(Exception):
    """The body has more bytes than are allowed."""


class _CountedBody:
    """Hands a body on until it is too large."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most
        self.is_over = False

    async def receive(self) -> Message:
        """Return the next message; raises `_TooLarge`."""
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.is_over = True
            raise _TooLarge
        return message


def _session_id(scope: Scope) -> str:
    query: bytes = scope["query_string"]
    return parse_qs(query.decode("latin-1")).get("session_id", [""])[0]


def _declared_length(scope: Scope) -> int:
    given = Headers(scope=scope).get("content-length", "")
    return int(given) if re.fullmatch(r"[0-9]{1,18}", given) else 0


async def _drain(receive: Receive) -> None:
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass
