"""The users file of AUTH_MODE=password: names and Argon2id hashes, kept by `manage.py user`.

A name is found whatever its case; how it was first written is the identifier that conversations
belong to.
"""

import json
import logging
import os
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from filelock import FileLock, Timeout

logger = logging.getLogger(__name__)

LONGEST_NAME = 64  # characters
SHORTEST_PASSWORD = 8  # characters
LONGEST_PASSWORD = 1_024
_LOCK_S = 10.0

_hasher = PasswordHasher()
# Verified for a name that there is not, so that the answer takes as long as for one that there is.
_NOBODY = _hasher.hash("nobody")


class AccountError(Exception):
    """What was asked of the users file cannot be done; the message says why."""


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
        known = account.password_hash if account else _NOBODY
        try:
            _hasher.verify(known, password[: LONGEST_PASSWORD + 1])
        except (VerificationError, InvalidHashError):
            return None
        return account

    def add(self, name: str, password: str) -> Account:
        """Make an account. Raises `AccountError` when there is one, or for a poor password."""
        account = _account(_clean(name), password)

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
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        message = f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters."
        raise AccountError(message)
    # Logins know whole seconds only: those of this second are void, too.
    next_second = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    return Account(name, _hasher.hash(password), next_second.isoformat())


def _clean(name: str) -> str:
    clean = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(clean) <= LONGEST_NAME or not clean.isprintable():
        message = f"A user's name has 1 to {LONGEST_NAME} printable characters; {name!r} has not."
        raise AccountError(message)
    return clean


def folded(name: str) -> str:
    """Return what stands for a name, however it is written: its case, width and blanks."""
    return unicodedata.normalize("NFKC", name).casefold().strip()
