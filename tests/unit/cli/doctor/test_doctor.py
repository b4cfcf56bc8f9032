"""`manage.py doctor`: what it finds, says and ends with."""

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import anyio
import httpx2
import pytest

import manage
from bootstrap.replicas import tell_kept_apart
from bootstrap.stores import open_store, prepare
from chat.live.replicas import wall_clock
from chat.models import busy
from chat.models.base import Ending, GenerationSettings, Model
from cli.doctor import checks
from cli.doctor.findings import Finding, exit_code, failed, ok, report, warning
from cli.doctor.links import problem_of, reach_of
from settings import Settings
from storage.base import Receipt
from storage.local.storage import LocalStorage
from tests.support.logins import account

NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture(autouse=True)
def _settings_of_the_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("OPENAI_BASE_URL", NOWHERE)
    monkeypatch.setenv("OPENAI_MODEL", "scripted")
    monkeypatch.setattr(busy, "MAX_RETRIES", 0)  # nobody comes to answer at NOWHERE


def doctor(capsys: pytest.CaptureFixture[str]) -> tuple[Any, dict[str, dict[str, str]]]:
    """Run it and return its exit code and its findings by subject."""
    with pytest.raises(SystemExit) as ended:
        manage.main(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is (ended.value.code == 0)
    return ended.value.code, {finding["subject"]: finding for finding in found["checks"]}


@pytest.mark.slow
def test_before_the_first_start_only_the_model_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, found = doctor(capsys)
    assert code == 1
    assert found.pop("reading")["status"] == ("ok" if sys.platform == "linux" else "warning")
    assert {name: finding["status"] for name, finding in found.items()} == {
        "settings": "ok",
        "data folder": "ok",
        "secret": "ok",
        "access": "ok",
        "database": "warning",
        "storage": "ok",
        "replicas": "ok",
        "journal": "ok",
        "model": "failed",
    }
    assert "OPENAI_BASE_URL" in found["model"]["message"]
    assert "migrate" in found["database"]["remedy"]


@pytest.mark.slow
def test_a_migrated_database_is_written_read_and_left_as_it_was(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        manage.main(["migrate"])
    capsys.readouterr()
    for _ in range(2):
        _, found = doctor(capsys)
        assert found["database"]["status"] == "ok"
        assert "ms" in found["database"]["message"]


def test_wrong_settings_are_all_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODEL_TIMEOUT_S", "soon")
    code, found = doctor(capsys)
    assert code == 1
    assert list(found) == ["settings"]
    assert found["settings"]["message"].startswith("MODEL_TIMEOUT_S: ")


def test_what_cannot_be_written_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "file" / "data"))
    _, found = doctor(capsys)
    failing = {name for name, finding in found.items() if finding["status"] == "failed"}
    assert failing >= {"data folder", "database", "storage"}
    assert "DATA_DIR" in found["data folder"]["remedy"]


