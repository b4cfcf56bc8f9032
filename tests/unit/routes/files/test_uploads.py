"""The route that takes files: of which type they are, and how many there may be."""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from chainlit.auth import get_current_user
from chainlit.config import config
from chainlit.session import WebsocketSession
from chainlit.user import User
from fastapi import FastAPI
from starlette.middleware import Middleware

from access.guard.answers import RunningAnswers
from access.guard.limits import UploadLimits, WaitingFiles
from access.guard.requests import RequestLimits
from access.guard.session_files import SessionFiles
from access.guard.temporary import TemporaryChats
from access.guard.user_limits import LIMITS as USER_LIMITS
from access.guard.user_limits import LimitReached, UserLimits
from chat.wording.refusals import PAGE_LOST
from chat.wording.unavailable import FILES_NOT_HERE
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.memory import MemoryStore
from patches.http import features
from patches.socket.handlers import with_few_files
from routes.files.uploads import uploads_router
from routes.limits import limit_reached
from routes.middleware.request_bodies import RequestBodies
from storage.memory import MemoryStorage
from tests.support import documents

ADA = User(identifier="ada")
LIMITS = UploadLimits(files=2, megabytes=1, types=("*/*",), characters=1_000)
FILES = SessionFiles(Path("nowhere"))  # what is written down is beside the files
TOO_MANY = "Too many files wait for their message. Send it, or reload."
TOO_LARGE = "A file may have 1 MB at most."


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages connect soon, or never."""
    monkeypatch.setattr("access.guard.pages.CONNECTS_S", 0.1)


class Clock:
    """Goes when it is told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def open_session(user: User = ADA) -> WebsocketSession:
    async def ignore(*_: object) -> None:
        """What the browser would hear."""

    return WebsocketSession(
        id=str(uuid.uuid4()),
        socket_id=str(uuid.uuid4()),
        emit=cast(Any, ignore),
        emit_call=cast(Any, ignore),
        user_env={},
        client_type="webapp",
        user=user,
    )


@pytest.fixture
def session() -> Iterator[WebsocketSession]:
    from chainlit.session import ws_sessions_id, ws_sessions_sid

    before = set(ws_sessions_id)
    yield open_session()
    for opened in [ws_sessions_id[one] for one in set(ws_sessions_id) - before]:
        ws_sessions_id.pop(opened.id)
        ws_sessions_sid.pop(opened.socket_id)
        shutil.rmtree(opened.files_dir, ignore_errors=True)


@pytest.fixture
def _limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config.features, "spontaneous_file_upload", features.uploads(LIMITS))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def waiting(clock: Clock) -> WaitingFiles:
    most = {name: limit.default for name, limit in USER_LIMITS.items()}
    return WaitingFiles(LIMITS, UserLimits({**most, "files": 15, "files_mb": 3}), clock)


@pytest.fixture
async def page(_limits: None, waiting: WaitingFiles) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(middleware=[Middleware(RequestBodies, requests=RequestLimits(), uploads=LIMITS)])
    app.add_exception_handler(LimitReached, limit_reached)
    app.include_router(uploads_router(LIMITS, waiting, FILES, temporary_chats(), ""))
    app.dependency_overrides[get_current_user] = lambda: ADA
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as browser:
        yield browser


def temporary_chats() -> TemporaryChats:
    layer, no_limits = KeepchatDataLayer(MemoryStore(), MemoryStorage()), UserLimits(None)
    return TemporaryChats(layer, RunningAnswers(no_limits), no_limits, FILES)


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
    assert await upload(page, session, "a.txt", b"") == (400, {"detail": "The file is empty."})


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


async def send(session: WebsocketSession, waiting: WaitingFiles, files: list[str]) -> Any:
    async def original(sid: str, payload: Any) -> Any:
        return payload["fileReferences"]

    message = with_few_files(original, LIMITS, waiting, FILES)
    named = [{"id": one} for one in files]
    return await message(session.socket_id, {"message": {}, "fileReferences": named})


async def test_files_that_are_with_their_message_wait_no_more(
    page: httpx.AsyncClient, session: WebsocketSession, waiting: WaitingFiles
) -> None:
    files = [(await upload(page, session, f"{n}.txt", b"x"))[1]["id"] for n in range(10)]
    assert await send(session, waiting, files) == [{"id": one} for one in files[:2]]
    for number in range(2):
        assert (await upload(page, session, f"{number}.txt", b"x"))[0] == 200
    assert (await upload(page, session, "2.txt", b"x"))[0] == 400


