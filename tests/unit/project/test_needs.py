"""What is said about missing tools; the tools are there, or these tests would not run."""

from pathlib import Path

import pytest

from tests.support import needs


def test_the_tools_are_found_here() -> None:
    assert needs.find_chromium().is_file()
    assert needs.find_node().is_file()
    assert (needs.find_postgres() / "initdb").is_file()
    assert needs.find_pgbouncer().is_file()
    assert needs.main() == 0


def test_each_missing_tool_is_one_sentence_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(needs, "CHROMIUM_ON_MACOS", ())
    monkeypatch.setattr(needs, "POSTGRES_FOLDERS", ())
    monkeypatch.setattr(needs, "PGBOUNCER_FOLDER", str(tmp_path))
    assert needs.main() == 1
    chromium, node, postgres, pgbouncer = capsys.readouterr().err.splitlines()
    assert "apt-get install chromium" in chromium
    assert "apt-get install nodejs npm" in node
    assert "apt-get install postgresql" in postgres
    assert "apt-get install pgbouncer" in pgbouncer


def test_an_old_node_is_as_good_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("node", "npm"):
        tool = tmp_path / name
        tool.write_text("#!/bin/sh\necho v18.20.4\n", encoding="utf-8")
        tool.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(needs.MissingToolError, match=r"20\.15"):
        needs.find_node()
