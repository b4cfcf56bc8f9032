"""What may be uploaded: how large, how many, of which types.

Chainlit reads a whole body before it judges its size, believes the type that was declared and
never counts. Here the size is judged while the body comes in, the type by what is in the file.
"""

import json
import re
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from weakref import WeakKeyDictionary

from chainlit.config import SpontaneousFileUploadFeature, config
from chainlit.server import UserParam, sio, upload_file
from chainlit.session import WebsocketSession
from fastapi import APIRouter, HTTPException, UploadFile
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.file_types import ANYTHING, HEAD_SIZE, allowed_as, named_type, shown_type

PATH = "/project/file"
MEGABYTE = 1_000_000  # as the page counts
_WRAPPING = 64_000  # bytes of a form around its file
_MAX_DRAINED = 200_000_000  # bytes that are taken and dropped so that a browser hears the answer
# The page does not tell which files are taken out again before the message is sent: so many times
# a message's files may wait.
_SPARE = 5
_NO_SESSION = "This page has lost its connection. Reload it."
OnMessage = Callable[[str, Any], Awaitable[Any]]
# Files of a session that wait for their message.
_waiting: "WeakKeyDictionary[WebsocketSession, set[str]]" = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """How many files a message takes, how large each may be, of which types and endings."""

    files: int
    megabytes: int
    types: tuple[str, ...]

    @property
    def body(self) -> int:
        """How many bytes a request with one file may have."""
        return self.megabytes * MEGABYTE + _WRAPPING

    @property
    def too_large(self) -> str:
        """The sentence about a file that is too large."""
        return f"A file may have {self.megabytes} MB at most."


def show_limits(limits: UploadLimits) -> None:
    """Let the page, and Chainlit's own check, know the limits."""
    config.features.spontaneous_file_upload = SpontaneousFileUploadFeature(
        enabled=True,
        accept=[ANYTHING] if ANYTHING in limits.types else accepted(limits.types),
        max_files=limits.files,
        max_size_mb=limits.megabytes,
    )


def accepted(types: tuple[str, ...]) -> dict[str, list[str]]:
    """Return types and endings as the page takes them: endings under their types."""
    found: dict[str, list[str]] = {one: [] for one in types if not one.startswith(".")}
    for ending in (one for one in types if one.startswith(".")):
        kind = named_type(f"file{ending}") or "application/octet-stream"
        if kind not in found or found[kind]:
            found.setdefault(kind, []).append(ending)
    return found


class UploadSize:
    """The middleware: ends an upload that is too large, before it is stored anywhere."""

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
            await JSONResponse({"detail": _NO_SESSION}, 404)(scope, receive, send)
        else:
            await self._judged(scope, receive, send)

    async def _judged(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared = _declared_length(scope)
        if declared > self._limits.body:
            if declared <= _MAX_DRAINED:
                await _drain(receive)
            await self._refusal()(scope, receive, send)
        else:
            await self._counted(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        counted = _Counted(receive, self._limits.body)

        async def send_unless_too_large(message: Message) -> None:
            if not counted.is_over:
                await send(message)

        with suppress(_TooLarge):
            await self._app(scope, counted.receive, send_unless_too_large)
        if counted.is_over:
            await self._refusal()(scope, receive, send)

    def _refusal(self) -> Response:
        return JSONResponse({"detail": self._limits.too_large}, 413, {"Connection": "close"})


class _TooLarge(Exception):
    """The body has more bytes than are allowed."""


class _Counted:
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


def uploads_router(limits: UploadLimits, prefix: str) -> APIRouter:
    """Return the upload's route, to be placed before Chainlit's own, which it calls."""
    router = APIRouter(prefix=prefix)

    async def post_file(
        current_user: UserParam,
        session_id: str,
        file: UploadFile,
        ask_parent_id: str | None = None,
    ) -> Response:
        session = WebsocketSession.get_by_id(session_id)
        if session is None:
            raise HTTPException(404, _NO_SESSION)
        judged = await _judged(file, limits)
        with _place(session, limits.files) as taken:
            reply: JSONResponse = await upload_file(current_user, session_id, judged, ask_parent_id)
            taken.add(json.loads(bytes(reply.body))["id"])
        return reply

    router.add_api_route(
        PATH, post_file, methods=["POST"], response_model=None, include_in_schema=False
    )
    return router


@contextmanager
def _place(session: WebsocketSession, most: int) -> Iterator[set[str]]:
    """Hold a place among the files that wait for their message while one more is stored."""
    waiting = _waiting.setdefault(session, set())
    if len(waiting) >= most * _SPARE:
        raise HTTPException(400, "Too many files wait for their message. Send it, or reload.")
    place = str(uuid.uuid4())
    waiting.add(place)
    try:
        yield waiting
    finally:
        waiting.discard(place)


async def _judged(file: UploadFile, limits: UploadLimits) -> UploadFile:
    """Return the file under the type that its content has; raises what the page shows."""
    name = file.filename or "file"
    if (file.size or 0) > limits.megabytes * MEGABYTE:
        raise HTTPException(413, limits.too_large)
    head = await file.read(HEAD_SIZE)
    await file.seek(0)
    if not head:
        raise HTTPException(400, f"“{name}” is empty.")
    allowed = allowed_as(head, name, limits.types)
    if allowed is None:
        raise HTTPException(400, f"“{name}” is not of a type that is taken here.")
    kind = shown_type(allowed, file.content_type) if ANYTHING in limits.types else allowed
    headers = Headers({"content-type": kind})
    return UploadFile(file.file, size=file.size, filename=name, headers=headers)


def guard_messages(most: int) -> None:
    """Take no more files with a message than are allowed."""
    sio.on("client_message", _counting(sio.handlers["/"]["client_message"], most))


def _counting(original: OnMessage, most: int) -> OnMessage:
    async def message(sid: str, payload: Any) -> Any:
        session = WebsocketSession.get(sid)
        if session is not None and isinstance(payload, dict):
            payload["fileReferences"] = first_references(payload.get("fileReferences"), most)
            _waiting.setdefault(session, set()).clear()
        return await original(sid, payload)

    return message


def first_references(given: Any, most: int) -> list[dict[str, str]]:
    """Return the files that a message names, each once, as many as it may have."""
    named = given if isinstance(given, list) else []
    ids = [one["id"] for one in named if isinstance(one, dict) and isinstance(one.get("id"), str)]
    return [{"id": one} for one in list(dict.fromkeys(ids))[:most]]
