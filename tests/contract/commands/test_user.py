"""`manage.py user` on each database, while others have it open."""

import asyncio
import io
import sys
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

import manage
from access.login.accounts.passwords import is_password
from cli import accounts as command
from datalayer.pipeline.locks import apply_when_free
from datalayer.stores.accounts import Account, LoginSession
from datalayer.stores.base import Store
from datalayer.stores.factory import open_store
from datalayer.stores.options import StoreOptions
from tests.support.builders import ids, new_id, step, thread, user
from tests.support.marks import on
from tests.support.servers.dynamodb import ACCESS, DynamoDB
from tests.support.servers.postgres import Postgres
from tests.support.users_file import write_users_file
from tests.support.waiting import free_port

T = TypeVar("T")
Capture = pytest.CaptureFixture[str]

PASSWORD = "correct horse"
FUTURE = "2999-01-01T00:00:00.000000Z"
STDIN = "--password-stdin"


@dataclass
class Program:
    """The commands, and a replica beside them."""

    url: str
    data: Path
    patch: pytest.MonkeyPatch
    capture: Capture

    def run(self, *arguments: str, typed: str = PASSWORD) -> str:
        """Run a command and return what it prints, or what it fails with."""
        self.patch.setattr(sys, "stdin", io.StringIO(f"{typed}\n"))
        with pytest.raises(SystemExit) as ended:
            manage.main(["user", *arguments])
        printed = self.capture.readouterr().out.strip()
        return printed if ended.value.code == 0 else str(ended.value.code)

    def do(self, work: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
        """Do something with the database as a replica does."""

        async def with_store() -> T:
            store = open_store(self.url, self.data, StoreOptions(aws=ACCESS))
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(with_store())

    def account(self, key: str) -> Account | None:
        return self.do(lambda store: store.accounts.get_account(key))

    def accounts(self) -> list[Account]:
        return self.do(lambda store: store.accounts.list_accounts())

    def sign_in(self, key: str) -> None:
        async def begin(store: Store) -> None:
            account = await store.accounts.get_account(key)
            assert account
            session = LoginSession(
                id=new_id(),
                identifier=account.identifier,
                created_at=account.changed_at,
                expires_at=FUTURE,
                mode="password",
            )
            assert await store.accounts.begin_session(session, account)

        self.do(begin)

    def sessions(self, identifier: str) -> list[LoginSession]:
        now = "2026-01-01T00:00:00.000000Z"
        return self.do(lambda store: store.accounts.list_sessions(identifier, now=now))

    def converse(self, owner: str, count: int) -> None:
        async def write(store: Store) -> None:
            writes = [user(owner)]
            await apply_when_free(store, writes)
            for name in ids(count):
                await apply_when_free(
                    store, [thread(name, owner=owner), step(name, owner=owner, output="x")]
                )

        self.do(write)

    def conversations(self) -> list[str | None]:
        async def read(store: Store) -> list[str | None]:
            return [each.owner async for each in store.threads()]

        return sorted(self.do(read), key=str)


@pytest.fixture(params=on("sqlite", "postgres", "dynamodb"))
def program(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> Iterator[Program]:
    """The commands on a database that nobody has prepared."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("AUTH_MODE", "password")
    monkeypatch.setattr(command, "SIGNED_OUT_WITHIN_S", 0.0)
    if request.param == "sqlite":
        yield Program(f"sqlite:///{tmp_path / 'keepchat.db'}", tmp_path, monkeypatch, capsys)
    elif request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        with server.database(new_id()) as name:
            url = server.url(name)
            monkeypatch.setenv("DATABASE_URL", url)
            yield Program(url, tmp_path, monkeypatch, capsys)
    else:
        request.getfixturevalue("no_aws")
        dynamodb: DynamoDB = request.getfixturevalue("dynamodb")
        with dynamodb.table() as table:
            url = dynamodb.url(table)
            monkeypatch.setenv("DATABASE_URL", url)
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS.access_key_id or "")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ACCESS.secret_access_key or "")
            yield Program(url, tmp_path, monkeypatch, capsys)


@pytest.mark.slow
def test_the_life_of_an_account(program: Program) -> None:
    assert program.run("list") == ("There are no accounts. Make one: manage.py user add NAME")
    assert program.run("add", " Anna ", STDIN) == "Anna can sign in now."
    made = program.account("anna")
    assert made
    assert is_password(PASSWORD, made.password_hash)
    assert program.run("list") == f"Anna\t{made.changed_at}\tactive"

    program.sign_in("anna")
    assert "signed out everywhere" in program.run("passwd", "ANNA", STDIN, typed="another horse")
    changed = program.account("anna")
    assert changed
    assert is_password("another horse", changed.password_hash)
    assert program.sessions("Anna") == []

    program.sign_in("anna")
    program.sign_in("anna")
    assert program.run("sign-out", "anna") == "anna is signed out everywhere. Logins ended: 2."
    assert program.sessions("Anna") == []

    program.sign_in("anna")
    assert "cannot sign in until 'enable'" in program.run("disable", "anna")
    assert program.sessions("Anna") == []
    assert program.run("list").endswith("\tdisabled")
    assert "disabled as before" in program.run("passwd", "anna", STDIN)
    assert program.run("enable", "anna") == "Anna can sign in."
    assert program.run("list").endswith("\tactive")

    program.sign_in("anna")
    assert "deleted: 0" in program.run("remove", "anna", "--erase")
    assert program.sessions("Anna") == []
    assert program.accounts() == []


@pytest.mark.slow
def test_who_is_removed_keeps_their_conversations_for_nobody(program: Program) -> None:
    program.run("add", "Anna", STDIN)
    program.converse("Anna", 3)
    program.converse("bob", 1)
    program.sign_in("anna")
    assert program.run("remove", "anna", "--keep") == (
        "anna cannot sign in any more. Conversations kept: 3."
    )
    assert program.sessions("Anna") == []
    assert program.run("list").endswith("\tremoved")
    for action in (["passwd", "anna", STDIN], ["enable", "anna"], ["remove", "anna", "--keep"]):
        assert program.run(*action) == "There is no user 'anna'; there is nobody."

    said = program.run("add", "anna", STDIN)
    assert "A former 'Anna' has left 3 conversations" in said
    assert "--inherit" in said
    assert "user remove 'anna' --erase" in said
    removed = program.account("anna")
    assert removed
    assert (removed.status, removed.password_hash) == ("removed", None)

    assert program.run("add", "anna", STDIN, "--inherit") == (
        "Anna can sign in now, with 3 conversations."
    )
    again = program.account("anna")
    assert again
    assert (again.identifier, again.status) == ("Anna", "active")


@pytest.mark.slow
def test_what_the_former_left_can_be_deleted_first(program: Program) -> None:
    program.run("add", "Anna", STDIN)
    program.converse("Anna", 3)
    program.converse("bob", 1)
    program.run("remove", "anna", "--keep")
    assert program.run("remove", "anna", "--erase") == (
        "anna cannot sign in any more. Conversations deleted: 3."
    )
    assert program.conversations() == ["bob"]
    assert program.accounts() == []
    assert program.run("add", "anna", STDIN) == "anna can sign in now."
    assert "no user 'carl'" in program.run("remove", "carl", "--with-conversations")


def test_a_name_without_an_account_inherits_nothing_without_a_word(program: Program) -> None:
    program.run("list")
    program.converse("dora", 2)
    said = program.run("add", "Dora", STDIN)
    assert "A former 'dora' has left 2 conversations" in said
    assert program.accounts() == []
    assert "with 2 conversations" in program.run("add", "Dora", STDIN, "--inherit")
    made = program.account("dora")
    assert made
    assert made.identifier == "dora"


def test_nobody_is_erased_or_kept_unasked(program: Program) -> None:
    program.run("add", "anna", STDIN)
    program.converse("anna", 1)
    said = program.run("remove", "anna")
    assert "--keep" in said
    assert "--erase" in said
    account = program.account("anna")
    assert account
    assert account.status == "active"
    assert program.conversations() == ["anna"]


@pytest.mark.slow
def test_what_is_refused(program: Program) -> None:
    program.run("add", "alice", STDIN)
    assert "already" in program.run("add", "ALICE", STDIN)
    assert "looks like the user 'alice'" in program.run("add", "\u0430lice", STDIN)
    assert "1 to 64" in program.run("add", "x" * 65, STDIN)
    assert "8 to 1024" in program.run("add", "bob", STDIN, typed="short")
    assert "first that are tried" in program.run("add", "bob", STDIN, typed="password1")
    assert "first that are tried" in program.run("passwd", "alice", STDIN, typed="alice123")
    for action in (["passwd", STDIN], ["disable"], ["enable"], ["sign-out"], ["remove", "--keep"]):
        assert program.run(action[0], "bob", *action[1:]) == (
            "There is no user 'bob'; there is alice."
        )
    assert [each.key for each in program.accounts()] == ["alice"]


def test_a_users_file_is_taken_over_before_anything_else(program: Program) -> None:
    write_users_file(program.data / "users.json", ["Anna", "bob"], PASSWORD)
    assert "already" in program.run("add", "anna", STDIN)
    assert [each.identifier for each in program.accounts()] == ["Anna", "bob"]
    assert (program.data / "users.json.imported").exists()
    program.run("remove", "bob", "--erase")
    assert [each.identifier for each in program.accounts()] == ["Anna"]


def test_a_database_that_is_away_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    url = f"postgresql://me:geheim@127.0.0.1:{free_port()}/db"
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", url)
    said = Program(url, tmp_path, monkeypatch, capsys).run("add", "anna", STDIN)
    assert said.startswith("DATABASE_URL: ")
    assert "geheim" not in said
