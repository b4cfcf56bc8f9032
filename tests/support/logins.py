"""Sessions and logins without a program."""

from datetime import UTC, datetime, timedelta

from access.login.accounts.names import folded
from access.login.accounts.passwords import hash_password
from access.login.sessions import Sessions
from access.login.tokens import Tokens
from datalayer.stores.accounts import Account, AccountStore
from datalayer.stores.memory import MemoryStore
from datalayer.values import iso_time

SECRET = "k" * 48


def sessions_of(
    mode: str,
    accounts: AccountStore | None = None,
    *,
    personal: bool = False,
    previous: tuple[str, ...] = (),
    secret: str = SECRET,
) -> Sessions:
    """Return the sessions of a mode."""
    tokens = Tokens(secret, previous)
    return Sessions(accounts or MemoryStore().accounts, tokens, mode, personal=personal)


async def started(sessions: Sessions) -> Sessions:
    """Let sessions know which have ended, without asking again by themselves."""
    await sessions.start()
    await sessions.close()
    return sessions


def account(name: str, password: str | None) -> Account:
    """Return an account, changed an hour ago."""
    return Account(
        key=folded(name),
        identifier=name,
        changed_at=iso_time(datetime.now(UTC) - timedelta(hours=1)),
        password_hash=hash_password(password) if password else None,
    )
