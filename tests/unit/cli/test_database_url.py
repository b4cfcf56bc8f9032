"""A wrong DATABASE_URL ends every command that needs the database with one line."""

from pathlib import Path

import pytest

import manage
from settings import Settings

COMMANDS = (
    ["migrate"],
    ["migrate", "--check"],
    ["sweep"],
    ["move", "--from-database", "sqlite:////nowhere/keepchat.db"],
    ["import", "--from", "postgresql://127.0.0.1:9/x"],
    ["user", "remove", "anna", "--with-conversations"],
)


@pytest.fixture(autouse=True)
def _settings_of_the_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("mysql://user:geheim@host/db", "sqlite:, postgresql:"),
        ("sqlite://geheim.db", "sqlite:///data/keepchat.db"),
        ("postgresql://user:geheim/word@host/db", "percent-encoded"),
    ],
)
def test_a_wrong_url_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str], url: str, hint: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SystemExit) as ended:
        manage.main(command)
    line = str(ended.value)
    assert line.startswith("DATABASE_URL: ")
    assert hint in line
    assert "\n" not in line
    assert "geheim" not in line
    assert list(tmp_path.iterdir()) == []
