"""Nobody but their owner may open what is kept here."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.private_files import keep_private
from common.files.owner_only import close_to_others, make_all_private
from datalayer.stores.sql.sqlite.store import SqliteStore
from settings import Settings
from storage.local.storage import LocalStorage

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")


@pytest.fixture(autouse=True)
def _loose_umask() -> Iterator[None]:
    """What the most careless of users has."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_was_there_is_closed(tmp_path: Path) -> None:
    file, folder, program = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    file.touch(0o666)
    folder.mkdir(0o777)
    program.touch(0o755)
    close_to_others(file, folder, program, tmp_path / "missing")
    assert (mode(file), mode(folder), mode(program)) == (0o600, 0o700, 0o700)


def test_what_is_somebody_elses_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").touch(0o666)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    close_to_others(tmp_path / "a")
    assert mode(tmp_path / "a") == 0o666


def test_what_is_made_is_private(tmp_path: Path) -> None:
    make_all_private()
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").mkdir()
    assert (mode(tmp_path / "a"), mode(tmp_path / "b")) == (0o600, 0o700)


def test_the_data_folder_and_what_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, sessions = tmp_path / "data", tmp_path / ".files"
    for folder in (data, sessions):
        folder.mkdir(0o777)
    names = ("auth_secret", "users.json", "users.lock", "local_token", "keepchat.db")
    for name in names:
        (data / name).touch(0o666)
    monkeypatch.setenv("DATA_DIR", str(data))
    keep_private(Settings(_env_file=None), sessions)
    assert {mode(data), mode(sessions)} == {0o700}
    assert {mode(data / name) for name in names} == {0o600}


@pytest.mark.parametrize("before", [None, 0o666])
async def test_the_database(tmp_path: Path, before: int | None) -> None:
    path = tmp_path / "new" / "keepchat.db"
    if before:
        path.parent.mkdir()
        path.touch(before)
    store = SqliteStore(path)
    try:
        await store.migrate()
        beside = [path, Path(f"{path}-wal"), Path(f"{path}-shm")]
        assert {mode(one) for one in beside if one.exists()} == {0o600}
    finally:
        await store.close()


async def test_stored_files(tmp_path: Path) -> None:
    root = tmp_path / "files"
    root.mkdir(0o777)
    storage = LocalStorage(root)
    await storage.put("thread/element", b"x", mime="")
    await storage.close()
    assert {mode(root), mode(root / "thread")} == {0o700}
    assert mode(root / "thread/element") == 0o600


@pytest.mark.slow
def test_commands_make_private_files(tmp_path: Path) -> None:
    project = Path(__file__).resolve().parents[4]
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "HOME": str(tmp_path)}
    command = [sys.executable, "manage.py", "user", "add", "ada", "--password-stdin"]
    subprocess.run(command, cwd=project, env=environment, input=b"correct horse", check=True)
    assert {mode(path) for path in tmp_path.iterdir() if path.is_file()} == {0o600}
