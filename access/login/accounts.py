"""The users file of AUTH_MODE=password: names and Argon2id hashes, kept by `manage.py user`.

A name is found whatever its case; how it was first written is the identifier that conversations
belong to.
"""

import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from access.login.errors import AccountError
from access.login.names import checked_name, folded
from access.login.passwords import checked_password, hash_password, is_password

logger = logging.getLogger(__name__)

_LOCK_S = 10.0


@dataclass(frozen=True, slots=True)
class Account:
    """Who may sign in; what was signed in before `changed_at` (UTC, ISO 8601) is void."""

    name: str
    password_hash: str
    changed_at: str

    def honours(self, signed_in_at: float) -> bool:
        """Tell whether a login of that moment, in seconds since 1970, still counts."""
        return signed_in_at >= datetime.fromisoformat(self.changed_at).timestamp()

    @property
    def wait_s(self) -> float:
        """How long it takes until a login counts, in seconds; more than 0 just after a change."""
        return (datetime.fromisoformat(self.changed_at) - datetime.now(UTC)).total_seconds()


Accounts = Mapping[str, Account]


class UsersFile:
    """The users file; read again whenever it has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._accounts: Accounts = {}

    def accounts(self) -> Accounts:
        """Return all accounts by folded name. Raises `AccountError` when the file is not one."""
        seen = self._state()
        if seen != self._seen:
            self._accounts = self._read() if seen else {}
            self._seen = seen
        return self._accounts

    def find(self, name: str) -> Account | None:
        """Return the account with this name; a file broken by hand counts as it was before."""
        try:
            return self.accounts().get(folded(name))
        except AccountError:
            logger.exception("The users file is not read again until it is repaired")
            self._seen = self._state()
            return self._accounts.get(folded(name))

    def known(self, name: str) -> Account:
        """Return the account with this name. Raises `AccountError` when there is none."""
        if account := self.accounts().get(folded(name)):
            return account
        names = ", ".join(sorted(known.name for known in self.accounts().values())) or "nobody"
        message = f"There is no user {name!r} in {self.path}; there is {names}."
        raise AccountError(message)

    def verify(self, name: str, password: str) -> Account | None:
        """Return the account if this is its password. Takes long on purpose: not on the loop."""
        account = self.find(name)
        return (
            account if is_password(password, account.password_hash if account else None) else None
        )

    def add(self, name: str, password: str) -> Account:
        """Make an account. Raises `AccountError` when there is one, or for a poor password."""
        account = _account(checked_name(name), password)

        def change(accounts: dict[str, Account]) -> None:
            if folded(name) in accounts:
                message = f"There is a user {accounts[folded(name)].name!r} already: use 'passwd'."
                raise AccountError(message)
            accounts[folded(name)] = account

        self._change(change)
        return account

    def set_password(self, name: str, password: str) -> Account:
        """Change a password, which signs the user out everywhere. Raises `AccountError`."""
        changed = _account(self.known(name).name, password)
        self._change(lambda accounts: accounts.update({folded(name): changed}))
        return changed

    def remove(self, name: str) -> Account:
        """Remove an account, which signs the user out everywhere. Raises `AccountError`."""
        account = self.known(name)
        self._change(lambda accounts: accounts.__delitem__(folded(name)))
        return account

    def _change(self, change: Callable[[dict[str, Account]], None]) -> None:
        try:
            with FileLock(self.path.with_suffix(".lock"), timeout=_LOCK_S):
                accounts = dict(self._read()) if self.path.exists() else {}
                change(accounts)
                self._write(accounts)
        except Timeout as exc:
            message = f"Another program is changing the users file {self.path}. Try again later."
            raise AccountError(message) from exc
        except OSError as exc:
            message = (
                f"The users file {self.path} cannot be changed: {exc.strerror or exc}. "
                "Correct the rights of its folder, or set USERS_FILE to another place."
            )
            raise AccountError(message) from exc
        self._seen = None

    def _state(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError:
            return 0, 0, 0  # reading it says what is wrong
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> Accounts:
        try:
            entries = json.loads(self.path.read_text(encoding="utf-8"))["users"]
            accounts = [Account(**entry) for entry in entries]
            return {folded(account.name): account for account in accounts}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
            message = f"The users file {self.path} cannot be read: {exc}. Restore it from a backup."
            raise AccountError(message) from exc

    def _write(self, accounts: Accounts) -> None:
        users = [asdict(accounts[key]) for key in sorted(accounts)]
        text = json.dumps({"users": users}, indent=2, ensure_ascii=False) + "\n"
        new = self.path.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)


def _account(name: str, password: str) -> Account:
    password_hash = hash_password(checked_password(password, name))
    # Logins know whole seconds only: those of this second are void, too.
    next_second = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    return Account(name, password_hash, next_second.isoformat())
