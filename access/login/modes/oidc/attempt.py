"""One attempt to sign in: what ties the provider's answer to the browser that asked. Pure.

A browser has one key, in a cookie, and each attempt a state of its own, which is signed for that
key: so several tabs can be on their way at once, and nothing is kept of them. Nonce and PKCE
verifier follow from the state, that key and a secret of ours: who lacks one does not know them.
"""

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from authlib.common.encoding import to_unicode, urlsafe_b64encode

LIVES_S = 900
"""How long somebody may take at the provider, in seconds."""
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
_STATE = re.compile(r"([A-Za-z0-9_-]{22})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an attempt says to the provider, and has to hear again."""

    state: str
    nonce: str
    verifier: str


def new_key() -> str:
    """Return a key for a browser."""
    return secrets.token_urlsafe(32)


def is_key(given: str) -> bool:
    """Tell whether a cookie has the form of a key."""
    return _KEY.fullmatch(given) is not None


def begun(key: str, secret: bytes, now: float) -> Attempt:
    """Return a new attempt of the browser with this key; `now` in seconds since 1970."""
    return _attempt(secrets.token_urlsafe(16), int(now) + LIVES_S, key, secret)


def resumed(state: str, key: str, accepted: Sequence[bytes], now: float) -> Attempt | None:
    """Return the attempt that a state names.

    None if it was signed for another browser, or with none of the accepted secrets, or is over.
    """
    parts = _STATE.fullmatch(state)
    if not parts or not is_key(key) or int(parts[2]) <= now:
        return None
    attempts = (_attempt(parts[1], int(parts[2]), key, secret) for secret in accepted)
    return next((one for one in attempts if hmac.compare_digest(one.state, state)), None)


def _attempt(name: str, until: int, key: str, secret: bytes) -> Attempt:
    def derived(purpose: str) -> str:
        said = f"{purpose}\0{name}\0{until}\0{key}"
        return to_unicode(urlsafe_b64encode(hmac.digest(secret, said.encode(), sha256)))

    return Attempt(f"{name}.{until}.{derived('state')}", derived("nonce"), derived("verifier"))
