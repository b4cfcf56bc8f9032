"""Which account a person gets, and whose conversations with it."""

from typing import Literal

import pytest

from access.login.modes.oidc.claims import Person
from access.login.modes.oidc.errors import LoginRefused, Refusal
from access.login.modes.oidc.people import People, own_identifier
from datalayer.stores.accounts import Account, AccountStore
from datalayer.stores.memory import MemoryStore

Status = Literal["active", "disabled", "removed"]
ISSUER = "https://id.example.org"


def person(subject: str = "1", email: str = "Anna@Example.org") -> Person:
    """Who has signed in."""
    return Person((ISSUER, subject), email, "Anna Alder", is_operator=False)


@pytest.fixture
def accounts() -> AccountStore:
    """No accounts."""
    return MemoryStore().accounts


def people(accounts: AccountStore, *owners: str, links: bool = False) -> People:
    """The people of a program in which these own conversations."""

    async def find(identifier: str) -> str | None:
        return identifier if identifier in owners else None

    return People(accounts, find, links_by_email=links)


async def test_a_person_keeps_their_account_whatever_is_said_of_them(
    accounts: AccountStore,
) -> None:
    first = await people(accounts).account_of(person())
    assert (first.key, first.identifier) == (
        "oidc:anna@example.org",
        own_identifier((ISSUER, "1")),
    )
    assert await people(accounts).account_of(person(email="other@example.org")) == first
    assert await people(accounts, "anna@example.org", links=True).account_of(person()) == first
    assert len(await accounts.list_accounts()) == 1


async def test_people_with_the_same_address_are_two(accounts: AccountStore) -> None:
    first = await people(accounts).account_of(person("1"))
    second = await people(accounts).account_of(person("2"))
    assert first.identifier != second.identifier
    assert second.key == second.identifier


async def test_the_same_subject_of_another_issuer_is_another_person(
    accounts: AccountStore,
) -> None:
    other = Person(("https://other.example", "1"), "", "", is_operator=False)
    assert (await people(accounts).account_of(other)).identifier != own_identifier((ISSUER, "1"))


@pytest.mark.parametrize("links", [False, True])
@pytest.mark.parametrize("email", ["", "bob@example.org", "ni\N{KELVIN SIGN}@example.org"])
async def test_nobody_owns_what_is_anothers(
    accounts: AccountStore, email: str, *, links: bool
) -> None:
    owners = ("Anna@Example.org", "nik@example.org", "anna", "")
    found = await people(accounts, *owners, links=links).account_of(person(email=email))
    assert found.identifier == own_identifier((ISSUER, "1"))


@pytest.mark.parametrize("owner", ["Anna@Example.org", "anna@example.org"])
async def test_an_owner_called_by_the_address_is_linked_where_that_is_wanted(
    accounts: AccountStore, owner: str
) -> None:
    unlinked = await people(MemoryStore().accounts, owner).account_of(person())
    assert unlinked.identifier != owner
    linked = await people(accounts, owner, links=True).account_of(person())
    assert (linked.key, linked.identifier) == ("anna@example.org", owner)
    other = await people(accounts, owner, links=True).account_of(person("2"))
    assert other.identifier == own_identifier((ISSUER, "2"))


@pytest.mark.parametrize("status", ["active", "disabled", "removed"])
async def test_an_owner_with_an_account_is_never_linked(
    accounts: AccountStore, status: Status
) -> None:
    there = Account(
        key="somebody",
        identifier="anna@example.org",
        changed_at="2026-01-01T00:00:00Z",
        status=status,
    )
    assert await accounts.save_account(there, replaces=None)
    found = await people(accounts, "anna@example.org", links=True).account_of(person())
    assert found.identifier == own_identifier((ISSUER, "1"))


@pytest.mark.parametrize("status", ["disabled", "removed"])
async def test_who_was_removed_or_disabled_stays_out(
    accounts: AccountStore, status: Status
) -> None:
    found = await people(accounts).account_of(person())
    ended = Account(
        key=found.key,
        identifier=found.identifier,
        changed_at="2026-01-01T00:00:00Z",
        status=status,
        subject=found.subject,
    )
    assert await accounts.save_account(ended, replaces=found)
    with pytest.raises(LoginRefused) as refused:
        await people(accounts).account_of(person(email="new@example.org"))
    assert refused.value.refusal is Refusal.DISABLED


async def test_two_first_logins_at_once_make_one_account(accounts: AccountStore) -> None:
    class Behind(MemoryStore):
        """It learns of the account only when it wants to make one."""

    store = Behind().accounts
    winner = await people(store).account_of(person())
    real = store.get_account_of
    answers = [None]

    async def late(subject: tuple[str, str]) -> Account | None:
        return answers.pop() if answers else await real(subject)

    store.get_account_of = late  # type: ignore[method-assign]
    assert await people(store).account_of(person()) == winner
    assert len(await store.list_accounts()) == 1
