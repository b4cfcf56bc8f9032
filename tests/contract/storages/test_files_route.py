"""The files route over every storage, streamed and redirected."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from chainlit.auth import get_current_user
from chainlit.user import User
from fastapi import FastAPI

from datalayer.stores.base import Store
from datalayer.stores.sql.sqlite.store import SqliteStore
from datalayer.writes import FinishElement
from routes.files.content import present
from routes.files.links import SignedLinks
from routes.files.route import files_router
from storage.base import Storage
from storage.errors import StorageDenied
from storage.local.storage import LocalStorage
from tests.support.builders import ALICE, clock, new_id, save, upload
from tests.support.marks import on
from tests.support.storages import LINKING

CONTENT = bytes(range(256)) * 8_192  # 2 MB
NAME = "my file #1?.png"


@pytest.fixture
async def sqlite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Store]:
    store = SqliteStore(tmp_path_factory.mktemp("store") / "keepchat.db")
    await store.migrate()
    yield store
    await store.close()


@pytest.fixture
async def client(sqlite: Store, storage: Storage) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.include_router(files_router(sqlite, storage, "/chat"))
    app.include_router(files_router(sqlite, storage, "/linked", links=SignedLinks(storage)))
    app.dependency_overrides[get_current_user] = lambda: User(identifier=ALICE)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


async def add(store: Store, storage: Storage, content: bytes = CONTENT, **fields: str) -> str:
    """Store a file; returns the path below the route's prefix."""
    write = upload(new_id(), **{"name": NAME, "type": "image", "mime": "image/png", **fields})
    await save(store, write)
    key = str(write.fields["objectKey"])
    receipt = await storage.put(key, content, mime="image/png", filename=NAME)
    finish = FinishElement(
        id=write.id,
        thread_id=write.thread_id,
        object_key=key,
        size=receipt.size,
        sha256=receipt.sha256,
        revision=clock.next(),
    )
    await save(store, finish)
    return f"/files/{write.thread_id}/{write.id}/any"


async def test_a_file_is_streamed(
    client: httpx2.AsyncClient, sqlite: Store, storage: Storage
) -> None:
    path = f"/chat{await add(sqlite, storage)}"
    whole = await client.get(path)
    assert (whole.status_code, whole.content) == (200, CONTENT)
    assert whole.headers["content-type"] == "image/png"
    assert whole.headers["content-disposition"].startswith("inline; ")
    tag = f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    assert whole.headers["etag"] == tag
    head = await client.head(path)
    assert (head.headers["content-length"], head.content) == (str(len(CONTENT)), b"")
    part = await client.get(path, headers={"Range": "bytes=1000000-1000009"})
    assert (part.status_code, part.content) == (206, CONTENT[1_000_000:1_000_010])
    assert part.headers["content-range"] == f"bytes 1000000-1000009/{len(CONTENT)}"
    last = await client.get(path, headers={"Range": "bytes=-5"})
    assert last.content == CONTENT[-5:]
    behind = await client.get(path, headers={"Range": f"bytes={len(CONTENT)}-"})
    assert behind.status_code == 416
    same = await client.get(path, headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")


async def test_an_empty_file(client: httpx2.AsyncClient, sqlite: Store, storage: Storage) -> None:
    answer = await client.get(f"/chat{await add(sqlite, storage, b'')}")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("prefix", ["/chat", "/linked"])
async def test_a_file_that_was_lost(
    client: httpx2.AsyncClient, sqlite: Store, storage: Storage, prefix: str
) -> None:
    path = await add(sqlite, storage, type="text")
    await storage.delete([f"{path.split('/')[2]}/{path.split('/')[3]}"])
    answer = await client.get(f"{prefix}{path}")
    assert answer.status_code == 404
    assert "There is no such file" in answer.text
    assert (await client.head(f"{prefix}{path}")).status_code == 404


KINDS = [
    ("image", "image/png", "image/png", "inline"),
    ("video", "video/mp4", "video/mp4", "inline"),
    ("audio", "audio/mpeg", "audio/mpeg", "inline"),
    ("file", "text/csv", "text/csv", "attachment"),
    ("file", "text/html", "application/octet-stream", "attachment"),
    ("image", "image/svg+xml", "image/svg+xml", "attachment"),
]


@pytest.mark.parametrize("storage", on(*LINKING), indirect=True)
@pytest.mark.parametrize(("kind", "mime", "sent", "disposition"), KINDS)
async def test_media_and_downloads_are_redirected(
    client: httpx2.AsyncClient,
    sqlite: Store,
    storage: Storage,
    kind: str,
    mime: str,
    sent: str,
    disposition: str,
) -> None:
    path = f"/linked{await add(sqlite, storage, type=kind, mime=mime)}"
    answer = await client.get(path)
    assert answer.status_code == 307
    assert answer.headers["cache-control"] == "private, no-store"
    link = answer.headers["location"]
    parts = urlsplit(link)
    assert f"{parts.scheme}://{parts.netloc}" == await SignedLinks(storage).origin()
    async with httpx2.AsyncClient() as browser:
        found = await browser.get(link, headers={"Range": "bytes=10-19"})
    assert (found.status_code, found.content) == (206, CONTENT[10:20])
    assert found.headers["content-type"] == sent
    assert found.headers["content-disposition"].startswith(f"{disposition}; ")
    assert "my%20file%20%231%3F.png" in found.headers["content-disposition"] or (
        "my%20file%20#1" in found.headers["content-disposition"]
    )
    head = await client.head(path)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(CONTENT)))


