"""The users file and the commands that keep it."""

import io
import json
import stat
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest
from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from filelock import FileLock

import manage
from access.login import accounts, passwords
from access.login.accounts import UsersFile
from access.login.errors import AccountError
from datalayer.stores.base import Store
from datalayer.stores.sql.sqlite.store import SqliteStore
from datalayer.writes import SaveUser
from tests.support.backends import migrated
from tests.support.builders import thread
from tests.support.waiting import free_port

PASSWORD = "correct horse"
NOBODY = passwords._NOBODY  # as it is outside of these tests


@pytest.fixture
def users(tmp_path: Path) -> UsersFile:
    return UsersFile(tmp_path / "users.json")


def test_only_the_right_password_opens(users: UsersFile) -> None:
    users.add("anna", PASSWORD)
    found = users.verify("anna", PASSWORD)
    assert found is not None
    assert found.name == "anna"
    assert users.verify("anna", PASSWORD + " ") is None
    assert users.verify("anna", "") is None
    assert users.verify("bob", PASSWORD) is None


def test_a_name_is_found_whatever_its_case(users: UsersFile) -> None:
    users.add("  Änna ", PASSWORD)
    found = users.verify("äNNA", PASSWORD)
    assert found is not None
    assert found.name == "Änna"
    with pytest.raises(AccountError, match="already"):
        users.add("ÄNNA", PASSWORD)


def test_the_file_holds_argon2id_and_is_its_owners_alone(users: UsersFile) -> None:
    users.add("anna", PASSWORD)
    assert stat.S_IMODE(users.path.stat().st_mode) == 0o600
    text = users.path.read_text()
    assert PASSWORD not in text
    assert json.loads(text)["users"][0]["password_hash"].startswith("$argon2id$")


def test_a_hash_costs_what_is_advised() -> None:
    assert extract_parameters(NOBODY) == RFC_9106_LOW_MEMORY


def test_what_another_process_changes_is_seen(users: UsersFile) -> None:
    users.add("anna", PASSWORD)
    other = UsersFile(users.path)
    other.set_password("anna", "another horse")
    assert users.verify("anna", PASSWORD) is None
    other.remove("anna")
    assert users.find("anna") is None


def test_a_change_of_the_password_voids_what_was_signed_in_before(users: UsersFile) -> None:
    begun = datetime.now(UTC).timestamp()
    account = users.add("anna", PASSWORD)
    changed_at = datetime.fromisoformat(account.changed_at).timestamp()
    assert account.honours(changed_at)
    assert not account.honours(changed_at - 1)
    assert not account.honours(int(begun))
    assert account.wait_s <= 1


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025])
def test_a_poor_password_is_refused(users: UsersFile, password: str) -> None:
    with pytest.raises(AccountError, match="8 to 1024"):
        users.add("anna", password)
    assert not users.path.exists()


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 65])
def test_a_poor_name_is_refused(users: UsersFile, name: str) -> None:
    with pytest.raises(AccountError, match="1 to 64"):
        users.add(name, PASSWORD)


def test_who_is_not_there_is_named_with_those_who_are(users: UsersFile) -> None:
    users.add("anna", PASSWORD)
    for change in (users.remove, lambda name: users.set_password(name, PASSWORD)):
        with pytest.raises(AccountError, match=r"no user 'bob' .* there is anna"):
            change("bob")


def test_a_broken_file_is_said_and_counts_as_it_was(users: UsersFile) -> None:
    users.add("anna", PASSWORD)
    assert users.find("anna")
    users.path.write_text("{ not json")
    assert users.find("anna")
    with pytest.raises(AccountError, match="cannot be read"):
        UsersFile(users.path).accounts()
    with pytest.raises(AccountError, match="cannot be read"):
        users.add("bob", PASSWORD)


def test_a_file_that_another_program_changes_is_said(
    users: UsersFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "_LOCK_S", 0.01)
    with FileLock(users.path.with_suffix(".lock")), pytest.raises(AccountError, match="Another"):
        users.add("anna", PASSWORD)


def test_a_file_that_cannot_be_changed_is_said(users: UsersFile) -> None:
    users.path.with_suffix(".lock").mkdir()
    with pytest.raises(AccountError, match=r"cannot be changed.*USERS_FILE"):
        users.add("anna", PASSWORD)


