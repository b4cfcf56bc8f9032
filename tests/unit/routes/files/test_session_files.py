"""The files of a session: whose they are, and as what they are sent."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from chainlit.auth import get_current_user
from chainlit.session import WebsocketSession, ws_sessions_id, ws_sessions_sid
from chainlit.user import User
from fastapi import FastAPI

from routes.files.session_files import session_files_router

ADA, BOB = User(identifier="ada"), User(identifier="bob")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[WebsocketSession]:
    opened = WebsocketSession(
        id=str(uuid.uuid4()),
        socket_id=str(uuid.uuid4()),
        emit=cast(Any, None),
        emit_call=cast(Any, None),
        user_env={},
        client_type="webapp",
        user=ADA,
    )
    opened.files["here"] = cast(Any, _file(tmp_path / "here.html", "text/html", b"<script>"))
    opened.files["gone"] = cast(Any, _file(tmp_path / "gone.txt", "text/plain", None))
    yield opened
    ws_sessions_id.pop(opened.id)
    ws_sessions_sid.pop(opened.socket_id)


def _file(path: Path, mime: str, content: bytes | None) -> dict[str, object]:
    if content is not None:
        path.write_bytes(content)
    return {"id": path.stem, "path": path, "name": "a\r\nb.html", "type": mime, "size": 1}


@pytest.fixture
async def page() -> AsyncIterator[tuple[httpx.AsyncClient, FastAPI]]:
    app = FastAPI()
    app.include_router(session_files_router(""))
    app.dependency_overrides[get_current_user] = lambda: ADA
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as browser:
        yield browser, app


async def test_a_file_is_sent_to_be_saved(
    page: tuple[httpx.AsyncClient, FastAPI], session: WebsocketSession
) -> None:
    reply = await page[0].get(f"/project/file/here?session_id={session.id}")
    assert (reply.status_code, reply.content) == (200, b"<script>")
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["content-disposition"].startswith('attachment; filename="a__b.html"')
    assert reply.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("who", [None, BOB], ids=["nobody", "bob"])
async def test_nobody_else_is_sent_it(
    page: tuple[httpx.AsyncClient, FastAPI], session: WebsocketSession, who: User | None
) -> None:
    page[1].dependency_overrides[get_current_user] = lambda: who
    reply = await page[0].get(f"/project/file/here?session_id={session.id}")
    assert reply.status_code == (404 if who else 401)


@pytest.mark.parametrize("file_id", ["gone", "unknown", "%00", "here%2f..%2fhere"])
async def test_what_is_not_there_is_said(
    page: tuple[httpx.AsyncClient, FastAPI], session: WebsocketSession, file_id: str
) -> None:
    reply = await page[0].get(f"/project/file/{file_id}?session_id={session.id}")
    assert reply.status_code == 404
    assert (await page[0].get("/project/file/here?session_id=unknown")).status_code in (401, 404)
