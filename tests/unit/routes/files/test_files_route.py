"""The files route behind Chainlit's own compressing middleware, over a real folder."""

import asyncio
import gzip
import hashlib
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import httpx
import pytest
from chainlit.auth import get_current_user
from chainlit.server import SafariWebSocketsCompatibleGZipMiddleware
from chainlit.user import User
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Scope

from datalayer.errors import StoreUnavailable
from datalayer.records import ElementRecord
from datalayer.stores.base import Store
from datalayer.values import Json
from routes.files.route import files_router
from storage.base import ByteRange, OpenObject
from storage.errors import StorageDenied, StorageUnavailable
from storage.local.storage import LocalStorage

THREAD = str(uuid.uuid4())
CONTENT = b"0123456789" * 100_000  # several chunks, and worth compressing
SHA256 = hashlib.sha256(CONTENT).hexdigest()
TAG = f'"{SHA256}"'


@dataclass
class FakeStore:
    """The reads that the route makes."""

    author: str | None = "ada"
    metadata: dict[str, Json] = field(default_factory=dict)
    elements: dict[str, ElementRecord] = field(default_factory=dict)
    away: bool = False

    async def get_thread_author(self, thread_id: str) -> str | None:
        if self.away:
            raise StoreUnavailable
        return self.author if thread_id == THREAD else None

    async def get_thread_metadata(self, thread_id: str) -> Mapping[str, Json] | None:
        return self.metadata if thread_id == THREAD else None

    async def get_element(self, thread_id: str, element_id: str) -> ElementRecord | None:
        return self.elements.get(element_id) if thread_id == THREAD else None


class WatchedStorage(LocalStorage):
    """Counts the objects that are open, and fails on demand."""

    opened = 0
    still_open = 0
    fault: Exception | None = None

    @asynccontextmanager
    async def open(
        self, key: str, byte_range: ByteRange | None = None
    ) -> AsyncIterator[OpenObject]:
        if self.fault:
            raise self.fault
        async with super().open(key, byte_range) as found:
            self.opened += 1
            self.still_open += 1
            try:
                yield found
            finally:
                self.still_open -= 1


