"""Settings: `.env.example` is complete, a wrong value is one line that names the variable."""

import os
import re
import stat
from pathlib import Path

import pytest

import settings as environment
from settings import ROOT, Settings

EXAMPLE = ROOT / ".env.example"
VARIABLE = re.compile(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)


def example() -> dict[str, str]:
    return dict(VARIABLE.findall(EXAMPLE.read_text()))


def test_the_example_lists_exactly_the_settings() -> None:
    assert set(example()) == {name.upper() for name in Settings.model_fields}


def test_the_example_as_it_stands_can_be_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in example().items():
        monkeypatch.setenv(name, value)
    assert Settings().openai_model == "gpt-4.1-mini"


def test_the_example_shows_the_defaults() -> None:
    shown = {name: value for name, value in example().items() if value}
    defaults = {name.upper(): str(field.default) for name, field in Settings.model_fields.items()}
    own = {"OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "DATABASE_URL", "STORAGE_URL"}
    assert {name: shown[name] for name in shown.keys() - own} == {
        name: defaults[name] for name in shown.keys() - own
    }


def test_database_and_files_lie_in_the_data_folder_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    settings = Settings()
    assert settings.sqlite_path == tmp_path / "keepchat.db"
    assert settings.storage == f"file:{tmp_path / 'files'}"


def test_a_relative_database_url_is_relative_to_the_project(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///data/other.db")
    assert Settings().sqlite_path == ROOT / "data" / "other.db"


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("DATABASE_URL", "mysql://user:geheim@host/db", "sqlite: or postgresql:"),
        ("DATABASE_URL", "postgresql://me:geheim\uff03x@host/db", "percent-encoded"),
        ("DATABASE_URL", "sqlite://data/k.db", "sqlite:///data/keepchat.db"),
        ("DATABASE_URL", "sqlite:data/k.db", "sqlite:///data/keepchat.db"),
        ("DATABASE_URL", "sqlite:///data/k.db?mode=ro", "sqlite:///data/keepchat.db"),
        ("OPENAI_BASE_URL", "http://me:geheim\uff03x@host/v1", "percent-encoded"),
        ("STORAGE_URL", "ftp://host", "file:"),
        ("OPENAI_BASE_URL", "localhost:1234", "http:"),
        ("OLLAMA_URL", "nowhere", "http:"),
        ("AUTH_MODE", "none", "'local'"),
        ("DATABASE_PASSWORD_FROM", "tokens.rds", "package.module:function"),
        ("DATABASE_PASSWORD_FROM", "tokens:rds()", "package.module:function"),
        ("DATABASE_MIGRATE", "maybe", "'on' or 'off'"),
        ("MODEL_TIMEOUT_S", "soon", "number"),
        ("MODEL_CONTEXT_TOKENS", "1", "256"),
        ("MODEL_TEMPERATURE", "9", "2"),
        ("MODEL_IMAGE_PIXELS", "3", "64"),
        ("ATTACHMENT_TIMEOUT_S", "0", "0"),
        ("UPLOAD_MAX_FILES", "0", "1"),
        ("UPLOAD_TYPES", "image/*,docx", "'docx'"),
    ],
)
def test_a_wrong_value_ends_the_program_with_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, hint: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        environment.load()
    message = str(stopped.value)
    assert message.startswith(f"{name}: ")
    assert hint in message
    assert "\n" not in message
    assert "geheim" not in message


def test_an_answer_longer_than_the_context_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_ANSWER_TOKENS", "20000")
    with pytest.raises(SystemExit, match="MODEL_ANSWER_TOKENS has to be smaller"):
        environment.load()


def test_adopting_at_a_start_that_changes_nothing_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_ADOPT", "yes")
    monkeypatch.setenv("DATABASE_MIGRATE", "off")
    with pytest.raises(SystemExit, match=r"DATABASE_ADOPT=yes.*DATABASE_MIGRATE=off"):
        environment.load()


def test_more_text_of_files_than_the_model_takes_in_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MODEL_CONTEXT_TOKENS", "8000")
    assert environment.load().model_file_tokens == 8_000  # what was not asked for is cut to fit
    monkeypatch.setenv("MODEL_FILE_TOKENS", "4001")
    with pytest.raises(SystemExit, match="MODEL_FILE_TOKENS has to fit"):
        environment.load()


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert Settings().openai_api_key is None


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_a_database_server_leaves_no_folder_and_shows_no_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scheme: str
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://user:geheim@host/db")
    monkeypatch.chdir(tmp_path)
    settings = environment.load()
    environment.prepare_data_dir(settings)
    assert settings.on_postgres
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert list((tmp_path / "data").iterdir()) == []
    assert "geheim" not in repr(settings)


def test_a_file_is_no_server() -> None:
    assert not Settings().on_postgres


def test_ollama_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_URL", "off")
    assert Settings().ollama_url == ""


def test_the_secret_is_made_once_and_only_its_owner_reads_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    secrets = []
    for _ in range(2):
        settings = Settings()
        environment.export_auth_secret(settings)
        secrets.append(os.environ["CHAINLIT_AUTH_SECRET"])
        monkeypatch.delenv("CHAINLIT_AUTH_SECRET")
    assert secrets[0] == secrets[1]
    assert len(secrets[0]) >= 48
    assert stat.S_IMODE((tmp_path / "auth_secret").stat().st_mode) == 0o600


def test_a_secret_that_is_given_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CHAINLIT_AUTH_SECRET", "given")
    environment.export_auth_secret(Settings())
    assert os.environ["CHAINLIT_AUTH_SECRET"] == "given"
    assert not (tmp_path / "auth_secret").exists()


def test_a_data_folder_that_cannot_be_made_ends_the_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(SystemExit, match="DATA_DIR: "):
        environment.prepare_data_dir(Settings())


def test_nothing_else_reads_the_environment() -> None:
    readers = [
        path.relative_to(ROOT).as_posix()
        for folder in ("access", "chat", "datalayer", "storage", "operations", "sql")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"os\.environ|getenv", path.read_text())
    ]
    assert readers == []
