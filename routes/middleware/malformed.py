"""What no part of the program should have to understand is refused before any of them is asked."""

import logging
import re

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from access.guard.origins import is_host
from access.login.base import is_health_check
from chat.wording.refusals import FAILED
from common.failures import in_one_line
from common.recorder import NO_RECORDER, Recorder

logger = logging.getLogger("keepchat")

SERVER_ERROR = 500
LONGEST_HEAD = 65_536  # bytes; h11 has the same limit for what comes in pieces
HEAD_TOO_LONG = "The head of the request is too long."
LONGEST_PATH = 4_096  # characters
LONGEST_NAME = 255  # bytes of one part of it, as file systems have it
# Two of them would be read differently by different parts of the program.
SINGLE = ("host", "origin")  # who it is, the login judges
FILES = "/files/"  # whose links end in names of any length, which are not looked at
_COOKIE = re.compile(rb" *[A-Za-z0-9!#$%&'*+.^_`|~-]+ *=[\t -~]*")


class WellFormed:
    """The middleware: refuses addresses and hosts that are none, leaves out cookies that are none,
    and answers what went wrong.

    A failure that nobody has foreseen is one line of the log and a 500 without details. A recorder
    is told of all answers that are errors of ours.
    """

    def __init__(self, app: ASGIApp, prefix: str = "", recorder: Recorder = NO_RECORDER) -> None:
        self._app = app
        self._prefix = prefix
        self._files = prefix + FILES
        self._recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif refusal := self._refusal(scope):
            answer = refusal if scope["type"] == "http" else WebSocketClose(code=1008)
            await answer(scope, receive, send)
        else:
            await self._answer(with_plain_cookies(scope), receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        path, headers = scope["path"], Headers(scope=scope)
        if _size(scope) > LONGEST_HEAD:
            return _refused(431, HEAD_TOO_LONG)
        if any(len(headers.getlist(name)) > 1 for name in SINGLE):
            return _refused(400, f"Of {', '.join(SINGLE)} a request has one header each.")
        if not is_host(headers.get("host", "localhost")):
            return _refused(400, "The Host header names no host.")
        if len(path) > LONGEST_PATH:
            return _refused(414, "The address is too long.")
        if "\0" in path or b"%00" in scope["query_string"]:
            return _refused(400, "The address has a NUL character in it.")
        if not path.startswith(self._files) and _longest_part(path) > LONGEST_NAME:
            return _refused(404, "Nothing here has so long a name.")
        return None

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            self._count(scope, message)
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as exc:  # whatever it is
            if scope["type"] == "websocket" and isinstance(exc, OSError):
                raise  # somebody has gone, as the server knows
            method = scope.get("method", scope["type"])
            logger.error(  # noqa: TRY400 - in one line
                "%s %s failed: %s", method, scope["path"][:200], in_one_line(exc)
            )
            if scope["type"] == "websocket":
                await WebSocketClose(code=1011)(scope, receive, send)
            elif not has_begun:  # else the server breaks it off
                await _refused(500, FAILED.of_request())(scope, receive, noting)

    def _count(self, scope: Scope, message: Message) -> None:
        status = message.get("status", 0)  # of the start of an answer
        if status >= SERVER_ERROR and not is_health_check(scope, self._prefix):
            self._recorder.error(f"http_{status}")


def with_plain_cookies(scope: Scope) -> Scope:
    """Return the request with those cookies alone that have a name, and are ASCII.

    Requests and sockets decode others in two ways, so that one who is judged by the one might be
    somebody else by the other; and no answer can take away what has no proper name.
    """
    headers = [
        (name, _plain(value) if name.lower() == b"cookie" else value)
        for name, value in scope["headers"]
    ]
    return {**scope, "headers": headers}


def _plain(cookies: bytes) -> bytes:
    return b";".join(it for it in cookies.split(b";") if _COOKIE.fullmatch(it))


async def invalid(request: Request, exc: Exception) -> JSONResponse:  # noqa: ARG001 - FastAPI's
    """Answer 422 to what has not the form that a route asks for.

    What was sent is not repeated: it may be what JSON cannot say.
    """
    errors = exc.errors() if isinstance(exc, RequestValidationError) else []
    said = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in errors[:5]]
    detail = f"The request has not the form that is asked for. {'; '.join(said)}"
    return _refused(422, detail.encode(errors="replace").decode())


def _size(scope: Scope) -> int:
    named = sum(len(name) + len(value) for name, value in scope["headers"])
    return named + len(scope["query_string"])


def _longest_part(path: str) -> int:
    return max(len(part.encode(errors="replace")) for part in path.split("/"))


def _refused(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"detail": sentence}, status)
