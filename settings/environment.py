"""The only reader of the environment, and what is said of wrong values and names."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from common import env_file
from settings.login import LoginSettings, auth_secret
from settings.names import COMMON, ELSEWHERE, meant
from settings.settings import Settings


class SettingsError(Exception):
    """Values are wrong; the message has a line for each."""


def read() -> Settings:
    """Return the settings. Raises `SettingsError`."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        if not os.environ.get(name, "none"):
            del os.environ[name]  # the SDK would look for a profile without a name
    file = Settings.model_config.get("env_file")
    if isinstance(file, Path) and (fault := env_file.fault_of(file)):
        raise SettingsError(fault)
    try:
        return Settings()
    except ValidationError as exc:
        lines = [_sentence(error) for error in exc.errors()]
        raise SettingsError("\n".join(lines)) from None  # the cause would tell secrets


def misspelt() -> Iterator[str]:
    """Say of each variable whose name is nearly one of ours which was meant.

    In `.env` names may also lack a word; the environment is full of others'.
    """
    known = {name.upper() for name in Settings.model_fields}
    file = Settings.model_config.get("env_file")
    filed = env_file.names(file) if isinstance(file, Path) else ()
    names = dict.fromkeys([*filed, *os.environ])
    for name in names:
        if name.upper() in known:
            continue
        found = meant(name.upper(), known, is_filed=name in filed)
        if found and (found not in names or name.upper() not in ELSEWHERE | COMMON):
            yield f"{name} is not known, and does nothing. Did you mean {found}?"


def load() -> Settings:
    """Return the settings; stops the program with one line when a value is wrong."""
    try:
        return read()
    except SettingsError as exc:
        sys.exit(str(exc))


def _sentence(error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"] if isinstance(part, str)).upper()
    what = error["msg"].removeprefix("Value error, ")
    given = "" if _is_secret(name) else f" (it is {error['input']!r})"
    return f"{name}: {what}{given}. See .env.example." if name else f"{what}. See .env.example."


def _is_secret(name: str) -> bool:
    return not name or any(word in name for word in ("URL", "KEY", "SECRET", "TOKEN", "PASSWORD"))


def export_auth_secret(settings: LoginSettings) -> None:
    """Put the secret that signs logins where Chainlit looks for it."""
    os.environ["CHAINLIT_AUTH_SECRET"] = auth_secret(settings)