async def test_a_message_whose_files_are_not_here_goes_back_to_its_page(
    page: httpx.AsyncClient, session: WebsocketSession, waiting: WaitingFiles
) -> None:
    _, here = await upload(page, session, "a.txt", b"x")
    gone = str(uuid.uuid4())
    told: list[tuple[str, Any]] = []

    async def tell(event: str, data: Any) -> None:
        told.append((event, data))

    session.emit = cast(Any, tell)
    session.environ = {"HTTP_ACCEPT_LANGUAGE": "zh-CN"}
    asked: list[Any] = []

    async def original(sid: str, payload: Any) -> None:
        asked.append(payload)

    question = {"id": str(uuid.uuid4()), "output": "what is in it?"}
    named = [{"id": here["id"]}, {"id": gone}]
    message = with_few_files(original, LIMITS, waiting, FILES)
    await message(session.socket_id, {"message": question, "fileReferences": named})
    assert asked == []
    said = dict(told)
    assert said["delete_message"]["id"] == question["id"]
    returned = {"text": question["output"], "files": sorted([here["id"], gone])}
    assert said["window_message"] == {"keepchatReturned": returned}
    assert said["toast"]["message"] == FILES_NOT_HERE.zh
    assert "task_end" in said
    assert here["id"] in session.files


async def test_a_message_that_names_none_makes_no_room_but_by_removing(
    page: httpx.AsyncClient, session: WebsocketSession, waiting: WaitingFiles, clock: Clock
) -> None:
    """What has just come may be for the next message; what was taken out long ago goes."""
    files = [(await upload(page, session, f"{n}.txt", b"x"))[1]["id"] for n in range(10)]
    paths = [session.files[one]["path"] for one in files]
    await send(session, waiting, [])
    assert (await upload(page, session, "a.txt", b"x"))[0] == 400
    clock.now += 61
    await send(session, waiting, [])
    assert [path for path in paths if path.exists()] == []
    assert (await upload(page, session, "a.txt", b"x"))[0] == 200
    assert len(session.files) == 1


async def test_all_files_of_a_users_pages_count_together(
    page: httpx.AsyncClient, session: WebsocketSession
) -> None:
    others, foreign = open_session(), open_session(User(identifier="bob"))
    assert foreign.user != ADA
    for number in range(15):
        opened = session if number < 10 else others
        assert (await upload(page, opened, f"{number}.txt", b"x"))[0] == 200
    refused = await upload(page, others, "15.txt", b"x")
    sentence = "Only 15 files can wait for their message. Send it, or reload the page."
    assert refused == (429, {"detail": sentence})


async def test_the_bytes_of_a_users_pages_have_an_end(
    page: httpx.AsyncClient, session: WebsocketSession, waiting: WaitingFiles
) -> None:
    for number in range(3):
        status, file = await upload(page, session, f"{number}.txt", b"x" * 1_000_000)
        assert status == 200
        await send(session, waiting, [file["id"]])
    status, said = await upload(page, open_session(), "3.txt", b"x")
    assert (status, "3 MB in all" in said["detail"]) == (413, True)


@pytest.mark.usefixtures("impatient")
async def test_a_file_that_was_refused_takes_no_place(
    page: httpx.AsyncClient, session: WebsocketSession
) -> None:
    stranger = {"detail": PAGE_LOST.en}
    session.user = User(identifier="bob")
    for _ in range(3):
        assert await upload(page, session, "a.txt", b"x") == (404, stranger)
    session.user = ADA
    assert (await upload(page, session, "a.txt", b"x"))[0] == 200


async def test_a_file_may_come_before_its_page_has_connected(
    page: httpx.AsyncClient, session: WebsocketSession
) -> None:
    from chainlit.session import ws_sessions_id

    del ws_sessions_id[session.id]
    async with asyncio.TaskGroup() as group:
        coming = group.create_task(upload(page, session, "a.txt", b"x"))
        await asyncio.sleep(0.1)
        assert not coming.done()
        ws_sessions_id[session.id] = session
    assert coming.result()[0] == 200


async def test_what_names_no_page_is_not_waited_for(
    page: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("access.guard.pages.CONNECTS_S", 3_600)
    reply = await page.post("/project/file?session_id=none", files={"file": ("a.txt", b"x")})
    assert reply.status_code == 404


@pytest.mark.usefixtures("impatient")
async def test_the_body_of_a_stranger_is_not_read(page: httpx.AsyncClient) -> None:
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(10):
            taken += 1
            yield b"x" * 10_000

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    url = f"/project/file?session_id={uuid.uuid4()}"
    reply = await page.post(url, content=body(), headers=headers)
    assert (reply.status_code, reply.json()) == (404, {"detail": PAGE_LOST.en})
    assert taken == 0


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=b", "\xff"])
async def test_what_has_no_file_is_none(
    page: httpx.AsyncClient, session: WebsocketSession, kind: str
) -> None:
    url, headers = (
        f"/project/file?session_id={session.id}",
        {b"Content-Type": kind.encode("latin-1")},
    )
    reply = await page.post(url, content=b"--b--\r\n", headers=headers)
    assert (reply.status_code, list(reply.json())) == (422, ["detail"])