@pytest.mark.parametrize("kind", ["text", "dataframe", "plotly", "tasklist", "custom", "pdf"])
async def test_what_scripts_read_is_streamed(
    client: httpx2.AsyncClient, sqlite: Store, storage: Storage, kind: str
) -> None:
    answer = await client.get(f"/linked{await add(sqlite, storage, type=kind)}")
    assert (answer.status_code, answer.content) == (200, CONTENT)


async def test_a_storage_without_links_streams_all_the_same(
    client: httpx2.AsyncClient, sqlite: Store, storage: Storage
) -> None:
    answer = await client.get(f"/linked{await add(sqlite, storage)}")
    linking = await SignedLinks(storage).origin() != ""
    assert answer.status_code == (307 if linking else 200)


class UnsignedStorage(LocalStorage):
    """Has links that it cannot sign, or not in time."""

    hangs = False

    async def read_url(self, key: str, expires: int, **headers: Any) -> str | None:
        if self.hangs:
            await asyncio.Event().wait()
        message = "no right to sign"
        raise StorageDenied(message)


@pytest.mark.parametrize("hangs", [False, True])
async def test_what_cannot_be_linked_is_streamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    monkeypatch.setattr("routes.files.links.WAIT_S", 0.01)
    storage = UnsignedStorage(tmp_path)
    storage.hangs = hangs
    links = SignedLinks(storage)
    shown = present("image", "image/png")
    assert await links.origin() == ""
    assert await links.to("a/b", "a.png", shown) is None
    links._origin = "https://files.example"  # as it was found before the right was taken away
    if not hangs:
        assert await links.to("a/b", "a.png", shown) is None
    await links.close()
    await storage.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("prefix", ["/chat", "/linked"])
async def test_nobody_else_is_given_a_link(
    client: httpx2.AsyncClient, sqlite: Store, storage: Storage, prefix: str
) -> None:
    path = f"{prefix}{await add(sqlite, storage)}"
    transport = client._transport
    assert isinstance(transport, httpx2.ASGITransport)
    app = transport.app
    assert isinstance(app, FastAPI)
    app.dependency_overrides[get_current_user] = lambda: User(identifier="mallory")
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "location" not in answer.headers
