"""What a login asks of the provider: where to sign in, who has, and where to sign out."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from authlib.common.urls import add_params_to_uri
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from access.login.modes.oidc.attempt import Attempt
from access.login.modes.oidc.claims import Claims
from access.login.modes.oidc.discovery import About, Discovery
from access.login.modes.oidc.errors import LoginRefused, Refusal
from access.login.modes.oidc.http import Requests, asking, fetched
from access.login.modes.oidc.id_token import Expected, UnknownKey, claims_of
from access.login.modes.oidc.options import OidcOptions
from access.login.published_keys import ALGORITHMS

AT_ONCE = 16
"""Logins that ask the provider at a time."""
_ASKED = ("name", "email", "email_verified")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What comes of a login at the provider."""

    claims: Claims
    id_token: str


@dataclass(frozen=True, slots=True)
class _Tokens:
    id_token: str
    access_token: str


class Provider:
    """The provider that the settings name. All that it raises is `LoginRefused`."""

    def __init__(self, options: OidcOptions) -> None:
        self._options = options
        self._requests = Requests(options.client_id, options.client_secret)
        self._discovery = Discovery(options.issuer, self._requests)
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def about(self) -> About:
        """Return what it says of itself."""
        async with asking(self._options.issuer):
            return (await self._discovery.known()).about

    async def login_url(self, attempt: Attempt, redirect_uri: str) -> str:
        """Return where somebody signs in."""
        asked = {
            "response_type": "code",
            "client_id": self._options.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self._options.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": create_s256_code_challenge(attempt.verifier),
            "code_challenge_method": "S256",
        }
        return _with((await self.about()).authorization_endpoint, asked)

    async def logout_url(self, id_token: str, back: str) -> str | None:
        """Return where somebody signs out, None if nowhere; `back` is where they go then."""
        asked = {"client_id": self._options.client_id, "post_logout_redirect_uri": back}
        if id_token:
            asked["id_token_hint"] = id_token
        endpoint = (await self.about()).end_session_endpoint
        return _with(endpoint, asked) if endpoint else None

    async def signed_in(self, code: str, attempt: Attempt, redirect_uri: str) -> SignedIn:
        """Return who has signed in with this code."""
        async with asking(self._options.issuer):
            about = (await self._discovery.known()).about
            async with self._turns, self._requests.client() as client:
                given = await self._exchange(client, about, code, attempt, redirect_uri)
                tokens = _tokens(given)
                claims = await self._judged(tokens, attempt)
                told = await self._told(client, about, claims)
            return SignedIn({**told, **claims}, tokens.id_token)

    async def _exchange(
        self,
        client: AsyncOAuth2Client,
        about: About,
        code: str,
        attempt: Attempt,
        redirect_uri: str,
    ) -> Mapping[str, Any]:
        given: Mapping[str, Any] = await client.fetch_token(
            about.token_endpoint,
            code=code,
            code_verifier=attempt.verifier,
            grant_type="authorization_code",
            redirect_uri=redirect_uri,
            auth=self._proof(client, about),
        )
        return given

    def _proof(self, client: AsyncOAuth2Client, about: About) -> httpx2.Auth | None:
        """Return how we say who we are; None where authlib does, in the way that is set here."""
        methods = about.token_endpoint_auth_methods_supported
        if self._options.client_secret and (
            "client_secret_basic" in methods or "client_secret_post" not in methods
        ):
            return self._requests.basic_auth()
        client.token_endpoint_auth_method = (
            "client_secret_post" if self._options.client_secret else "none"
        )
        return None

    async def _judged(self, tokens: _Tokens, attempt: Attempt) -> dict[str, Any]:
        try:
            return await self._claims(tokens, attempt)
        except UnknownKey:
            pass  # the provider may have new ones
        try:
            return await self._claims(tokens, attempt, is_doubted=True)
        except UnknownKey as exc:
            why = "The ID token is signed with a key that the provider does not name."
            raise LoginRefused(Refusal.FAILED, why) from exc

    async def _claims(
        self, tokens: _Tokens, attempt: Attempt, *, is_doubted: bool = False
    ) -> dict[str, Any]:
        known = await self._discovery.known(is_doubted=is_doubted)
        offered = known.about.id_token_signing_alg_values_supported
        expected = Expected(
            issuer=known.about.issuer,
            client_id=self._options.client_id,
            nonce=attempt.nonce,
            access_token=tokens.access_token,
            algorithms=ALGORITHMS & frozenset(offered or ALGORITHMS),
        )
        return claims_of(tokens.id_token, known.keys, expected, now=int(time.time()))

    async def _told(
        self, client: AsyncOAuth2Client, about: About, claims: Claims
    ) -> dict[str, Any]:
        """Return what the provider says of the person besides, where something is wanted."""
        if not about.userinfo_endpoint or all(name in claims for name in self._wanted()):
            return {}
        told = await fetched(client, about.userinfo_endpoint, dict[str, Any], by_token=True)
        if told.get("sub") != claims["sub"]:
            raise LoginRefused(Refusal.FAILED, "The provider tells of somebody else.")
        return told

    def _wanted(self) -> list[str]:
        options = self._options
        groups = [options.groups_claim] if options.groups else []
        return [*_ASKED, *groups, *([options.admin_claim[0]] if options.admin_claim else [])]


def _tokens(given: Mapping[str, Any]) -> _Tokens:
    id_token, access_token = given.get("id_token"), given.get("access_token")
    if not isinstance(id_token, str) or not isinstance(access_token, str):
        raise LoginRefused(Refusal.FAILED, "The provider gave no ID token: is openid a scope?")
    return _Tokens(id_token, access_token)


def _with(endpoint: str, asked: Mapping[str, str]) -> str:
    return str(add_params_to_uri(endpoint, list(asked.items())))
