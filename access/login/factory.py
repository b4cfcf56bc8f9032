"""Opens the login mode that AUTH_MODE names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from access.login.base import FindOwner, LoginMode
from access.login.local_secret import LocalSecret
from access.login.modes.header.mode import HeaderLogin
from access.login.modes.header.options import HeaderOptions
from access.login.modes.local import LocalLogin
from access.login.modes.oidc.mode import OidcLogin
from access.login.modes.oidc.options import OidcOptions
from access.login.modes.password import PasswordLogin
from access.login.sessions import KeepUser, Sessions
from access.login.tokens import Tokens
from datalayer.stores.accounts import AccountStore


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginOptions:
    """What is set for the modes; each takes what it needs."""

    local_token: Path
    oidc: OidcOptions | None = None
    header: HeaderOptions | None = None
    prefix: str = ""
    """Of all paths."""


MODES: Mapping[str, type[LoginMode]] = {
    "local": LocalLogin,
    "password": PasswordLogin,
    "oidc": OidcLogin,
    "header": HeaderLogin,
}


def mode_of(name: str) -> type[LoginMode]:
    """Return the class of a mode: what is true of it without being opened.

    Raises `ValueError`, which lists the known ones, for a name that is none.
    """
    if name not in MODES:
        message = f"AUTH_MODE is {name!r}; it must be one of {', '.join(MODES)}"
        raise ValueError(message)
    return MODES[name]


def open_login(
    name: str,
    options: LoginOptions,
    accounts: AccountStore,
    tokens: Tokens,
    keep_user: KeepUser | None = None,
    find_owner: FindOwner | None = None,
) -> LoginMode:
    """Return the mode of a name; nothing is read before its first use. Raises as `mode_of`."""
    personal = mode_of(name).is_personal
    sessions = Sessions(accounts, tokens, name, keep_user=keep_user, personal=personal)
    return _MAKERS[name](options, sessions, accounts, find_owner or _nobody)


async def _nobody(_identifier: str) -> None:
    """Find no owner."""


def _open_oidc(
    options: LoginOptions, sessions: Sessions, accounts: AccountStore, find_owner: FindOwner
) -> LoginMode:
    if options.oidc is None:
        message = "AUTH_MODE is oidc, and no provider is named"
        raise ValueError(message)
    return OidcLogin(sessions, accounts, find_owner, options.oidc, options.prefix)


_Make = Callable[[LoginOptions, Sessions, AccountStore, FindOwner], LoginMode]
_MAKERS: Mapping[str, _Make] = {
    "local": lambda options, sessions, *_others: LocalLogin(
        sessions, LocalSecret(options.local_token), options.prefix
    ),
    "password": lambda _options, sessions, accounts, _find: PasswordLogin(sessions, accounts),
    "oidc": _open_oidc,
    "header": lambda options, sessions, accounts, _find: HeaderLogin(
        sessions, accounts, options.header or HeaderOptions(), options.prefix
    ),
}
