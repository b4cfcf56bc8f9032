"""Sessions and logins without a program."""

from chainlit.user import User

from access.login.sessions import Sessions
from access.login.tokens import Login, Tokens
from datalayer.stores.accounts import AccountStore
from datalayer.stores.memory import MemoryStore

SECRET = "k" * 48


def sessions_of(
    mode: str, accounts: AccountStore | None = None, *, personal: bool = False
) -> Sessions:
    """Return the sessions of a mode."""
    return Sessions(accounts or MemoryStore().accounts, Tokens(SECRET), mode, personal=personal)


async def login_of(sessions: Sessions, name: str) -> Login:
    """Begin a session."""
    return await sessions.begin(User(identifier=name))
