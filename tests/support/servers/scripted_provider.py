"""A provider of identities that says what a test wants, true or not; its keys are real ones."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = ("keepchat", "a secret: with +, % and ~")


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] | None = None


class ScriptedProvider:
    """What it says, for a test to change; `asked` has the paths that were asked, in order.

    `answers` are whole answers instead of its own, by path.
    """

    def __init__(self) -> None:
        self.url = ""
        self.key = key("first")
        self.published = [self.key]
        self.about: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.told: dict[str, Any] = {}
        self.tokens: dict[str, Any] = {}
        self.answers: dict[str, Answer] = {}
        self.is_slow = False
        self.asked: list[str] = []
        self.form: dict[str, str] = {}
        self.proof = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        self.asked.append(request.path)
        if self.is_slow:
            await asyncio.Event().wait()
        if request.path in self.answers:
            given = self.answers[request.path]
            return web.Response(status=given.status, body=given.body, headers=given.headers)
        return web.json_response(await self._said(request))

    async def _said(self, request: web.Request) -> dict[str, Any]:
        match request.path:
            case "/.well-known/openid-configuration":
                return self._about()
            case "/keys":
                return {"keys": [one.as_dict(private=False) for one in self.published]}
            case "/token":
                self.form = {name: str(value) for name, value in (await request.post()).items()}
                self.proof = request.headers.get("Authorization", "")
                return {
                    "access_token": "at",
                    "token_type": "Bearer",
                    "expires_in": 30,
                    "id_token": self._id_token(),
                    **self.tokens,
                }
            case _:
                assert request.headers["Authorization"] == "Bearer at"
                return {"sub": "1", "name": "Anna", **self.told}

    def _about(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize?tenant=1",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/me",
            "end_session_endpoint": f"{self.url}/end",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            **self.about,
        }

    def _id_token(self) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT[0], "sub": "1", "iat": now, "exp": now + 60}
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims | self.claims, self.key)


@cache
def key(name: str, _number: int = 0) -> RSAKey:
    """A key with a name, or another one with it; it takes a while to make one."""
    return RSAKey.generate_key(2_048, {"kid": name})


@asynccontextmanager
async def running_provider() -> AsyncIterator[ScriptedProvider]:
    """Run one."""
    provider = ScriptedProvider()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", provider.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        provider.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield provider
    finally:
        await runner.cleanup()
