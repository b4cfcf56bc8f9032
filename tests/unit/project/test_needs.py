"""What is found of the tools; they are there, or most other tests would not run."""

from pathlib import Path

import pytest

from tests.support import needs
from tests.support.needs import Tool
from tests.support.programs import program


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any of the tools; what is put into its one folder is on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(needs, "CHROMIUM_FROM_PLAYWRIGHT", tmp_path / "playwright")
    monkeypatch.setattr(needs, "CHROMIUM_ON_MACOS", ())
    monkeypatch.setattr(needs, "POSTGRES_FOLDERS", ())
    monkeypatch.setattr(needs, "SYSTEM_FOLDER", str(tmp_path))
    monkeypatch.setattr(needs, "JAVA_FOLDERS", ())
    monkeypatch.setattr(needs, "find_library", lambda _name: None)
    return tmp_path


@pytest.mark.server
def test_the_tools_are_found_here() -> None:
    assert needs.missing() == []
    assert (needs.find_postgres() / "initdb").is_file()


def test_on_a_bare_machine_all_of_them_are_missing(bare: Path) -> None:
    assert needs.missing() == list(needs.FINDERS)


def test_a_missing_tool_is_one_sentence_with_a_remedy(bare: Path) -> None:
    with pytest.raises(needs.MissingToolError, match=r"need PgBouncer: 'make needs' installs it\."):
        needs.find_pgbouncer()


def test_an_old_node_is_as_good_as_none(bare: Path) -> None:
    program(bare / "npm")
    program(bare / "node", "echo v20.14.0")
    assert Tool.NODE in needs.missing()
    assert Tool.NPM not in needs.missing()
    program(bare / "node", "echo v20.15.0")
    assert Tool.NODE not in needs.missing()


def test_a_java_that_does_not_run_is_none(bare: Path) -> None:
    program(bare / "java", "exit 1")
    assert Tool.JAVA in needs.missing()


def test_a_chromium_in_a_snap_is_passed_over(bare: Path) -> None:
    program(bare / "snap")
    (bare / "chromium").symlink_to(bare / "snap")
    program(bare / "chromium-browser", 'exec /snap/bin/chromium "$@"')
    assert Tool.CHROMIUM in needs.missing()
    chrome = program(bare / "google-chrome")
    assert needs.find_chromium() == chrome


def test_the_one_without_a_window_is_preferred(bare: Path) -> None:
    program(bare / "chromium")
    shell = program(bare / "chromium-headless-shell")
    assert needs.find_chromium() == shell


@pytest.mark.parametrize(
    "path",
    ["chrome-linux/headless_shell", "chrome-headless-shell-linux64/chrome-headless-shell"],
)
def test_the_chromium_that_playwright_downloads_is_found(bare: Path, path: str) -> None:
    downloaded = bare / "playwright" / "chromium_headless_shell-1255" / path
    downloaded.parent.mkdir(parents=True)
    shell = program(downloaded)
    assert needs.find_chromium() == shell
