"""Passwords: which ones are taken, and how they are kept, as Argon2id hashes.

What takes long, on purpose, says so: it is not for the event loop.
"""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from access.login.accounts.errors import AccountError
from chat.wording.language import Localized
from common.strength import guesses

SHORTEST_PASSWORD = 8  # characters
LONGEST_PASSWORD = 1_024
LENGTH = Localized(
    en="A password has {fewest} to {most} characters.",
    zh="密码长度应为 {fewest} 到 {most} 个字符。",
).filled(fewest=str(SHORTEST_PASSWORD), most=str(LONGEST_PASSWORD))
COMMON = Localized(
    en="This password is among the first that are tried. Take several words.",
    zh="此密码很容易被猜到。请使用多个单词。",
)
_FEWEST_GUESSES = 1e6  # weeks, as fast as those for one name are taken

_hasher = PasswordHasher()
# Verified for a name that there is not, so that the answer takes as long as for one that there is.
# Written down, since to make it would hold up each start.
OF_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$xvLJzPU4KolRli+Dn7K8jw"
    "$4QQYQjgecB31ayWtavm1OQprQ1Mh5LzlliwoudQNlKw"
)


class PoorPassword(AccountError):
    """A password that nobody is given; `sentence` is for people."""

    def __init__(self, sentence: Localized[str]) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


def checked_password(password: str, name: str) -> str:
    """Return a password. Raises `PoorPassword` where somebody would soon guess it for that name.

    Takes a tenth of a second.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise PoorPassword(LENGTH)
    if _is_common(password, name):
        raise PoorPassword(COMMON)
    return password


def _is_common(password: str, name: str) -> bool:
    return guesses(password, [name, "keepchat", "chainlit"]) < _FEWEST_GUESSES


def hash_password(password: str) -> str:
    """Return what is kept of a password. Takes long on purpose."""
    return _hasher.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Tell whether it is the password that was hashed; None for nobody's. Takes long on purpose."""
    try:
        _hasher.verify(password_hash or OF_NOBODY, password[: LONGEST_PASSWORD + 1])
    except (VerificationError, InvalidHashError):
        return False
    return bool(password_hash)
