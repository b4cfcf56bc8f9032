"""Keys that those publish who sign people in: which count, and where they may lie. Pure."""

import warnings
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from joserfc import jwk
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, KeySet, RSAKey

from common.loopback import is_loopback

# By public keys alone: neither "none" nor what is signed with a secret.
ALGORITHMS = frozenset(
    {
        *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        *("ES256", "ES384", "ES512"),
    }
)
LEAST_RSA_BITS = 2_048
MAX_KEYS = 100


def usable_keys(published: Iterable[Any]) -> KeySet:
    """Return those of a provider's published keys that may sign; the others are left out."""
    keys = (_usable(one) for one, _ in zip(published, range(MAX_KEYS), strict=False))
    return KeySet([key for key in keys if key])


def _usable(published: Any) -> RSAKey | ECKey | None:
    if not isinstance(published, dict) or published.get("use", "sig") != "sig":
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # that it is short: it is left out
            key = jwk.import_key(published)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAKey):
        return key if key.raw_value.key_size >= LEAST_RSA_BITS else None
    return key if isinstance(key, ECKey) else None


def require_safe(url: str) -> None:
    """Raise `ValueError` for an address that is neither one with https nor on this computer."""
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback(parts.hostname or "")
    )
    if not parts.hostname or not is_safe:
        message = f"{url!r} is no address with https."
        raise ValueError(message)
