"""What the provider says of itself, and its keys: asked at first use, and again after a while."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import msgspec
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.discovery import get_well_known_url
from joserfc.jwk import KeySet

from access.login.modes.oidc.errors import LoginRefused, Refusal
from access.login.modes.oidc.http import Requests, fetched
from access.login.published_keys import require_safe, usable_keys

FRESH_S = 600.0
"""What was said counts so long, in seconds."""
PAUSE_S = 10.0
"""Because of a key that is not known it is asked again no earlier, in seconds."""


class About(msgspec.Struct, frozen=True):
    """What a provider says of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    id_token_signing_alg_values_supported: tuple[str, ...] = ()
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Published(msgspec.Struct, frozen=True):
    keys: list[Any]


@dataclass(frozen=True, slots=True)
class Known:
    """What a provider said at a time, by the monotonic clock."""

    about: About
    keys: KeySet
    at: float


class Discovery:
    """What is known of one provider."""

    def __init__(self, issuer: str, requests: Requests) -> None:
        self._issuer = issuer
        self._requests = requests
        self._known: Known | None = None
        self._asking = asyncio.Lock()

    async def known(self, *, is_doubted: bool = False) -> Known:
        """Return what it said not long ago; asked again rather if that `is_doubted`.

        Raises `LoginRefused` for another issuer, and what `fetched` raises.
        """
        async with self._asking:  # one asks, for all who wait
            known = self._known
            if not known or time.monotonic() - known.at > (PAUSE_S if is_doubted else FRESH_S):
                known = self._known = await self._ask()
            return known

    async def _ask(self) -> Known:
        async with self._requests.client() as client:
            about = await self._about(client)
            published = await fetched(client, about.jwks_uri, _Published)
        return Known(about, usable_keys(published.keys), time.monotonic())

    async def _about(self, client: AsyncOAuth2Client) -> About:
        url = get_well_known_url(self._issuer, external=True)
        about = await fetched(client, url, About)
        if about.issuer.rstrip("/") != self._issuer.rstrip("/"):
            why = f"OIDC_ISSUER is {self._issuer}, and the provider calls itself {about.issuer}."
            raise LoginRefused(Refusal.FAILED, why)
        required = (about.authorization_endpoint, about.token_endpoint, about.jwks_uri)
        optional = (about.userinfo_endpoint, about.end_session_endpoint)
        for endpoint in (*required, *filter(None, optional)):
            require_safe(endpoint)
        return about
