"""What may be uploaded: sizes while the body comes in, types by content, numbers."""

import json
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import httpx
import pytest
from chainlit.auth import get_current_user
from chainlit.config import config
from chainlit.server import sio
from chainlit.session import WebsocketSession
from chainlit.user import User
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import Message, Receive, Scope, Send

from patches.sockets import restore_handlers
from routes import uploads
from routes.uploads import UploadLimits, UploadSize, accepted, first_references, uploads_router
from tests.support import documents

ADA = User(identifier="ada")
LIMITS = UploadLimits(files=2, megabytes=1, types=("*/*",))
TOO_MANY = "Too many files wait for their message. Send it, or reload."
TOO_LARGE = "A file may have 1 MB at most."
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


# Limits


def test_the_page_gets_endings_under_their_types() -> None:
    assert accepted(("image/*", ".docx", ".txt", ".md", "text/plain")) == {
        "image/*": [],
        DOCX: [".docx"],
        "text/markdown": [".md"],
        "text/plain": [],
    }


def test_the_page_and_chainlit_know_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config.features, "spontaneous_file_upload", None)
    uploads.show_limits(LIMITS)
    shown = config.features.spontaneous_file_upload
    assert shown
    assert (shown.enabled, shown.accept) == (True, ["*/*"])
    assert (shown.max_files, shown.max_size_mb) == (2, 1)


# Sizes, while the body comes in


class Echo:
    """Reads a whole body and says how long it was."""

    received = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        more = True
        while more:
            message = await receive()
            self.received += len(message.get("body", b""))
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


