"""Whether an ID token is one, and meant for this login. Pure.

Signature and claims are judged by joserfc and authlib; here is what they are to accept.
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwk, jwt
from joserfc.errors import InvalidKeyIdError, JoseError, SecurityWarning
from joserfc.jwk import ECKey, KeySet, RSAKey
from joserfc.jws import JWSRegistry

from access.login.oidc.claims import MAX_SUBJECT
from access.login.oidc.errors import LoginRefused, Refusal

LEEWAY_S = 120
"""By how many seconds the clocks of provider and program may differ."""
# By public keys alone: neither "none" nor what is signed with a secret.
ALGORITHMS = frozenset(
    {
        *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        *("ES256", "ES384", "ES512"),
    }
)
LEAST_RSA_BITS = 2_048
MAX_KEYS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an ID token has to say."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    algorithms: frozenset[str] = ALGORITHMS


class UnknownKey(Exception):
    """The token is signed with a key that is not among those given."""


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


def claims_of(token: str, keys: KeySet, expected: Expected, *, now: int) -> dict[str, Any]:
    """Return what an ID token says; `now` in seconds since 1970.

    Raises `UnknownKey`, and `LoginRefused` for a token that is not to be believed.
    """
    registry = JWSRegistry(algorithms=sorted(expected.algorithms), strict_check_header=False)
    try:
        decoded = jwt.decode(token, keys, registry=registry)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {
                "iss": {"essential": True, "value": expected.issuer},
                "aud": {"essential": True, "value": expected.client_id},
            },
            {
                "nonce": expected.nonce,
                "client_id": expected.client_id,
                "access_token": expected.access_token,
            },
        )
        claims.validate(now=now, leeway=LEEWAY_S)
    except InvalidKeyIdError as exc:
        raise UnknownKey from exc
    except (JoseError, ValueError, TypeError) as exc:
        raise LoginRefused(Refusal.FAILED, f"The ID token is not to be believed: {exc}") from exc
    if not 1 <= len(claims["sub"]) <= MAX_SUBJECT:
        raise LoginRefused(Refusal.FAILED, "The ID token names nobody.")
    return dict(claims)
