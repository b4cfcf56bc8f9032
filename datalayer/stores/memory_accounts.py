"""Accounts and sessions in memory: what other stores are compared with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from datalayer.stores.accounts import Account, AccountStore, EndedSessions, LoginSession


@dataclass(slots=True)
class LoginTables:
    """What is kept of accounts and sessions."""

    accounts: dict[str, Account] = field(default_factory=dict)  # by key
    sessions: dict[str, LoginSession] = field(default_factory=dict)  # by id
    ended: dict[str, int] = field(default_factory=dict)  # when, by the session's id
    endings: int = 0


class MemoryAccounts(AccountStore):
    """Keeps accounts and sessions in dicts."""

    def __init__(self, tables: Callable[[], LoginTables]) -> None:
        self._tables = tables

    # Accounts

    async def get_account(self, key: str) -> Account | None:
        return self._tables().accounts.get(key)

    async def get_account_of(self, subject: tuple[str, str]) -> Account | None:
        accounts = self._tables().accounts.values()
        return next((each for each in accounts if each.subject == subject), None)

    async def list_accounts(self) -> list[Account]:
        return sorted(self._tables().accounts.values(), key=lambda account: account.key)

    async def save_account(
        self, account: Account, *, replaces: Account | None, keeps: str | None = None
    ) -> bool:
        accounts = self._tables().accounts
        if accounts.get(account.key) != replaces or self._is_taken(account):
            return False
        accounts[account.key] = account
        for identifier in {account.identifier, (replaces or account).identifier}:
            self._end(set(self._alive(identifier)) - {keeps})
        return True

    async def delete_account(self, account: Account) -> bool:
        accounts = self._tables().accounts
        if accounts.get(account.key) != account:
            return False
        del accounts[account.key]
        self._end(set(self._alive(account.identifier)))
        return True

    def _is_taken(self, account: Account) -> bool:
        others = (it for it in self._tables().accounts.values() if it.key != account.key)
        return account.subject is not None and any(it.subject == account.subject for it in others)

    # Sessions

    async def begin_session(self, session: LoginSession, account: Account | None) -> bool:
        tables = self._tables()
        if account and (account.status != "active" or tables.accounts.get(account.key) != account):
            return False
        if session.id in tables.sessions:
            return False
        tables.sessions[session.id] = session
        return True

    async def list_sessions(self, identifier: str, *, now: str) -> list[LoginSession]:
        sessions = self._tables().sessions
        alive = [sessions[each] for each in self._alive(identifier)]
        kept = [each for each in alive if each.expires_at > now]
        return sorted(kept, key=lambda each: (each.created_at, each.id), reverse=True)

    async def end_sessions(self, identifier: str, ids: Sequence[str] | None = None) -> list[str]:
        alive = self._alive(identifier)
        ended = [each for each in alive if ids is None or each in ids]
        self._end(ended)
        return ended

    async def ended_sessions(self, cursor: str = "") -> EndedSessions:
        tables, seen = self._tables(), int(cursor or 0)
        ids = [each for each, ending in tables.ended.items() if ending > seen]
        return EndedSessions(ids, str(tables.endings))

    async def forget_expired(self, *, now: str) -> None:
        sessions, ended = self._tables().sessions, self._tables().ended
        for expired in [each for each in sessions.values() if each.expires_at <= now]:
            del sessions[expired.id]
            ended.pop(expired.id, None)

    def _alive(self, identifier: str) -> list[str]:
        tables = self._tables()
        theirs = (each.id for each in tables.sessions.values() if each.identifier == identifier)
        return [each for each in theirs if each not in tables.ended]

    def _end(self, ids: Sequence[str] | set[str]) -> None:
        tables = self._tables()
        tables.endings += 1
        tables.ended |= dict.fromkeys(ids, tables.endings)
