"""The tokens that prove a login: signed, with the id of their session and Chainlit's own claims.

Secrets change in two steps: what an older one has signed is still accepted, and signed anew.
"""

import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt
from cachetools import LRUCache
from chainlit.user import User

from datalayer.stores.accounts import LoginSession

LONGEST = 16_000  # characters of a token that is looked at
_ALGORITHM = "HS256"
_CLAIMS = ("identifier", "sid", "mode", "iat", "exp")
_KNOWN = 10_000  # tokens whose signature was found right


@dataclass(frozen=True, slots=True)
class Login:
    """What a token says that was signed here; times are seconds since 1970.

    `token` is as it would be made now; `is_renewed` where that differs from what was sent.
    """

    token: str
    session_id: str
    identifier: str
    display_name: str | None
    metadata: dict[str, Any]
    mode: str
    began_at: float
    expires_at: float
    is_renewed: bool = False

    @property
    def user(self) -> User:
        """Who it is, as Chainlit knows people."""
        return User(
            identifier=self.identifier, display_name=self.display_name, metadata=self.metadata
        )


class Tokens:
    """Makes and reads tokens by a secret, and reads those of the secrets before it."""

    def __init__(self, secret: str, previous: Sequence[str] = ()) -> None:
        self._secrets = (secret, *(one for one in previous if one != secret))
        self._known: LRUCache[str, Login] = LRUCache(_KNOWN)

    def issue(self, user: User, session: LoginSession, now: float | None = None) -> str:
        """Return the token of a session."""
        claims = {
            **user.to_dict(),
            "sid": session.id,
            "mode": session.mode,
            "iat": time.time() if now is None else now,
            "exp": datetime.fromisoformat(session.expires_at).timestamp(),
        }
        return self._signed(claims)

    def read(self, token: str) -> Login | None:
        """Return what a token says; None unless it was signed here, and has not expired."""
        login = self._known.get(token) or self._verified(token)
        return login if login and login.expires_at > time.time() else None

    def key_for(self, purpose: str) -> Sequence[bytes]:
        """Return keys for signatures of another kind, the present one first."""
        return [
            hmac.digest(one.encode(), f"keepchat {purpose}".encode(), hashlib.sha256)
            for one in self._secrets
        ]

    def _verified(self, token: str) -> Login | None:
        if len(token) > LONGEST:
            return None
        for secret in self._secrets:
            try:
                claims = jwt.decode(
                    token,
                    secret,
                    algorithms=[_ALGORITHM],
                    # Another replica's clock may be ahead.
                    options={"require": list(_CLAIMS), "verify_iat": False, "verify_exp": False},
                )
                login = self._login(claims, token, is_current=secret is self._secrets[0])
            except (jwt.InvalidTokenError, TypeError, ValueError):
                continue
            self._known[token] = login
            return login
        return None

    def _login(self, claims: dict[str, Any], token: str, *, is_current: bool) -> Login:
        return Login(
            token=token if is_current else self._signed(claims),
            session_id=_text(claims["sid"]),
            identifier=_text(claims["identifier"]),
            display_name=claims.get("display_name"),
            metadata=dict(claims.get("metadata") or {}),
            mode=_text(claims["mode"]),
            began_at=float(claims["iat"]),
            expires_at=float(claims["exp"]),
            is_renewed=not is_current,
        )

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self._secrets[0], algorithm=_ALGORITHM)


def _text(claim: object) -> str:
    if not isinstance(claim, str) or not claim:
        message = "a claim is no text"
        raise TypeError(message)
    return claim
