"""Requests to the provider, bounded in time and bytes; nobody follows where it redirects."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import quote_plus

import httpx2
import msgspec
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from access.login.modes.oidc.errors import LoginRefused, Refusal

T = TypeVar("T")

MAX_BYTES = 512 * 1024
"""Of one answer."""
REQUEST_S = 5.0
"""Of connecting, and of waiting for the next bytes, in seconds."""
WHOLE_S = 9.0
"""Of all that one login asks, in seconds."""


class UnwantedAnswer(httpx2.TransportError):
    """An answer is longer than any that is meant for us, or compressed unasked."""


class Requests:
    """Opens clients for what a login asks."""

    def __init__(self, client_id: str, client_secret: str) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._certificates: ssl.SSLContext | None = None

    @asynccontextmanager
    async def client(self) -> AsyncIterator[AsyncOAuth2Client]:
        """Give a client, and close it."""
        if self._certificates is None:  # reading them takes a third of a second
            self._certificates = await asyncio.to_thread(httpx2.create_ssl_context)
        async with self._opened(self._certificates) as client:
            yield client

    def basic_auth(self) -> httpx2.BasicAuth:
        """Return id and secret as RFC 6749 wants them in the header; authlib encodes neither."""
        return httpx2.BasicAuth(quote_plus(self._client_id), quote_plus(self._client_secret))

    def _opened(self, certificates: ssl.SSLContext) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            self._client_id,
            self._client_secret,
            leeway=0,  # an access token is used at once, and never renewed
            timeout=REQUEST_S,
            follow_redirects=False,
            headers={"Accept-Encoding": "identity", "Accept": "application/json"},
            event_hooks={"response": [_count]},
            verify=certificates,
        )


@asynccontextmanager
async def asking(issuer: str) -> AsyncIterator[None]:
    """Bound the time of what is asked within, and raise `LoginRefused` for what goes wrong."""
    try:
        async with asyncio.timeout(WHOLE_S):
            yield
    except OAuthError as exc:
        why = f"The provider refuses: {exc.error}: {exc.description}"
        raise LoginRefused(Refusal.FAILED, why) from exc
    except TimeoutError as exc:
        why = f"{issuer} did not answer within {WHOLE_S:.0f} s."
        raise LoginRefused(Refusal.UNAVAILABLE, why) from exc
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as exc:
        why = f"{issuer} cannot be asked: {type(exc).__name__}: {exc}"
        raise LoginRefused(Refusal.UNAVAILABLE, why) from exc


async def fetched(
    client: AsyncOAuth2Client, url: str, kind: type[T], *, by_token: bool = False
) -> T:
    """Return what is at an address, as JSON of a kind. Raises `ValueError`, `httpx2.HTTPError`."""
    response = await client.request("GET", url, withhold_token=not by_token)
    if response.is_redirect:
        message = f"{url} redirects to {response.headers.get('location')}: name that in OIDC_ISSUER"
        raise ValueError(message)
    response.raise_for_status()
    return msgspec.json.decode(response.content, type=kind)


async def _count(response: httpx2.Response) -> None:
    """Count an answer's bytes as they come: it is asked for as it is, so that these are all."""
    if response.headers.get("content-encoding", "identity") != "identity":
        message = "The answer is compressed, and was asked for as it is."
        raise UnwantedAnswer(message)
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Counted(response.stream)


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        count = 0
        async for piece in self._stream:
            count += len(piece)
            if count > MAX_BYTES:
                message = f"The answer has more than {MAX_BYTES} bytes."
                raise UnwantedAnswer(message)
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
