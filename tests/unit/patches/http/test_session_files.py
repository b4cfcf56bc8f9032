"""Files of open pages: of this process alone, readable by their owner, gone with the process."""

import shutil
import stat
from pathlib import Path

import chainlit.config
import pytest
from chainlit.session import BaseSession, HTTPSession
from filelock import FileLock

from access.guard.session_files import SessionFiles
from common.processes.process_folders import ProcessFolder
from patches.http.session_files import in_folder, remove_dead


def test_only_their_owner_can_read_them(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir(mode=0o755)
    own = ProcessFolder.make(tmp_path / "root")
    for folder in (own.path, own.path.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    own.release()


def test_those_of_a_process_that_is_gone_are_removed(tmp_path: Path) -> None:
    """Not those without a lock: another program of Chainlit's may be at work in the folder."""
    own = ProcessFolder.make(tmp_path)
    (own.path / "page").mkdir()
    (own.path / "page" / "file.txt").write_text("x")
    others = tmp_path / "page-of-another-program"
    others.mkdir()
    remove_dead(tmp_path)
    assert (own.path.exists(), others.exists()) == (True, True)
    own.release()  # as the end of the process does
    remove_dead(tmp_path)
    assert list(tmp_path.iterdir()) == [others]


async def test_a_folder_that_somebody_has_removed_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = SessionFiles(tmp_path / "session_files")
    monkeypatch.setattr(chainlit.config, "FILES_DIRECTORY", files.open())
    session = HTTPSession(id="a", client_type="webapp", thread_id=None, user=None, user_env={})
    monkeypatch.setattr(BaseSession, "files_dir", in_folder(files))
    for content in (b"before", b"after"):
        reference = await session.persist_file("a.txt", "text/plain", content=content)
        assert session.files[reference["id"]]["path"].read_bytes() == content
        shutil.rmtree(tmp_path / "session_files")
    files.leave()


def test_a_folder_that_is_not_there_is_no_failure(tmp_path: Path) -> None:
    remove_dead(tmp_path / "none")


def test_what_cannot_be_removed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "page").mkdir()
    (tmp_path / "page.lock").touch()

    def acquire(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(FileLock, "acquire", acquire)
    remove_dead(tmp_path)
    assert len(caplog.records) == 1