@pytest.mark.slow
def test_a_secret_that_others_may_read_is_warned_of(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "auth_secret"
    path.write_text("s" * 48)
    path.chmod(0o644)
    _, found = doctor(capsys)
    assert found["secret"]["status"] == "warning"
    assert found["secret"]["remedy"] == f"Run 'chmod 600 {path}'."


@pytest.mark.slow
def test_accounts_are_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AUTH_MODE", "password")
    anyio.run(prepare, Settings())
    _, found = doctor(capsys)
    assert found["access"]["status"] == "warning"
    anyio.run(_add_account, "anna")
    _, found = doctor(capsys)
    assert found["access"]["message"] == "1 can sign in with a password"


async def _add_account(name: str) -> None:
    store = open_store(Settings())
    await store.accounts.save_account(account(name, "correct horse"), replaces=None)
    await store.close()


def test_without_a_login_no_other_host_is_listened_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHAINLIT_HOST", "0.0.0.0")  # noqa: S104
    _, found = doctor(capsys)
    assert found["access"]["status"] == "failed"
    assert "0.0.0.0" in found["access"]["message"]  # noqa: S104
    assert "CHAINLIT_HOST" in found["access"]["remedy"]


@pytest.mark.slow
def test_a_folder_that_the_program_makes_is_only_warned_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "er"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{folder / 'keepchat.db'}")
    _, found = doctor(capsys)
    assert found["database"]["status"] == "warning"
    assert str(folder) in found["database"]["message"]
    assert not folder.exists()


async def test_a_model_is_asked_for_as_few_tokens_as_any_service_takes() -> None:
    asked: list[int] = []

    class Scripted:
        async def stream(
            self, _: object, generation: GenerationSettings
        ) -> AsyncIterator[list[Ending]]:
            asked.append(generation.answer_tokens)
            yield [Ending("length")]

    await checks._ask(cast(Model, Scripted()), Settings())
    assert asked == [16]


def said(date: str) -> httpx2.Response:
    return httpx2.Response(200, content=b"Keepchat tries a link.", headers={"date": date})


@pytest.mark.parametrize("date", ["", "soon", "Mon, 99 May 2026 10:00:30 GMT", "1"])
def test_a_date_that_is_none_says_nothing_of_the_clock(date: str) -> None:
    assert problem_of(said(date), 1_800_000_000.0) is None


@pytest.mark.parametrize(
    ("link", "reaches"),
    [
        ("https://files.s3.eu-central-1.amazonaws.com/k?X-Amz-Signature=geheim", True),
        ("https://account.blob.core.windows.net/files/k?sig=geheim", True),
        ("http://files.example.org/k?sig=geheim", False),
        ("https://minio:9000/files/k?sig=geheim", False),
        ("http://127.0.0.1:9000/files/k?sig=geheim", False),
    ],
)
def test_links_that_browsers_elsewhere_cannot_follow(link: str, reaches: bool) -> None:
    problem = reach_of(link)
    assert (problem is None) is reaches
    assert problem is None or (link.split("/")[2] in problem[0] and "geheim" not in problem[0])


@pytest.mark.parametrize("redirect", ["on", "off"])
async def test_the_doctor_looks_at_links_only_where_browsers_get_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, redirect: str
) -> None:
    put: list[str] = []
    asked: list[str] = []

    class Linked(LocalStorage):
        async def put(self, key: str, *given: Any, **told: Any) -> Receipt:
            put.append(key)
            return await super().put(key, *given, **told)

        async def read_url(self, key: str, *_: object, **__: object) -> str:
            return f"http://minio/{key}"

    async def followed(link: str) -> None:
        asked.append(link)

    monkeypatch.setenv("STORAGE_REDIRECT", redirect)
    monkeypatch.setattr(checks, "open_storage", lambda _: Linked(tmp_path / "files"))
    monkeypatch.setattr("cli.doctor.links._follow", followed)
    found = await checks.storage(Settings())
    assert (found.status, "http://minio" in found.message) == (
        ("warning", True) if redirect == "on" else ("ok", False)
    )
    assert len(asked) == 1
    assert {key.partition("/")[0] for key in put} == {"keepchat-check"}


def test_the_report_has_a_line_for_each_finding() -> None:
    findings = [ok("a", "well"), warning("b", "Hm.", "Look."), failed("c", "Bad.")]
    assert report(findings).splitlines() == [
        "ok       a            well",
        "warning  b            Hm. Look.",
        "failed   c            Bad.",
    ]
    assert exit_code(findings) == 1
    assert exit_code(findings[:2]) == 0
    assert findings[0] == Finding("a", "ok", "well")


async def _run_beside(count: int) -> None:
    store = open_store(Settings())
    for number in range(count):
        await store.answers.announce(f"program {number}", wall_clock() + 60_000_000)
    await store.close()


@pytest.mark.slow
def test_what_several_programs_do_not_share_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    anyio.run(prepare, Settings())
    anyio.run(_run_beside, 1)
    _, found = doctor(capsys)
    assert found["replicas"]["status"] == "ok"
    anyio.run(_run_beside, 2)
    _, found = doctor(capsys)
    assert found["replicas"]["status"] == "warning"
    message = found["replicas"]["message"]
    assert message.startswith("2 programs run on the database.")
    for name in ("STORAGE_URL", "CHAINLIT_AUTH_SECRET", "AUTH_MODE=local"):
        assert name in message
    assert "docs/replicas.md" in found["replicas"]["remedy"]
    monkeypatch.setenv("AUTH_MODE", "password")
    (tmp_path / "users.json").touch()
    _, found = doctor(capsys)
    assert "users.json" in found["replicas"]["message"]


@pytest.mark.slow
def test_what_each_program_keeps_is_said_where_all_else_is_shared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    anyio.run(prepare, Settings())
    anyio.run(_run_beside, 3)
    monkeypatch.setenv("AUTH_MODE", "password")
    monkeypatch.setenv("CHAINLIT_AUTH_SECRET", "kZ0v3WQm9aRt1LxYc5Ue8HbNn2Pq4SdF7Gj6TtBw")
    monkeypatch.setenv("STORAGE_URL", "s3://bucket?endpoint_url=http://127.0.0.1:9")
    _, found = doctor(capsys)
    assert found["replicas"]["status"] == "ok"
    assert f"spool in {tmp_path}" in found["replicas"]["message"]


def test_a_program_says_what_it_keeps_for_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "keepchat.replicas"):
        tell_kept_apart(Settings())
    [kept, split] = caplog.records
    assert (kept.levelname, split.levelname) == ("INFO", "WARNING")
    assert str(tmp_path) in kept.getMessage()
    assert "STORAGE_URL" in split.getMessage()