class Forgiving(Echo):
    """Takes every error for one of its own, as FastAPI does when it parses a form."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except Exception:  # noqa: BLE001
            await send({"type": "http.response.start", "status": 400, "headers": []})
            await send({"type": "http.response.body", "body": b"parsing"})


def client(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


def guarded(app: Any) -> httpx.AsyncClient:
    return client(UploadSize(app, LIMITS, is_session=lambda one: one == "known"))


async def chunks(length: int) -> AsyncIterator[bytes]:
    for _ in range(length // 10_000):
        yield b"x" * 10_000


URL = "/project/file?session_id=known"


async def test_a_body_that_is_declared_too_long_never_arrives() -> None:
    app = Echo()
    async with guarded(app) as browser:
        reply = await browser.post(URL, content=b"x" * 1_100_000)
    assert (reply.status_code, reply.json()) == (413, {"detail": TOO_LARGE})
    assert app.received == 0


@pytest.mark.parametrize("app", [Echo(), Forgiving()])
async def test_a_body_without_a_length_is_counted(app: Echo) -> None:
    async with guarded(app) as browser:
        reply = await browser.post(URL, content=chunks(20_000_000))
    assert (reply.status_code, reply.json()) == (413, {"detail": TOO_LARGE})
    assert app.received <= LIMITS.body


async def test_a_body_that_is_longer_than_declared_is_counted() -> None:
    sent: list[Message] = []
    body = iter([{"type": "http.request", "body": b"x" * 600_000, "more_body": True}] * 5)

    async def receive() -> Message:
        return next(body)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/project/file",
        "query_string": b"session_id=known",
        "headers": [(b"content-length", b"10")],
    }
    await UploadSize(Echo(), LIMITS, is_session=bool)(scope, receive, send)
    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"]) == {"detail": TOO_LARGE}


async def test_a_body_of_allowed_length_passes() -> None:
    app = Echo()
    async with guarded(app) as browser:
        assert (await browser.post(URL, content=chunks(1_000_000))).status_code == 200
    assert app.received == 1_000_000


async def test_other_paths_are_not_counted() -> None:
    async with guarded(Echo()) as browser:
        assert (await browser.post("/other", content=chunks(3_000_000))).status_code == 200


async def test_the_body_of_a_stranger_is_not_read() -> None:
    app = Echo()
    async with guarded(app) as browser:
        reply = await browser.post("/project/file?session_id=guess", content=chunks(100_000))
    assert reply.status_code == 404
    assert app.received == 0


# The route


@pytest.fixture
def session() -> Iterator[WebsocketSession]:
    async def ignore(*_: object) -> None:
        """What the browser would hear."""

    opened = WebsocketSession(
        id=str(uuid.uuid4()),
        socket_id=str(uuid.uuid4()),
        emit=cast(Any, ignore),
        emit_call=cast(Any, ignore),
        user_env={},
        client_type="webapp",
        user=ADA,
    )
    yield opened
    from chainlit.session import ws_sessions_id, ws_sessions_sid

    ws_sessions_id.pop(opened.id)
    ws_sessions_sid.pop(opened.socket_id)
    for file in opened.files.values():
        file["path"].unlink()
    if opened.files_dir.exists():
        opened.files_dir.rmdir()


@pytest.fixture
def _limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config.features, "spontaneous_file_upload", None)
    uploads.show_limits(LIMITS)


@pytest.fixture
async def page(_limits: None) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(middleware=[Middleware(UploadSize, limits=LIMITS)])
    app.include_router(uploads_router(LIMITS, ""))
    app.dependency_overrides[get_current_user] = lambda: ADA
    async with client(app) as browser:
        yield browser


async def upload(
    page: httpx.AsyncClient, session: WebsocketSession, name: str, content: bytes, mime: str = "a/b"
) -> tuple[int, Any]:
    reply = await page.post(
        f"/project/file?session_id={session.id}", files={"file": (name, content, mime)}
    )
    return reply.status_code, reply.json()


async def test_a_file_is_kept_under_the_type_of_its_content(
    page: httpx.AsyncClient, session: WebsocketSession
) -> None:
    status, file = await upload(page, session, "a.bin", documents.image("PNG"), "text/plain")
    assert status == 200
    assert session.files[file["id"]]["type"] == "image/png"


async def test_an_empty_file_is_refused(page: httpx.AsyncClient, session: WebsocketSession) -> None:
    assert await upload(page, session, "a.txt", b"") == (400, {"detail": "“a.txt” is empty."})


async def test_a_file_just_over_the_limit_is_refused(
    page: httpx.AsyncClient, session: WebsocketSession
) -> None:
    refused = await upload(page, session, "a.txt", b"x" * 1_000_001)
    assert refused == (413, {"detail": TOO_LARGE})
    assert (await upload(page, session, "a.txt", b"x" * 1_000_000))[0] == 200


async def test_files_that_were_taken_out_again_do_not_count(
    page: httpx.AsyncClient, session: WebsocketSession
) -> None:
    for number in range(10):
        assert (await upload(page, session, f"{number}.txt", b"x"))[0] == 200
    refused = await upload(page, session, "10.txt", b"x")
    assert refused == (400, {"detail": TOO_MANY})


async def test_with_a_message_all_that_waited_is_forgotten(
    page: httpx.AsyncClient, session: WebsocketSession
) -> None:
    files = [(await upload(page, session, f"{n}.txt", b"x"))[1]["id"] for n in range(10)]

    async def original(sid: str, payload: Any) -> Any:
        return payload

    message = uploads._counting(original, 2)
    named = [{"id": one} for one in files]
    sent = await message(session.socket_id, {"message": {}, "fileReferences": named})
    assert sent["fileReferences"] == named[:2]
    for number in range(10):
        assert (await upload(page, session, f"{number}.txt", b"x"))[0] == 200


async def test_a_file_that_was_refused_takes_no_place(
    page: httpx.AsyncClient, session: WebsocketSession
) -> None:
    stranger = {"detail": "You are not authorized to upload files for this session"}
    session.user = User(identifier="bob")
    for _ in range(3):
        assert await upload(page, session, "a.txt", b"x") == (401, stranger)
    session.user = ADA
    assert (await upload(page, session, "a.txt", b"x"))[0] == 200


def test_a_message_names_each_file_once_and_not_too_many() -> None:
    given = [{"id": "1"}, {"id": "1"}, {"no": "id"}, "x", {"id": "2"}, {"id": "3"}]
    assert first_references(given, 2) == [{"id": "1"}, {"id": "2"}]
    assert first_references(None, 2) == []


def test_after_a_reload_the_guards_stand_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pristine = dict(sio.handlers["/"])
    monkeypatch.setitem(sio.handlers, "/", dict(pristine))
    monkeypatch.delattr(sio, "keepchat_originals", raising=False)
    for _ in range(2):
        restore_handlers()
        assert sio.handlers["/"] == pristine
        uploads.guard_messages(2)
        assert sio.handlers["/"]["client_message"] is not pristine["client_message"]
    monkeypatch.delattr(sio, "keepchat_originals")
