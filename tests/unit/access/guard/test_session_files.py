"""Files that wait for their message: they come back to their page in another process."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import chainlit.config
import pytest
from chainlit.session import WebsocketSession, ws_sessions_id, ws_sessions_sid
from chainlit.types import FileDict
from chainlit.user import User

from access.guard import session_files
from access.guard.session_files import SessionFiles

ADA, BOB = User(identifier="ada"), User(identifier="bob")


def page(session_id: str | None = None, user: User = ADA) -> WebsocketSession:
    """Open a page's session, in the place of what another process had under its id."""
    unheard = cast(Any, None)
    return WebsocketSession(
        id=session_id or str(uuid.uuid4()),
        socket_id=str(uuid.uuid4()),
        emit=unheard,
        emit_call=unheard,
        user_env={},
        client_type="webapp",
        user=user,
    )


@pytest.fixture(autouse=True)
def _sessions() -> Iterator[None]:
    before = dict(ws_sessions_id), dict(ws_sessions_sid)
    yield
    for kept, known in zip(before, (ws_sessions_id, ws_sessions_sid), strict=True):
        known.clear()
        known.update(cast(Any, kept))


class Process:
    """What one process has of the folder of all."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.files = SessionFiles(root)
        self.folder = self.files.open()
        monkeypatch.setattr(chainlit.config, "FILES_DIRECTORY", self.folder)

    async def upload(self, session: WebsocketSession, name: str, content: bytes = b"abc") -> str:
        file_id = (await session.persist_file(name, "application/json", content=content))["id"]
        await self.files.note(session, file_id)
        return file_id

    def die(self) -> None:
        """End as a kill does: the lock goes, and all else stays."""
        assert self.files._own.folder
        self.files._own.folder.release()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "session_files"


Patch = pytest.MonkeyPatch


def content_of(file: FileDict) -> bytes:
    return Path(file["path"]).read_bytes()


def all_files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and path.suffix != ".lock"]


@pytest.mark.parametrize("is_killed", [True, False])
async def test_a_page_that_comes_back_has_its_files(
    root: Path, monkeypatch: Patch, is_killed: bool
) -> None:
    first = Process(root, monkeypatch)
    session = page()
    ids = {await first.upload(session, f"{number}.json", b"x" * number) for number in (1, 2)}
    known = dict(session.files)
    first.die() if is_killed else first.files.leave()
    second = Process(root, monkeypatch)
    again = page(session.id)
    assert set(await second.files.restore(again)) == ids
    for file_id in ids:
        file = again.files[file_id]
        assert again.files_dir / Path(file["path"]).name == Path(file["path"])
        assert content_of(file) == b"x" * file["size"]
        assert {**file, "path": ""} == {**known[file_id], "path": ""}


async def test_it_has_them_from_a_process_that_runs_already(root: Path, monkeypatch: Patch) -> None:
    other = Process(root, monkeypatch)
    first = Process(root, monkeypatch)
    session = page()
    file_id = await first.upload(session, "a.json")
    assert await other.files.restore(page(session.id)) == set()
    first.die()
    assert set(await other.files.restore(page(session.id))) == {file_id}


@pytest.mark.parametrize(("same_page", "user"), [(True, BOB), (False, ADA)])
async def test_nobody_else_has_them(
    root: Path, monkeypatch: Patch, same_page: bool, user: User
) -> None:
    first = Process(root, monkeypatch)
    session = page()
    file_id = await first.upload(session, "a.json")
    first.die()
    second = Process(root, monkeypatch)
    other = page(session.id if same_page else None, user)
    assert not await second.files.restore(other)
    assert other.files == {}
    again = page(session.id)
    assert set(await second.files.restore(again)) == {file_id}


async def test_what_was_sent_does_not_wait(root: Path, monkeypatch: Patch) -> None:
    first = Process(root, monkeypatch)
    session = page()
    sent, waits = [await first.upload(session, name) for name in ("a.json", "b.json")]
    await first.files.sent(session, {sent})
    first.files.leave()
    assert all(path.name.startswith(waits) for path in all_files(root))
    second = Process(root, monkeypatch)
    assert set(await second.files.restore(page(session.id))) == {waits}


async def test_nothing_else_is_left(root: Path, monkeypatch: Patch) -> None:
    first = Process(root, monkeypatch)
    session = page()
    await session.persist_file("shown", "text/plain", content=b"of an answer")
    first.die()
    Process(root, monkeypatch)
    assert all_files(root) == []


async def test_a_page_that_stays_away_leaves_nothing(root: Path, monkeypatch: Patch) -> None:
    first = Process(root, monkeypatch)
    session = page()
    await first.upload(session, "a.json")
    first.die()
    second = Process(root, monkeypatch)
    assert all_files(root)
    second.files._unclaimed = dict.fromkeys(second.files._unclaimed, 0.0)
    await second.files.restore(page())
    assert all_files(root) == []


async def test_what_is_old_is_not_taken_over(root: Path, monkeypatch: Patch) -> None:
    first = Process(root, monkeypatch)
    session = page()
    await first.upload(session, "a.json")
    first.die()
    monkeypatch.setattr(session_files, "KEPT_S", -1)
    second = Process(root, monkeypatch)
    assert not await second.files.restore(page(session.id))
    assert all_files(root) == []


async def test_a_note_that_cannot_be_read_is_none(root: Path, monkeypatch: Patch) -> None:
    first = Process(root, monkeypatch)
    session = page()
    good, bad = [await first.upload(session, name) for name in ("a.json", "b.json")]
    (session.files_dir / f"{bad}.note").write_text("{")
    first.die()
    second = Process(root, monkeypatch)
    assert set(await second.files.restore(page(session.id))) == {good}


async def test_a_note_leads_nowhere_else(root: Path, monkeypatch: Patch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    first = Process(root, monkeypatch)
    session = page()
    file_id = await first.upload(session, "a.json")
    note = session.files_dir / f"{file_id}.note"
    name = Path(session.files[file_id]["path"]).name
    note.write_text(note.read_text().replace(name, "../../../secret"))
    first.die()
    second = Process(root, monkeypatch)
    assert not await second.files.restore(page(session.id))


async def test_a_page_whose_session_ends_takes_its_files_along(
    root: Path, monkeypatch: Patch
) -> None:
    first = Process(root, monkeypatch)
    session = page()
    await first.upload(session, "a.json")
    shutil.rmtree(session.files_dir)
    first.files.leave()
    second = Process(root, monkeypatch)
    assert not await second.files.restore(page(session.id))
