"""The login mode as the settings name it."""

from access.login import factory
from access.login.base import LoginMode
from access.login.factory import LoginOptions
from access.login.sessions import KeepUser
from access.login.tokens import Tokens
from datalayer.stores.accounts import AccountStore
from settings import Settings


def mode_of(settings: Settings) -> type[LoginMode]:
    """Return what is true of the mode without being opened."""
    return factory.mode_of(settings.auth_mode)


def open_login(
    settings: Settings,
    accounts: AccountStore,
    secret: str = "",
    keep_user: KeepUser | None = None,
) -> LoginMode:
    """Return the way in that the settings name; without a secret nobody can be signed in."""
    options = LoginOptions(users_file=settings.users_path)
    tokens = Tokens(secret, [one.get_secret_value() for one in settings.auth_secret_previous])
    return factory.open_login(settings.auth_mode, options, accounts, tokens, keep_user)
