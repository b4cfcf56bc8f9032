"""Passwords: which ones are taken, and how they are kept, as Argon2id hashes.

What takes long, on purpose, says so: it is not for the event loop.
"""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from access.login.errors import AccountError
from common.strength import guesses

SHORTEST_PASSWORD = 8  # characters
LONGEST_PASSWORD = 1_024
_FEWEST_GUESSES = 1e6  # weeks, as fast as those for one name are taken

_hasher = PasswordHasher()
# Verified for a name that there is not, so that the answer takes as long as for one that there is.
_NOBODY = _hasher.hash("nobody")


def checked_password(password: str, name: str) -> str:
    """Return a password. Raises `AccountError` where somebody would soon guess it for that name.

    Takes a tenth of a second.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        message = f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters."
        raise AccountError(message)
    if _is_common(password, name):
        message = "This password is among the first that are tried. Take several words."
        raise AccountError(message)
    return password


def _is_common(password: str, name: str) -> bool:
    return guesses(password, [name, "keepchat", "chainlit"]) < _FEWEST_GUESSES


def hash_password(password: str) -> str:
    """Return what is kept of a password. Takes long on purpose."""
    return _hasher.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Tell whether it is the password that was hashed; None for nobody's. Takes long on purpose."""
    try:
        _hasher.verify(password_hash or _NOBODY, password[: LONGEST_PASSWORD + 1])
    except (VerificationError, InvalidHashError):
        return False
    return bool(password_hash)
