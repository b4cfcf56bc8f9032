"""Files of open pages: of this process alone, readable by their owner, gone with the process."""

import stat
from pathlib import Path

import pytest
from filelock import FileLock

from common.processes.process_folders import ProcessFolder
from patches.http.session_files import remove_dead


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
