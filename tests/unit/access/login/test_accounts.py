"""Who is given an account, and how it changes."""

from dataclasses import replace

import pytest

from access.login.accounts.administration import (
    change_account,
    find_account,
    free_name,
    known_account,
    make_account,
    name_of,
)
from access.login.accounts.errors import AccountError
from datalayer.stores.accounts import Account, AccountStore
from datalayer.stores.memory import MemoryStore
from datalayer.stores.memory_accounts import MemoryAccounts


@pytest.fixture
def accounts() -> AccountStore:
    return MemoryStore().accounts


async def remove(accounts: AccountStore, name: str) -> Account:
    return await change_account(accounts, name, lambda it: replace(it, status="removed"))


async def test_an_account_is_found_however_its_name_is_written(accounts: AccountStore) -> None:
    made = await make_account(accounts, "Änna", "$hash$")
    for name in ("Änna", "ÄNNA", " änna ", "A\u0308nna"):
        assert await known_account(accounts, name) == made
        assert await find_account(accounts, name) == made
    assert (made.identifier, made.status, made.password_hash) == ("Änna", "active", "$hash$")


async def test_a_name_is_given_as_it_is_written(accounts: AccountStore) -> None:
    assert await free_name(accounts, "  A\u0308nna ") == "Änna"


async def test_a_name_is_given_once(accounts: AccountStore) -> None:
    await make_account(accounts, "Anna", "$hash$")
    with pytest.raises(AccountError, match="a user 'Anna' already"):
        await free_name(accounts, "ANNA")
    with pytest.raises(AccountError, match="already"):
        await make_account(accounts, "anna", "$other$")
    assert [each.identifier for each in await accounts.list_accounts()] == ["Anna"]


@pytest.mark.parametrize("name", ["\u0430lice", "aIice", "a1ice"])
async def test_a_name_that_looks_like_anothers_is_not_given(
    accounts: AccountStore, name: str
) -> None:
    await make_account(accounts, "alice", "$hash$")
    with pytest.raises(AccountError, match="looks like the user 'alice'"):
        await free_name(accounts, name)


async def test_the_name_of_who_was_removed_is_free_and_what_looks_like_it(
    accounts: AccountStore,
) -> None:
    await make_account(accounts, "alice", "$hash$")
    removed = await remove(accounts, "alice")
    assert await find_account(accounts, "alice") == removed
    assert await free_name(accounts, "alice") == "alice"
    assert await free_name(accounts, "a1ice") == "a1ice"
    again = await make_account(accounts, "alice", "$new$")
    assert await accounts.list_accounts() == [again]
    assert again.status == "active"


async def test_who_is_not_there_is_named_with_those_who_are(accounts: AccountStore) -> None:
    with pytest.raises(AccountError, match=r"no user 'bob'; there is nobody\."):
        await known_account(accounts, "bob")
    for name in ("Zoe", "anna", "carl"):
        await make_account(accounts, name, "$hash$")
    await remove(accounts, "carl")
    with pytest.raises(AccountError, match=r"no user 'bob'; there is Zoe, anna\."):
        await known_account(accounts, "bob")
    for number in range(30):
        await make_account(accounts, f"user {number}", "$hash$")
    with pytest.raises(AccountError, match="and 12 others"):
        await known_account(accounts, "carl")


async def test_who_has_an_account_by_a_provider_is_named_by_its_key(
    accounts: AccountStore,
) -> None:
    theirs = Account(
        key="oidc:anna@example.org",
        identifier="oidc:0123",
        changed_at="2026-01-01T00:00:00.000000Z",
        subject=("https://login.example.org", "0123"),
    )
    await accounts.save_account(theirs, replaces=None)
    assert name_of(theirs) == "oidc:anna@example.org"
    assert await known_account(accounts, "OIDC:Anna@example.org") == theirs


async def test_a_change_that_others_are_faster_than_is_made_on_theirs() -> None:
    accounts = BusyAccounts(2)
    await make_account(accounts, "anna", "$hash$")
    changed = await change_account(accounts, "anna", lambda it: replace(it, status="disabled"))
    assert (changed.status, changed.password_hash) == ("disabled", "$hash$**")
    assert await accounts.list_accounts() == [changed]


async def test_a_change_that_others_are_always_faster_than_is_refused() -> None:
    accounts = BusyAccounts(99)
    await make_account(accounts, "anna", "$hash$")
    with pytest.raises(AccountError, match="Somebody else"):
        await change_account(accounts, "anna", lambda it: replace(it, status="disabled"))


class BusyAccounts(MemoryAccounts):
    """Somebody else changes the password before each change, so often."""

    def __init__(self, times: int) -> None:
        store = MemoryStore()
        super().__init__(lambda: store._tables.logins)
        self._left = times

    async def save_account(
        self, account: Account, *, replaces: Account | None, keeps: str | None = None
    ) -> bool:
        if replaces and self._left:
            self._left -= 1
            theirs = replace(replaces, password_hash=f"{replaces.password_hash}*")
            await super().save_account(theirs, replaces=replaces)
        return await super().save_account(account, replaces=replaces, keeps=keeps)
