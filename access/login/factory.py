"""Opens the login mode that AUTH_MODE names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from access.login.accounts import UsersFile
from access.login.base import LoginMode
from access.login.local import LocalLogin
from access.login.password import PasswordLogin


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginOptions:
    """What is set for the modes; each takes what it needs."""

    users_file: Path


MODES: Mapping[str, Callable[[LoginOptions], LoginMode]] = {
    "local": lambda _options: LocalLogin(),
    "password": lambda options: PasswordLogin(UsersFile(options.users_file)),
}


def open_login(name: str, options: LoginOptions) -> LoginMode:
    """Return the mode of a name; nothing is read before its first use.

    Raises `ValueError`, which lists the known ones, for a name that is none.
    """
    if name not in MODES:
        message = f"AUTH_MODE is {name!r}; it must be one of {', '.join(MODES)}"
        raise ValueError(message)
    return MODES[name](options)
