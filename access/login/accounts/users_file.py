"""The users file of earlier versions, which is taken over once and then called otherwise."""

import json
from pathlib import Path
from typing import Any

from access.login.accounts.errors import AccountError
from access.login.accounts.names import folded
from datalayer.stores.accounts import Account, AccountStore
from datalayer.values import clean_time

_BEGUN, _DONE = ".taken-over", ".imported"


async def take_over(path: Path, accounts: AccountStore) -> str | None:
    """Take its accounts over that are not there yet, and say so; None where there is no file.

    Other processes may do so too: each account is made once. The file has another name before the
    first is made, so that no account which is removed later comes back. Raises `AccountError` for a
    file that cannot be read or renamed, `StoreUnavailable`.
    """
    found = _read(path)
    if found is None:
        return None
    made = [await accounts.save_account(account, replaces=None) for account in found]
    done = path.with_name(path.name + _DONE)
    _rename(path.with_name(path.name + _BEGUN), done)
    there = f"; {made.count(False):,} were there already" if False in made else ""
    return (
        f"The {made.count(True):,} accounts of {path} are in the database now{there}. "
        f"The file is called {done.name}; nothing reads it any more."
    )


def waits(path: Path) -> bool:
    """Tell whether there is a file to take over."""
    return any(place.exists() for place in (path, path.with_name(path.name + _BEGUN)))


def _read(path: Path) -> list[Account] | None:
    begun = path.with_name(path.name + _BEGUN)
    for place in (path, begun):
        try:
            accounts = _accounts(place)
        except FileNotFoundError:
            continue
        if place == path:
            _rename(path, begun)
        return accounts
    return None


def _rename(path: Path, to: Path) -> None:
    try:
        path.replace(to)
    except FileNotFoundError:
        pass  # another process was faster
    except OSError as exc:
        message = (
            f"The users file {path} cannot be renamed: {exc.strerror or exc}. Its accounts move "
            "into the database once: set USERS_FILE to a copy in a folder that can be changed."
        )
        raise AccountError(message) from exc


def _accounts(path: Path) -> list[Account]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["users"]
        return [_account(**entry) for entry in entries]
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        message = f"The users file {path} cannot be read: {exc}. Restore it from a backup."
        raise AccountError(message) from exc


def _account(name: str, password_hash: str, changed_at: str, **_more: Any) -> Account:
    moment = clean_time(changed_at)
    if not moment:
        raise ValueError(changed_at)
    return Account(
        key=folded(name), identifier=name, changed_at=moment, password_hash=password_hash
    )
