"""The rules for keys, the same in every storage. Pure functions."""

import re

from storage.errors import InvalidKey

# Control characters and half characters are no text to the services.
_NEVER_IN_A_NAME = re.compile("[/\\\\\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def is_key(key: str) -> bool:
    """Return whether this is a key: names joined by slashes, none of which leads anywhere else."""
    return all(map(is_name, key.split("/")))


def is_name(segment: str) -> bool:
    """Return whether this may stand between two slashes of a key."""
    return segment not in ("", ".", "..") and not _NEVER_IN_A_NAME.search(segment)


def check_key(key: str) -> None:
    """Raise `InvalidKey` unless it is one."""
    if not is_key(key):
        message = (
            f"The key {key!r} must be names joined by /, without backslashes, control characters, "
            ". or .."
        )
        raise InvalidKey(message)


def folder_of(prefix: str) -> str:
    """Return a prefix up to its last slash. Raises `InvalidKey` where no key can begin so."""
    above = prefix[: prefix.rfind("/") + 1]
    if above:
        check_key(above[:-1])
    return above
