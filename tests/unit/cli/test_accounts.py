"""`manage.py user`: what it asks, and of whom."""

import getpass
import io
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import manage
from cli.conversations import forget_preferences
from datalayer.stores.memory import MemoryStore
from datalayer.writes import RevisionClock, SavePreferences, SaveUser

PASSWORD = "correct horse"
STDIN = "--password-stdin"


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("AUTH_MODE", "password")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, typed: str = PASSWORD) -> object:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    with pytest.raises(SystemExit) as ended:
        manage.main(["user", *arguments])
    return ended.value.code


class Terminal(io.StringIO):
    """Somebody who can be asked."""

    def isatty(self) -> bool:
        return True


def test_a_password_is_asked_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    typed: Iterator[str] = iter([PASSWORD, "something else", PASSWORD, PASSWORD])
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: next(typed))
    assert run(monkeypatch, "add", "anna") == (
        "These were two different passwords; nothing is changed."
    )
    assert run(monkeypatch, "add", "anna") == 0


def test_nobody_to_ask_for_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    def at_the_end(_prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", at_the_end)
    assert STDIN in str(run(monkeypatch, "add", "anna"))


def test_a_name_that_is_not_free_is_said_before_a_password_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run(monkeypatch, "add", "anna", STDIN)
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: pytest.fail("It was asked for."))
    assert "already" in str(run(monkeypatch, "add", "Anna"))
    assert "no user" in str(run(monkeypatch, "passwd", "bob"))


@pytest.mark.parametrize(("typed", "said"), [("keep", "kept"), (" ERASE ", "deleted")])
def test_what_becomes_of_conversations_is_asked_at_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, said: str
) -> None:
    run(monkeypatch, "add", "anna", STDIN)
    monkeypatch.setattr(sys, "stdin", Terminal(f"{typed}\n"))
    with pytest.raises(SystemExit) as ended:
        manage.main(["user", "remove", "anna"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert "'anna' has 0 conversations: keep or erase?" in printed
    assert f"Conversations {said}: 0." in printed


def test_another_answer_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "add", "anna", STDIN)
    monkeypatch.setattr(sys, "stdin", Terminal("yes\n"))
    with pytest.raises(SystemExit, match="--keep"):
        manage.main(["user", "remove", "anna"])
    capsys.readouterr()
    assert run(monkeypatch, "list") == 0
    assert "anna\t20" in capsys.readouterr().out


def test_keep_and_erase_are_not_given_together(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "remove", "anna", "--keep", "--erase") == 2


def test_with_another_mode_it_is_said_that_accounts_do_not_count(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "list") == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("AUTH_MODE", "local")
    assert run(monkeypatch, "list") == 0
    assert "AUTH_MODE=password" in capsys.readouterr().err


def test_a_schema_that_is_migrated_by_hand_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_MIGRATE", "off")
    assert "manage.py migrate" in str(run(monkeypatch, "add", "anna", STDIN))


def test_a_users_file_that_cannot_be_read_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "users.json").write_text("{")
    assert "users.json cannot be read" in str(run(monkeypatch, "list"))


def test_what_an_operator_does_is_a_line_of_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "keepchat.login"):
        run(monkeypatch, "add", "anna", STDIN)
        run(monkeypatch, "add", "anna", STDIN)  # which is refused
        run(monkeypatch, "sign-out", "anna")
        run(monkeypatch, "list")
    assert [record.getMessage() for record in caplog.records] == [
        "user add: who 'anna', mode 'command'",
        "user sign-out: who 'anna', mode 'command'",
    ]
    assert PASSWORD not in caplog.text


async def test_preferences_are_not_for_who_gets_the_name() -> None:
    store, clock = MemoryStore(), RevisionClock()
    kept = {"about_user": "a nurse"}
    await store.apply([SaveUser(identifier="anna", revision=clock.next())])
    write = SavePreferences(identifier="anna", revision=clock.next(), preferences=kept)
    await store.apply([write])
    await forget_preferences(store, "anna")
    assert await store.get_preferences("anna") == {}
    assert await store.get_user("anna")