@dataclass
class House:
    """All the parts of a test."""

    store: FakeStore
    storage: WatchedStorage
    app: FastAPI
    client: httpx.AsyncClient

    async def add(
        self,
        content: bytes = CONTENT,
        *,
        key: str | None = "",
        **fields: str | None,
    ) -> ElementRecord:
        """Store an element with its bytes; returns its record."""
        element_id = str(uuid.uuid4())
        object_key = f"{THREAD}/{element_id}" if key == "" else key
        if object_key:
            await self.storage.put(object_key, content, mime="")
        element = ElementRecord(
            id=element_id,
            thread_id=THREAD,
            revision=1,
            fields={"type": "file", "name": "data.bin", "objectKey": object_key, **fields},
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        self.store.elements[element_id] = element
        return element

    async def get(self, element: ElementRecord, **headers: str) -> httpx.Response:
        return await self.ask("GET", element, **headers)

    async def ask(self, method: str, element: ElementRecord, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(method, url_of(element), headers=sent)


def url_of(element: ElementRecord, name: str = "any.bin") -> str:
    return f"/chat/files/{element.thread_id}/{element.id}/{name}"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    store, storage = FakeStore(), WatchedStorage(tmp_path)
    app = FastAPI(middleware=[Middleware(SafariWebSocketsCompatibleGZipMiddleware)])
    app.include_router(files_router(cast(Store, store), storage, "/chat"))
    app.include_router(files_router(cast(Store, store), storage, "/shared", sharing=True))
    app.dependency_overrides[get_current_user] = lambda: User(identifier="ada")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield House(store, storage, app, client)
    await storage.close()
    assert storage.still_open == 0


def assert_guarded(response: httpx.Response) -> None:
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "private, no-store"
    assert response.headers["cross-origin-resource-policy"] == "same-origin"
    assert "default-src 'none'" in response.headers["content-security-policy"]


def assert_refused(response: httpx.Response, status: int, sentence: str) -> None:
    assert response.status_code == status
    assert sentence in response.text
    kind = "application/json" if status == 503 else "text/plain; charset=utf-8"
    assert response.headers["content-type"] == kind
    assert_guarded(response)


# The whole file


async def test_get(house: House) -> None:
    element = await house.add(name="élan.bin")
    response = await house.get(element)
    assert response.status_code == 200
    assert response.content == CONTENT
    assert_guarded(response)
    expected = {
        "accept-ranges": "bytes",
        "content-disposition": "attachment; filename=\"_lan.bin\"; filename*=UTF-8''%C3%A9lan.bin",
        "content-length": str(len(CONTENT)),
        "content-type": "application/octet-stream",
        "etag": TAG,
    }
    assert {name: response.headers[name] for name in expected} == expected


@pytest.mark.parametrize("accepted", ["gzip, deflate, br", "gzip;q=1.0", "identity", "*"])
@pytest.mark.parametrize("element_type", ["text", "plotly", "pdf", "file", "audio", "image"])
async def test_nothing_is_compressed(house: House, element_type: str, accepted: str) -> None:
    element = await house.add(type=element_type, mime="image/svg+xml")
    headers = {"accept-encoding": accepted}
    async with house.client.stream("GET", url_of(element), headers=headers) as response:
        assert response.headers["content-length"] == str(len(CONTENT))
        assert response.headers["etag"] == TAG
        assert response.headers["content-encoding"] == "identity"
        assert b"".join([piece async for piece in response.aiter_raw()]) == CONTENT


async def test_the_middleware_would_compress(house: House) -> None:
    """Keeps the test above honest."""

    @house.app.get("/plain")
    async def plain() -> str:
        return "x" * 10_000

    response = await house.client.get("/plain", headers={"accept-encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"


async def test_a_compressed_file_stays_as_it_is(house: House) -> None:
    content = gzip.compress(CONTENT)
    response = await house.get(await house.add(content, mime="application/gzip"))
    assert response.content == content


async def test_an_empty_file(house: House) -> None:
    element = await house.add(b"", type="text")
    response = await house.get(element)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == "0"
    assert (await house.get(element, range="bytes=0-")).status_code == 416
    assert (await house.get(element, range="bytes=-5")).status_code == 200


@pytest.mark.parametrize(
    ("fields", "media_type", "disposition"),
    [
        ({"type": "image", "mime": "image/png"}, "image/png", "inline"),
        ({"type": "image", "mime": "image/svg+xml"}, "image/svg+xml", "attachment"),
        ({"type": "text", "mime": "text/html"}, "text/plain; charset=utf-8", "inline"),
        ({"type": "dataframe", "mime": "x/json"}, "text/plain; charset=utf-8", "inline"),
        ({"type": "plotly"}, "application/json", "inline"),
        ({"type": "pdf"}, "application/pdf", "inline"),
        ({"type": "video", "mime": "video/mp4"}, "video/mp4", "inline"),
        ({"type": "file", "mime": "text/html"}, "application/octet-stream", "attachment"),
    ],
)
async def test_content_types(
    house: House, fields: Mapping[str, str], media_type: str, disposition: str
) -> None:
    response = await house.get(await house.add(b"x", **fields))
    assert response.headers["content-type"] == media_type
    assert response.headers["content-disposition"].startswith(f"{disposition};")
    assert_guarded(response)


async def test_headers_cannot_be_injected(house: House) -> None:
    bad = "a\r\nSet-Cookie: x=1"
    response = await house.get(await house.add(b"x", name=bad, mime=f"audio/{bad}", type="audio"))
    assert response.status_code == 200
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("name", ["any", "", "a%2Fb/c", "%0dX: 1", "..%2f..%2fetc", "文 件#?x"])
async def test_the_name_in_the_link_is_decoration(house: House, name: str) -> None:
    element = await house.add(b"x", name="stored.txt")
    response = await house.client.get(url_of(element, name))
    assert response.content == b"x"
    assert 'filename="stored.txt"' in response.headers["content-disposition"]


async def test_ids_in_another_spelling(house: House) -> None:
    element = await house.add(b"x")
    response = await house.get(replace(element, id=element.id.upper()))
    assert response.content == b"x"


# HEAD and conditions


@pytest.mark.parametrize("knows_size", [True, False])
async def test_head(house: House, knows_size: bool) -> None:
    element = await house.add(type="text")
    if not knows_size:
        house.store.elements[element.id] = replace(element, size=None)
    whole = await house.get(element)
    opened = house.storage.opened
    head = await house.ask("HEAD", element, range="bytes=0-1", accept_encoding="gzip")
    assert head.status_code == 200
    assert head.content == b""
    assert dict(head.headers) == dict(whole.headers)
    assert house.storage.opened == opened + 1  # what is lost is not there for HEAD either


async def test_not_modified(house: House) -> None:
    element = await house.add()
    response = await house.get(element, if_none_match=f'"x", W/{TAG}', range="bytes=0-1")
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == TAG
    assert "content-length" not in response.headers
    assert_guarded(response)
    assert house.storage.opened == 0
    assert (await house.get(element, if_none_match='"x"')).content == CONTENT


async def test_without_a_hash_there_is_no_tag(house: House) -> None:
    element = await house.add()
    house.store.elements[element.id] = replace(element, sha256=None)
    response = await house.get(element, if_none_match="*")
    assert response.content == CONTENT
    assert "etag" not in response.headers


# Ranges


@pytest.mark.parametrize("knows_size", [True, False])
@pytest.mark.parametrize("element_type", ["text", "video"])
@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-", 0, 999_999),
        ("bytes=0-0", 0, 0),
        ("bytes=300000-800000", 300_000, 800_000),
        ("bytes=-700", 999_300, 999_999),
        ("bytes=999990-9999999", 999_990, 999_999),
    ],
)
async def test_range(
    house: House, asked: str, start: int, end: int, element_type: str, knows_size: bool
) -> None:
    element = await house.add(type=element_type, mime="video/mp4")
    if not knows_size:
        house.store.elements[element.id] = replace(element, size=None)
    response = await house.get(element, range=asked, accept_encoding="gzip")
    assert response.status_code == 206
    assert response.content == CONTENT[start : end + 1]
    assert response.headers["content-range"] == f"bytes {start}-{end}/1000000"
    assert response.headers["content-length"] == str(end - start + 1)
    assert response.headers["etag"] == TAG
    assert_guarded(response)


@pytest.mark.parametrize("asked", ["bytes=1000000-", "bytes=-0"])
async def test_range_behind_the_end(house: House, asked: str) -> None:
    response = await house.get(await house.add(), range=asked)
    assert_refused(response, 416, "ends before")
    assert response.headers["content-range"] == "bytes */1000000"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=5-2", "lines=1-2", "nonsense"])
async def test_other_ranges_give_the_whole(house: House, asked: str) -> None:
    response = await house.get(await house.add(), range=asked)
    assert (response.status_code, response.content) == (200, CONTENT)


@pytest.mark.parametrize(
    ("if_range", "status"), [(TAG, 206), ('"other"', 200), (f"W/{TAG}", 200), ("a date", 200)]
)
async def test_if_range(house: House, if_range: str, status: int) -> None:
    element = await house.add()
    response = await house.get(element, range="bytes=0-1", if_range=if_range)
    assert response.status_code == status


# Who may


async def test_nobody_is_signed_in(house: House) -> None:
    element = await house.add()
    house.app.dependency_overrides[get_current_user] = lambda: None
    assert_refused(await house.get(element), 401, "Sign in")


@pytest.mark.parametrize(
    ("prefix", "is_shared", "status"),
    [
        ("/shared", True, 200),
        ("/shared", False, 404),
        ("/shared", "true", 404),
        ("/shared", None, 404),
        ("/chat", True, 404),
    ],
)
async def test_a_foreign_file_is_read_only_while_it_is_shared(
    house: House, prefix: str, is_shared: Json, status: int
) -> None:
    element = await house.add()
    house.store.author, house.store.metadata = "bob", {"is_shared": is_shared}
    path = url_of(element).replace("/chat", prefix, 1)
    assert (await house.client.get(path)).status_code == status
    house.app.dependency_overrides[get_current_user] = lambda: None
    assert (await house.client.get(path)).status_code == 401


def foreign(house: House, element: ElementRecord) -> str:
    house.store.author = "bob"
    return url_of(element)


def ownerless(house: House, element: ElementRecord) -> str:
    house.store.author = None
    return url_of(element)


def other_thread(house: House, element: ElementRecord) -> str:
    return url_of(replace(element, thread_id=str(uuid.uuid4())))


def other_element(house: House, element: ElementRecord) -> str:
    return url_of(replace(element, id=str(uuid.uuid4())))


def no_thread_id(house: House, element: ElementRecord) -> str:
    return url_of(replace(element, thread_id="1"))


def no_element_id(house: House, element: ElementRecord) -> str:
    return url_of(replace(element, id="..%2F.."))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "change", [foreign, ownerless, other_thread, other_element, no_thread_id, no_element_id]
)
async def test_what_is_not_yours_does_not_exist(
    house: House, method: str, change: Callable[[House, ElementRecord], str]
) -> None:
    element = await house.add()
    url = change(house, element)
    response = await house.client.request(method, url, headers={"if-none-match": TAG})
    assert response.status_code == 404
    sentence = "There is no such file, or it is not yours to see."
    assert response.text == (sentence if method == "GET" else "")
    assert "etag" not in response.headers
    assert_guarded(response)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_only_reading(house: House, method: str) -> None:
    assert (await house.ask(method, await house.add())).status_code == 405


# What can go wrong


@pytest.mark.parametrize("key", [None, "gone/file", "../../etc/passwd"])
async def test_a_file_that_is_missing(
    house: House, key: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    element = await house.add(key=None)
    lost = replace(element, fields={**element.fields, "objectKey": key})
    house.store.elements[element.id] = lost
    assert_refused(await house.get(element), 404, "no such file")
    if key:
        assert repr(key) in caplog.text
        assert element.id in caplog.text


@pytest.mark.parametrize("fault", [StorageUnavailable("away"), StorageDenied("refused")])
async def test_the_storage_is_away(
    house: House, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    element = await house.add()
    house.storage.fault = fault
    response = await house.get(element)
    assert_refused(response, 503, "Try again")
    assert response.headers["retry-after"] == "5"
    assert str(fault) in caplog.text
    assert (await house.ask("HEAD", element)).status_code == 503


async def test_the_database_is_away(house: House, caplog: pytest.LogCaptureFixture) -> None:
    element = await house.add()
    house.store.away = True
    with caplog.at_level(logging.WARNING):
        assert_refused(await house.get(element), 503, "Try again")
    assert element.id in caplog.text


def scope_of(element: ElementRecord, spec_version: str) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": spec_version},
        "http_version": "1.1",
        "method": "GET",
        "path": url_of(element),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(b"accept-encoding", b"gzip")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }


async def test_the_client_goes_away_before_the_start(house: House) -> None:
    await run_until_gone(house, "http.response.start")


async def test_the_client_goes_away_in_the_middle(house: House) -> None:
    await run_until_gone(house, "http.response.body")


async def run_until_gone(house: House, last: str) -> None:
    element = await house.add()

    async def send(message: Message) -> None:
        if message["type"] == last:
            assert house.storage.still_open == 1
            raise BrokenPipeError

    with pytest.raises(ClientDisconnect):
        await cast(ASGIApp, house.app)(scope_of(element, "2.4"), never, send)
    assert house.storage.still_open == 0


async def never() -> Message:
    raise AssertionError


async def test_the_client_hangs_up_with_an_older_server(house: House) -> None:
    element = await house.add()
    sent: list[Message] = []
    gone = asyncio.Event()

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) > 1:
            gone.set()
            await asyncio.Event().wait()

    async with asyncio.timeout(5):
        await cast(ASGIApp, house.app)(scope_of(element, "2.3"), receive, send)
    assert sent
    assert house.storage.opened == 1
    assert house.storage.still_open == 0