def test_a_file_that_cannot_be_looked_at_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AccountError, match="cannot be read"):
        UsersFile(tmp_path / "file" / "users.json").accounts()


def run(monkeypatch: pytest.MonkeyPatch, home: Path, *arguments: str, typed: str = "") -> object:
    monkeypatch.setenv("DATA_DIR", str(home))
    monkeypatch.setenv("AUTH_MODE", "password")
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    with pytest.raises(SystemExit) as ended:
        manage.main(["user", *arguments])
    return ended.value.code


def test_the_commands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    users = UsersFile(tmp_path / "users.json")
    assert run(monkeypatch, tmp_path, "list") == 0
    assert "no accounts" in capsys.readouterr().out
    stdin = "--password-stdin"
    assert run(monkeypatch, tmp_path, "add", "anna", stdin, typed=PASSWORD + "\n") == 0
    assert users.verify("anna", PASSWORD)
    assert run(monkeypatch, tmp_path, "passwd", "anna", stdin, typed="another horse") == 0
    assert users.verify("anna", "another horse")
    assert run(monkeypatch, tmp_path, "list") == 0
    assert "anna\t20" in capsys.readouterr().out
    assert run(monkeypatch, tmp_path, "remove", "anna") == 0
    assert users.find("anna") is None
    assert run(monkeypatch, tmp_path, "remove", "anna") == (
        f"There is no user 'anna' in {users.path}; there is nobody."
    )


def test_a_password_is_asked_for_twice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    typed = iter([PASSWORD, "something else", PASSWORD, PASSWORD])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    assert run(monkeypatch, tmp_path, "add", "anna") == (
        "These were two different passwords; nothing is changed."
    )
    assert run(monkeypatch, tmp_path, "add", "anna") == 0


def test_nobody_to_ask_for_a_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def at_the_end(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", at_the_end)
    assert "--password-stdin" in str(run(monkeypatch, tmp_path, "add", "anna"))


def test_removing_with_conversations(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    users = UsersFile(tmp_path / "users.json")
    users.add("Anna", PASSWORD)
    has_conversations(tmp_path, "Anna")
    assert run(monkeypatch, tmp_path, "remove", "anna", "--with-conversations") == 0
    assert users.find("anna") is None
    assert conversations(tmp_path) == []


def test_conversations_of_a_removed_account_can_still_be_deleted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    UsersFile(tmp_path / "users.json").add("anna", PASSWORD)
    has_conversations(tmp_path, "anna")
    assert run(monkeypatch, tmp_path, "remove", "anna") == 0
    assert len(conversations(tmp_path)) == 1
    assert run(monkeypatch, tmp_path, "remove", "anna", "--with-conversations") == 0
    assert conversations(tmp_path) == []
    again = run(monkeypatch, tmp_path, "remove", "anna", "--with-conversations")
    assert "no user 'anna'" in str(again)


def test_with_the_database_away_the_account_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    users = UsersFile(tmp_path / "users.json")
    users.add("anna", PASSWORD)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://me:geheim@127.0.0.1:{free_port()}/db")
    said = str(run(monkeypatch, tmp_path, "remove", "anna", "--with-conversations"))
    assert said.startswith("DATABASE_URL: ")
    assert users.find("anna")


def test_removing_does_not_migrate_when_that_is_done_by_hand(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    users = UsersFile(tmp_path / "users.json")
    users.add("anna", PASSWORD)
    monkeypatch.setenv("DATABASE_MIGRATE", "off")
    said = str(run(monkeypatch, tmp_path, "remove", "anna", "--with-conversations"))
    assert "manage.py migrate" in said
    assert users.find("anna")


def has_conversations(home: Path, name: str) -> None:
    async def write(store: Store) -> None:
        await migrated(store)
        await store.apply([SaveUser(identifier=name, metadata={}, revision=1), thread(owner=name)])

    in_store(home, write)


def conversations(home: Path) -> list[str]:
    found: list[str] = []

    async def read(store: Store) -> None:
        found.extend([each.id async for each in store.threads()])

    in_store(home, read)
    return found


def in_store(home: Path, work: Callable[[Store], Awaitable[None]]) -> None:
    async def run_and_close() -> None:
        store = SqliteStore(home / "keepchat.db")
        await work(store)
        await store.close()

    anyio.run(run_and_close)
