"""The written contract of accounts and sessions, which every store keeps beside conversations.

What `datalayer.stores.base` says for all methods is true of these too. Who may sign in, and what a
password is, is decided in `access.login`; here is only what is kept, so that every process with
the same database agrees.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Who may sign in, or might once.

    `key` is the name as it is compared, and unique; so is `subject` where it is given: who it is at
    a provider of identities, issuer and its own id for them. `identifier` is what conversations
    belong to. Without `password_hash` nobody signs in with a password. `removed` is who was removed
    while their conversations stayed: the name is not free.
    """

    key: str
    identifier: str
    changed_at: str
    status: Literal["active", "disabled", "removed"] = "active"
    password_hash: str | None = field(default=None, repr=False)
    subject: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LoginSession:
    """One login of one browser. Its `id` is in the token that proves it."""

    id: str
    identifier: str
    created_at: str
    expires_at: str
    mode: str
    """How it began, as AUTH_MODE names it."""
    client: str = ""
    """What the browser says it is."""
    address: str = ""
    """Where it came from."""


class EndedSessions(NamedTuple):
    """Ids of sessions that ended, and from where to ask on."""

    ids: Collection[str]
    cursor: str


class AccountStore(ABC):
    """Keeps accounts, and the sessions of those who signed in."""

    # Accounts

    @abstractmethod
    async def get_account(self, key: str) -> Account | None:
        """Return the account with this key."""

    @abstractmethod
    async def get_account_of(self, subject: tuple[str, str]) -> Account | None:
        """Return the account of who a provider knows by this issuer and id."""

    @abstractmethod
    async def list_accounts(self) -> list[Account]:
        """Return all accounts by key, those that were removed among them."""

    @abstractmethod
    async def save_account(
        self, account: Account, *, replaces: Account | None, keeps: str | None = None
    ) -> bool:
        """Store an account and tell whether it was.

        It is if what is stored under its key is what it `replaces`, None for nothing, and no other
        account has its `subject`. In the same transaction all sessions of its identifier end, and
        of the one it replaces, but for the one whose id it `keeps`.
        """

    @abstractmethod
    async def delete_account(self, account: Account) -> bool:
        """Delete an account if it is stored as it is here, and tell whether it was.

        All sessions of its identifier end in the same transaction.
        """

    # Sessions

    @abstractmethod
    async def begin_session(self, session: LoginSession, account: Account | None) -> bool:
        """Store a session, and tell whether it was.

        It is if `account`, where one is given, is stored as it is here and active, in the same
        transaction: a password that changes meanwhile lets no login through. A session of that
        person that began before, or ended, is not stored again while it has not expired.
        """

    @abstractmethod
    async def list_sessions(self, identifier: str, *, now: str) -> list[LoginSession]:
        """Return a person's sessions that have neither ended nor expired, the newest first."""

    @abstractmethod
    async def end_sessions(self, identifier: str, ids: Sequence[str] | None = None) -> list[str]:
        """End those of a person's sessions, None for all, and return the ids of those that did.

        Who has ended, or is another's, is not among them.
        """

    @abstractmethod
    async def ended_sessions(self, cursor: str = "") -> EndedSessions:
        """Return the sessions that ended since a cursor was given, without one all that are kept.

        None is missed, whoever ended it and however long that took to be stored; some may come
        more than once. Each poll costs the same however many sessions there are.
        """

    @abstractmethod
    async def forget_expired(self, *, now: str) -> None:
        """Delete the sessions that have expired, ended or not: their tokens count no more."""
