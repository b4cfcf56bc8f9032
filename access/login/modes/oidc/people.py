"""The accounts of people whom a provider knows: found by issuer and subject, made at first login.

Nothing that a provider says of a person, their name and address least of all, makes anybody the
owner of what is another's. Only where it is asked for does somebody get what an owner has whom an
adopted database names by an e-mail address that the provider vouches for, and who has no account.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256

from access.login.accounts.names import folded
from access.login.base import FindOwner
from access.login.modes.oidc.claims import Person, lowered
from access.login.modes.oidc.errors import LoginRefused, Refusal
from datalayer.stores.accounts import Account, AccountStore

PREFIX = "oidc:"
"""Of keys and identifiers that are made here, so that no name of another mode is one."""


class People:
    """Who has an account, or gets one."""

    def __init__(
        self, accounts: AccountStore, find_owner: FindOwner, *, links_by_email: bool
    ) -> None:
        self._accounts = accounts
        self._find_owner = find_owner
        self._links_by_email = links_by_email

    async def account_of(self, person: Person) -> Account:
        """Return a person's account, made if there is none.

        Raises `LoginRefused` where it counts no more, `StoreUnavailable`.
        """
        found = await self._accounts.get_account_of(person.subject) or await self._made(person)
        if found.status != "active":
            raise LoginRefused(Refusal.DISABLED, f"The account {found.key!r} is {found.status}.")
        return found

    async def _made(self, person: Person) -> Account:
        async for account in self._candidates(person):
            if await self._accounts.save_account(account, replaces=None):
                return account
        if found := await self._accounts.get_account_of(person.subject):
            return found  # made meanwhile, by another login of the same person
        why = f"No account can be made for {person.subject[1]!r}: its names are taken."
        raise LoginRefused(Refusal.FAILED, why)

    async def _candidates(self, person: Person) -> AsyncIterator[Account]:
        """Yield the accounts that would do, the best one first; keys may be taken."""
        own = own_identifier(person.subject)
        if owner := await self._linked_owner(person.email):
            yield _account(folded(owner), owner, person)
        if person.email:
            yield _account(folded(PREFIX + person.email), own, person)
        yield _account(own, own, person)

    async def _linked_owner(self, email: str) -> str | None:
        if not (self._links_by_email and email):
            return None
        taken = {folded(one.identifier) for one in await self._accounts.list_accounts()}
        for spelled in dict.fromkeys((email, lowered(email))):
            if folded(spelled) not in taken and await self._find_owner(spelled):
                return spelled
        return None


def own_identifier(subject: tuple[str, str]) -> str:
    """Return what conversations of a person belong to who owned nothing here before."""
    return PREFIX + sha256("\0".join(subject).encode()).hexdigest()[:32]


def _account(key: str, identifier: str, person: Person) -> Account:
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return Account(key=key, identifier=identifier, changed_at=now, subject=person.subject)
