"""Whether an ID token is one, and meant for this login. Pure.

Signature and claims are judged by joserfc and authlib; here is what they are to accept.
"""

from dataclasses import dataclass
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from access.login.modes.oidc.claims import MAX_SUBJECT
from access.login.modes.oidc.errors import LoginRefused, Refusal
from access.login.published_keys import ALGORITHMS

LEEWAY_S = 120
"""By how many seconds the clocks of provider and program may differ."""


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
