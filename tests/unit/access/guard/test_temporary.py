"""Pages whose conversation is temporary: their files have no folder, and are counted."""

import asyncio
import gc
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import chainlit.config
import pytest
from chainlit.session import WebsocketSession, ws_sessions_id, ws_sessions_sid
from chainlit.user import User
from fastapi import HTTPException

from access.guard.answers import RunningAnswers
from access.guard.held_files import HeldPath, is_held
from access.guard.session_files import SessionFiles
from access.guard.temporary import TemporaryChats
from access.guard.user_limits import LIMITS, LimitReached, UserLimits
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.memory import MemoryStore
from datalayer.values import is_temporary
from patches.socket.temporary import in_memory
from storage.memory import MemoryStorage

ADA, BOB = User(identifier="ada"), User(identifier="bob")
MOST_MB = 1


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = SessionFiles(tmp_path)
    monkeypatch.setattr(chainlit.config, "FILES_DIRECTORY", files.open())
    monkeypatch.setattr(WebsocketSession, "persist_file", in_memory(WebsocketSession.persist_file))
    return tmp_path


@pytest.fixture
def running() -> RunningAnswers:
    return RunningAnswers(UserLimits(None))


@pytest.fixture
def chats(folder: Path, running: RunningAnswers) -> TemporaryChats:
    most = {name: limit.default for name, limit in LIMITS.items()}
    layer = KeepchatDataLayer(MemoryStore(), MemoryStorage())
    limits = UserLimits({**most, "temporary_mb": MOST_MB})
    return TemporaryChats(layer, running, limits, SessionFiles(folder))


@pytest.fixture(autouse=True)
def _sessions() -> Iterator[None]:
    yield
    ws_sessions_id.clear()
    ws_sessions_sid.clear()


def page(user: User = ADA) -> WebsocketSession:
    unheard = cast(Any, None)
    return WebsocketSession(
        id=str(uuid.uuid4()),
        socket_id=str(uuid.uuid4()),
        emit=unheard,
        emit_call=unheard,
        user_env={},
        client_type="webapp",
        user=user,
    )


def content_of(session: WebsocketSession, file_id: str) -> bytes:
    return Path(str(session.files[file_id]["path"])).read_bytes()


def on_disk(folder: Path) -> list[Path]:
    return [it for it in folder.rglob("*") if it.is_file() and it.suffix != ".lock"]


async def test_it_is_switched_on_and_off_before_the_first_message(chats: TemporaryChats) -> None:
    one = page()
    before = one.thread_id
    await chats.switch(one, on=True)
    first = one.thread_id
    assert is_temporary(first)
    assert chats.is_on(one)
    await chats.switch(one, on=True)
    assert one.thread_id == first
    await chats.switch(one, on=False)
    assert not is_temporary(one.thread_id)
    assert one.thread_id != before
    one.has_first_interaction = True
    with pytest.raises(HTTPException, match="has begun"):
        await chats.switch(one, on=True)


async def test_its_files_are_in_memory_also_those_of_before(
    chats: TemporaryChats, folder: Path
) -> None:
    one = page()
    early = (await one.persist_file("a.txt", "text/plain", content=b"early"))["id"]
    assert on_disk(folder)
    await chats.switch(one, on=True)
    assert on_disk(folder) == []
    late = (await one.persist_file("b.txt", "text/plain", content="late"))["id"]
    again = (await one.persist_file("c", "", path=str(one.files[late]["path"])))["id"]
    assert on_disk(folder) == []
    assert all(is_held(file) for file in one.files.values())
    found = [content_of(one, it) for it in (early, late, again)]
    assert found == [b"early", b"late", b"late"]
    assert [one.files[it]["size"] for it in (early, late)] == [5, 4]


def test_a_file_is_gone_with_its_path() -> None:
    path = HeldPath.of(b"content")
    name = str(path)
    assert Path(name).read_bytes() == b"content"
    del path
    gc.collect()
    assert not Path(name).exists()


async def test_a_thread_that_was_begun_in_another_page_is_gone_here(chats: TemporaryChats) -> None:
    one, other = page(), page()
    await chats.switch(one, on=True)
    other.thread_id = one.thread_id
    assert chats.is_gone(other)
    await chats.end(other)
    assert chats.is_on(one)


async def test_what_runs_in_it_ends_with_it(chats: TemporaryChats, running: RunningAnswers) -> None:
    one = page()
    await chats.switch(one, on=True)
    answer = asyncio.create_task(asyncio.Event().wait())
    running.begin(one, answer)
    await chats.end(one)
    assert answer.cancelled()
    assert chats.is_gone(one)


async def test_all_of_a_users_count_and_nobody_elses(chats: TemporaryChats) -> None:
    one, other, bobs, stored = page(), page(), page(BOB), page()
    for each in (one, other, bobs):
        await chats.switch(each, on=True)
    await one.persist_file("a", "", content=b"x" * 600_000)
    await stored.persist_file("a", "", content=b"x" * 900_000)
    chats.check(other, 400_000)
    with pytest.raises(LimitReached, match="1 MB"):
        chats.check(other, 400_001)
    chats.check(bobs, 1_000_000)
    chats.check(stored, 5_000_000)  # it has limits of its own
    await chats.end(one)
    one.files.clear()
    chats.check(other, 1_000_000)
