"""The route `/files/{thread}/{element}/{name}`, the only link to a file that is ever shown.

The bytes are streamed through our own origin to whoever may read the thread. A foreign file and
one that does not exist get the same answer.
"""

import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack

from chainlit.server import UserParam
from fastapi import APIRouter, Request
from starlette.datastructures import Headers
from starlette.responses import (
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.types import Receive, Scope, Send

from access.guard.away import try_again
from access.guard.readers import may_read
from chat.wording.refusals import FILE_LOST, NO_FILE, SIGN_IN_FOR_FILE
from chat.wording.unavailable import FILE_AWAY
from datalayer.errors import StoreUnavailable
from datalayer.records import ElementRecord
from datalayer.stores.base import ThreadReads
from datalayer.values import as_id
from routes.files.content import GUARDED, Presentation, headers, present
from routes.files.links import SignedLinks
from routes.files.ranges import content_range, etag, is_unchanged, parse_range, wanted_range
from storage.base import ByteRange, Storage
from storage.errors import InvalidKey, ObjectMissing, RangeNotSatisfiable, StorageError

_log = logging.getLogger(__name__)

_SENTENCE_HEADERS = {
    **GUARDED,
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'self'",
}


def files_router(
    reads: ThreadReads,
    storage: Storage,
    prefix: str,
    *,
    sharing: bool = False,
    links: SignedLinks | None = None,
) -> APIRouter:
    """Return the route, to be placed before Chainlit's own; `prefix` is its root path.

    With `links` it redirects to them what may come from elsewhere.
    """
    router = APIRouter(prefix=prefix)

    async def get_file(
        request: Request, thread_id: str, element_id: str, user: UserParam
    ) -> Response:
        if user is None:
            return _sentence(401, SIGN_IN_FOR_FILE.of_request())
        try:
            element = None
            if await may_read(reads, user, thread_id, sharing=sharing):
                element = await _find(reads, thread_id, element_id)
        except StoreUnavailable:
            _log.warning("element %s not served: the database is away", element_id)
            return _later(request.scope)
        key = element.fields.get("objectKey") if element else None
        if element is None or not isinstance(key, str) or not key:
            return _missing()
        return _FileResponse(storage, element, key, request, links)

    # The name is decoration: it may hold anything, an escaped slash too, and is not looked at.
    path = "/files/{thread_id}/{element_id}/{name:path}"
    router.add_api_route(path, get_file, methods=["GET", "HEAD"], include_in_schema=False)
    return router


async def _find(reads: ThreadReads, thread_id: str, element_id: str) -> ElementRecord | None:
    thread, element = as_id(thread_id), as_id(element_id)
    return await reads.get_element(thread, element) if thread and element else None


class _FileResponse(Response):
    """Opens the object only while it is being sent, so that it is closed however that ends."""

    def __init__(
        self,
        storage: Storage,
        element: ElementRecord,
        key: str,
        request: Request,
        links: SignedLinks | None,
    ) -> None:
        super().__init__()
        self._links = links
        self._shown = present(element.fields.get("type"), element.fields.get("mime"))
        self._storage = storage
        self._element = element
        self._key = key
        self._method = request.method
        self._asked = request.headers
        self._tag = etag(element.sha256)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as stack:
            try:
                response = await self._response(stack)
            except StorageError as exc:
                response = self._failure(scope, exc)
            await response(scope, receive, send)

    async def _response(self, stack: AsyncExitStack) -> Response:
        described = _file_headers(self._element, self._shown, self._tag)
        if is_unchanged(self._asked.get("if-none-match"), self._tag):
            return Response(status_code=304, headers=described)
        if self._method == "GET" and (link := await self._link()):
            return RedirectResponse(link, 307, GUARDED)
        if self._method == "HEAD":
            async with self._storage.open(self._key) as opened:  # which may have been lost
                return Response(headers=described | {"Content-Length": str(opened.size)})
        size = await self._size()
        try:
            return await self._stream(stack, _range(self._asked, self._tag, size), described)
        except RangeNotSatisfiable:
            return _sentence(
                416,
                "The file ends before the range that was asked for.",
                {"Content-Range": f"bytes */{size}"},
            )

    async def _link(self) -> str | None:
        if self._links is None:
            return None
        return await self._links.to(self._key, self._element.fields.get("name"), self._shown)

    async def _stream(
        self, stack: AsyncExitStack, byte_range: ByteRange | None, described: Mapping[str, str]
    ) -> Response:
        opened = await stack.enter_async_context(self._storage.open(self._key, byte_range))
        measured = {**described, "Content-Length": str(opened.length)}
        if byte_range is None:
            return StreamingResponse(opened.body, headers=measured)
        measured["Content-Range"] = content_range(opened.start, opened.length, opened.size)
        return StreamingResponse(opened.body, status_code=206, headers=measured)

    async def _size(self) -> int:
        if self._element.size is not None:
            return self._element.size
        async with self._storage.open(self._key) as opened:
            return opened.size

    def _failure(self, scope: Scope, exc: StorageError) -> Response:
        if isinstance(exc, ObjectMissing | InvalidKey):
            _log.error("element %s: its file %r is missing: %s", self._element.id, self._key, exc)
            return _sentence(404, FILE_LOST.of_request())
        _log.error("element %s: its file %r cannot be read: %s", self._element.id, self._key, exc)
        return _later(scope)


def _range(asked: Headers, tag: str | None, size: int) -> ByteRange | None:
    header = wanted_range(asked.get("range"), asked.get("if-range"), tag)
    return parse_range(header, size)


def _file_headers(element: ElementRecord, shown: Presentation, tag: str | None) -> dict[str, str]:
    tagged = {"ETag": tag} if tag else {}
    return {**headers(shown, element.fields.get("name")), "Accept-Ranges": "bytes", **tagged}


def _sentence(status: int, text: str, more: Mapping[str, str] | None = None) -> Response:
    return PlainTextResponse(text, status, {**_SENTENCE_HEADERS, **(more or {})})


def _missing() -> Response:
    return _sentence(404, NO_FILE.of_request())


def _later(scope: Scope) -> Response:
    answer = try_again(scope, FILE_AWAY)
    answer.headers.update(_SENTENCE_HEADERS)
    return answer
