"""Accounts, as operators make and change them: what is given to whom, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from access.login.accounts.errors import AccountError
from access.login.accounts.names import checked_name, folded, look_alike
from datalayer.stores.accounts import Account, AccountStore
from datalayer.values import iso_time

_ATTEMPTS = 5  # of a change that somebody else was faster than
_MOST_NAMED = 20  # of those who are there
_FASTER = "Somebody else changes the accounts at this moment. Try again."


async def find_account(accounts: AccountStore, name: str) -> Account | None:
    """Return the account with this name, however it is written, removed ones too."""
    return await accounts.get_account(folded(name))


async def known_account(accounts: AccountStore, name: str) -> Account:
    """Return the account with this name. Raises `AccountError` where there is none."""
    found = await find_account(accounts, name)
    if found and found.status != "removed":
        return found
    there = [name_of(each) for each in await accounts.list_accounts() if is_there(each)]
    names = ", ".join(sorted(there)[:_MOST_NAMED]) or "nobody"
    more = f" and {len(there) - _MOST_NAMED:,} others" if len(there) > _MOST_NAMED else ""
    message = f"There is no user {name!r}; there is {names}{more}."
    raise AccountError(message)


def name_of(account: Account) -> str:
    """Return the name by which operators know an account: of who has one by a provider the key."""
    is_named = folded(account.identifier) == account.key
    return account.identifier if is_named else account.key


def is_there(account: Account) -> bool:
    """Tell whether an account has not been removed."""
    return account.status != "removed"


async def free_name(accounts: AccountStore, name: str) -> str:
    """Return a name as it is kept. Raises `AccountError` for one that is nobody's to have.

    A name is found whatever its case; one that people would take for another's is refused.
    """
    clean = checked_name(name)
    there = [each for each in await accounts.list_accounts() if is_there(each)]
    for each in there:
        if each.key == folded(clean):
            message = f"There is a user {name_of(each)!r} already: use 'passwd', or 'enable'."
            raise AccountError(message)
    for each in there:
        if look_alike(clean, name_of(each)):
            message = (
                f"{clean!r} looks like the user {name_of(each)!r}: people would take one for the "
                "other. Choose another name."
            )
            raise AccountError(message)
    return clean


async def make_account(accounts: AccountStore, identifier: str, password_hash: str) -> Account:
    """Make an account, in the place of one that was removed. Raises `AccountError`."""
    former = await find_account(accounts, identifier)
    account = Account(
        key=folded(identifier),
        identifier=identifier,
        changed_at=now(),
        password_hash=password_hash,
    )
    taken = former is not None and is_there(former)
    if taken or not await accounts.save_account(account, replaces=former):
        message = f"There is a user {identifier!r} already: somebody else made them just now."
        raise AccountError(message)
    return account


async def change_account(
    accounts: AccountStore, name: str, change: Callable[[Account], Account]
) -> Account:
    """Change an account, whose sessions end, and return it. Raises `AccountError`."""
    for _ in range(_ATTEMPTS):
        account = await known_account(accounts, name)
        changed = replace(change(account), changed_at=now())
        if await accounts.save_account(changed, replaces=account):
            return changed
    raise AccountError(_FASTER)


def now() -> str:
    """Return the time as it is stored."""
    return iso_time(datetime.now(UTC))
