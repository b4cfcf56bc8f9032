"""Until every store keeps accounts: those that do not keep them in memory."""

from collections.abc import Sequence

from datalayer.stores.accounts import Account, AccountStore, EndedSessions, LoginSession
from datalayer.stores.base import Store


def accounts_of(store: Store) -> AccountStore:
    """Return a store's accounts, or some that are forgotten at the end."""
    found: AccountStore = getattr(store, "accounts", None) or InterimAccounts()
    return found


class InterimAccounts(AccountStore):
    """Sessions in memory."""

    def __init__(self) -> None:
        self._sessions: dict[str, LoginSession] = {}
        self._ended: set[str] = set()

    async def get_account(self, key: str) -> Account | None:
        return None

    async def get_account_of(self, subject: tuple[str, str]) -> Account | None:
        return None

    async def list_accounts(self) -> list[Account]:
        return []

    async def save_account(
        self, account: Account, *, replaces: Account | None, keeps: str | None = None
    ) -> bool:
        return False

    async def delete_account(self, account: Account) -> bool:
        return False

    async def begin_session(self, session: LoginSession, account: Account | None) -> bool:
        self._sessions[session.id] = session
        return True

    async def list_sessions(self, identifier: str, *, now: str) -> list[LoginSession]:
        known = self._sessions.values()
        return [it for it in known if it.identifier == identifier and it.id not in self._ended]

    async def end_sessions(self, identifier: str, ids: Sequence[str] | None = None) -> list[str]:
        alive = [it.id for it in await self.list_sessions(identifier, now="")]
        ended = [it for it in alive if ids is None or it in ids]
        self._ended.update(ended)
        return ended

    async def ended_sessions(self, cursor: str = "") -> EndedSessions:
        return EndedSessions(list(self._ended), "")

    async def forget_expired(self, *, now: str) -> None:
        pass
