"""The users file of earlier versions moves into the database."""

import asyncio
import json
from pathlib import Path

import pytest

from access.login.accounts.administration import change_account
from access.login.accounts.errors import AccountError
from access.login.accounts.passwords import is_password
from access.login.accounts.users_file import take_over, waits
from datalayer.stores.accounts import AccountStore
from datalayer.stores.memory import MemoryStore
from tests.support.users_file import write_users_file

PASSWORD = "correct horse"


@pytest.fixture
def accounts() -> AccountStore:
    return MemoryStore().accounts


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "users.json"


def names_beside(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


def put(path: Path, text: str) -> None:
    path.write_text(text)


def text_of(path: Path) -> str:
    return path.read_text()


async def test_its_accounts_are_taken_over_once(accounts: AccountStore, path: Path) -> None:
    write_users_file(path, ["Anna", "bob"], PASSWORD)
    text = text_of(path)
    said = await take_over(path, accounts)
    assert said is not None
    assert said.startswith(f"The 2 accounts of {path} are in the database now.")
    assert "\n" not in said
    anna, bob = await accounts.list_accounts()
    assert (anna.key, anna.identifier, bob.key) == ("anna", "Anna", "bob")
    assert anna.changed_at == "2026-01-01T12:00:00.000000Z"
    assert is_password(PASSWORD, anna.password_hash)
    assert text_of(path.with_name("users.json.imported")) == text
    assert names_beside(path) == ["users.json.imported"]
    assert await accounts.delete_account(anna)
    assert await take_over(path, accounts) is None
    assert not waits(path)
    assert await accounts.list_accounts() == [bob]


async def test_who_is_there_stays_as_they_are(accounts: AccountStore, path: Path) -> None:
    write_users_file(path, ["Anna", "bob"], PASSWORD)
    await take_over(path, accounts)
    changed = await change_account(accounts, "anna", lambda it: it)
    write_users_file(path, ["ANNA", "carl"], "another horse")
    said = await take_over(path, accounts)
    assert said is not None
    assert "The 1 accounts" in said
    assert "; 1 were there already." in said
    assert [each.key for each in await accounts.list_accounts()] == ["anna", "bob", "carl"]
    assert await accounts.get_account("anna") == changed


async def test_several_processes_take_it_over_together(accounts: AccountStore, path: Path) -> None:
    write_users_file(path, [f"user {number}" for number in range(20)], PASSWORD)
    await asyncio.gather(*(take_over(path, accounts) for _ in range(5)))
    assert len(await accounts.list_accounts()) == 20
    assert names_beside(path) == ["users.json.imported"]


async def test_what_was_begun_is_ended_by_the_next(accounts: AccountStore, path: Path) -> None:
    write_users_file(path.with_name("users.json.taken-over"), ["anna"], PASSWORD)
    assert waits(path)
    assert await take_over(path, accounts)
    assert len(await accounts.list_accounts()) == 1
    assert not waits(path)


async def test_no_file_is_nothing_to_take_over(accounts: AccountStore, path: Path) -> None:
    assert not waits(path)
    assert await take_over(path, accounts) is None


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"users": [{}]}',
        json.dumps({"users": [{"name": "a", "password_hash": "x", "changed_at": "soon"}]}),
    ],
)
async def test_a_file_that_cannot_be_read_is_said_and_stays(
    accounts: AccountStore, path: Path, text: str
) -> None:
    put(path, text)
    with pytest.raises(AccountError, match=r"users\.json cannot be read"):
        await take_over(path, accounts)
    assert text_of(path) == text
    assert await accounts.list_accounts() == []


async def test_a_file_that_cannot_be_renamed_is_not_taken_over(
    accounts: AccountStore, path: Path
) -> None:
    write_users_file(path, ["anna"], PASSWORD)
    path.with_name("users.json.taken-over").mkdir()
    with pytest.raises(AccountError, match=r"cannot be renamed.*USERS_FILE"):
        await take_over(path, accounts)
    assert await accounts.list_accounts() == []
