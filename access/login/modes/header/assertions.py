"""A signed assertion of the proxy: verified, and then what it says."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cachetools import LRUCache

from access.login.modes.header.errors import NotByProxy
from access.login.modes.header.keys import KeyFolder, Keys, KeySet
from access.login.modes.header.options import AssertionOptions
from access.login.published_keys import ALGORITHMS

LEEWAY_S = 60
"""By how many seconds the clocks of proxy and program may differ."""
LONGEST = 16_000
"""Characters of an assertion that is looked at."""
_KNOWN = 10_000


@dataclass(frozen=True, slots=True)
class _Said:
    claims: Mapping[str, Any]
    until: float


class Assertions:
    """Verifies assertions of one kind; each once, for as long as it says."""

    def __init__(self, options: AssertionOptions, keys: Keys | None = None) -> None:
        self._options = options
        self._is_alb = options.kind == "aws-alb"
        self._keys = keys or (KeyFolder if self._is_alb else KeySet)(options.keys_url)
        self._known: LRUCache[str, _Said] = LRUCache(_KNOWN)

    async def claims(self, token: str) -> Mapping[str, Any]:
        """Return what an assertion says. Raises `NotByProxy`, `KeysUnavailable`."""
        said = self._known.get(token)
        if said is None or said.until <= time.time():
            said = self._known[token] = await self._verified(token)
        return said.claims

    async def _verified(self, token: str) -> _Said:
        if len(token) > LONGEST:
            message = "The assertion is too long."
            raise NotByProxy(message)
        try:
            key = await self._keys.find(str(jwt.get_unverified_header(token).get("kid", "")))
            if key is None:
                message = "The assertion is signed with a key that the proxy does not publish."
                raise NotByProxy(message)
            # Not by joserfc: load balancers pad what they sign, which that does not take.
            found = jwt.decode_complete(token, key.public_key, **self._expected())
            return self._judged(found["header"], found["payload"])
        except (jwt.PyJWTError, ValueError, TypeError) as exc:
            message = f"The assertion is not to be believed: {exc}"
            raise NotByProxy(message) from exc

    def _expected(self) -> dict[str, Any]:
        """Return what PyJWT is to look at; a load balancer says in the header what others claim."""
        if self._is_alb:
            return {"algorithms": ["ES256"], "options": {"verify_aud": False}}
        return {
            "algorithms": sorted(ALGORITHMS),
            "issuer": self._options.issuer,
            "audience": self._options.audience,
            "leeway": LEEWAY_S,
            "options": {"require": ["iss", "aud", "exp"], "verify_iat": False},
        }

    def _judged(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> _Said:
        if self._is_alb:
            self._require(header, signer=self._options.signer, iss=self._options.issuer)
        until = _number((header if self._is_alb else claims).get("exp"))
        if until + LEEWAY_S <= time.time():
            message = "The assertion has expired."
            raise NotByProxy(message)
        return _Said(claims, until + LEEWAY_S)

    def _require(self, where: Mapping[str, Any], **wanted: str) -> None:
        for name, value in wanted.items():
            if value and where.get(name) != value:
                message = f"The assertion's {name} is another: {str(where.get(name))[:200]!r}."
                raise NotByProxy(message)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = "The assertion does not say until when it counts."
        raise NotByProxy(message)
    return float(value)
