"""The public keys of a proxy: fetched at first use, after a while, and for a new one."""

import asyncio
import re
import time
from abc import ABC, abstractmethod
from typing import Any

import httpx2
import msgspec
from cachetools import LRUCache
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from access.login.modes.header.errors import KeysUnavailable
from access.login.published_keys import usable_keys

FRESH_S = 600.0
"""A set of keys counts so long, in seconds; while no newer one can be had, longer."""
PAUSE_S = 10.0
"""Nothing is asked again before, in seconds."""
WHOLE_S = 9.0
"""Of one answer, in seconds."""
MAX_BYTES = 512 * 1024
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")


class _Published(msgspec.Struct, frozen=True):
    keys: list[Any]


class Keys(ABC):
    """Finds a key by the id that an assertion names."""

    @abstractmethod
    async def find(self, key_id: str) -> ECKey | RSAKey | None:
        """Return the key, None where there is none of this id. Raises `KeysUnavailable`."""


class KeySet(Keys):
    """Keys that are published together, as JSON (RFC 7517)."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str, Any] = {}
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def find(self, key_id: str) -> ECKey | RSAKey | None:
        """Return the key, None where there is none of this id. Raises `KeysUnavailable`."""
        async with self._asking:  # one asks, for all who wait
            wait = FRESH_S if key_id in self._keys else PAUSE_S
            if time.monotonic() - self._asked_at > wait:
                await self._ask()
        if not self._keys:
            message = f"{self._url} has given no keys."
            raise KeysUnavailable(message)
        return self._keys.get(key_id)

    async def _ask(self) -> None:
        self._asked_at = time.monotonic()
        try:
            found = msgspec.json.decode(await fetched(self._url), type=_Published)
        except (KeysUnavailable, msgspec.DecodeError) as exc:
            if not self._keys:
                message = f"{self._url} gives no keys: {exc}"
                raise KeysUnavailable(message) from exc
        else:
            keys = {key.kid: key for key in usable_keys(found.keys) if key.kid}
            self._keys = keys or self._keys


class KeyFolder(Keys):
    """Keys that are published each at an address of its own, as PEM, and never change."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: LRUCache[str, ECKey] = LRUCache(100)
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def find(self, key_id: str) -> ECKey | RSAKey | None:
        """Return the key, None where there is none of this id. Raises `KeysUnavailable`."""
        if key_id in self._keys or not _KEY_ID.fullmatch(key_id):
            return self._keys.get(key_id)
        async with self._asking:
            if key_id not in self._keys:
                self._keys[key_id] = await self._ask(key_id)
        return self._keys[key_id]

    async def _ask(self, key_id: str) -> ECKey:
        if time.monotonic() - self._asked_at < PAUSE_S and self._keys:
            message = f"{self._url} was asked for another key just now."
            raise KeysUnavailable(message)
        self._asked_at = time.monotonic()
        try:
            return ECKey.import_key(await fetched(f"{self._url}/{key_id}"))
        except (JoseError, ValueError, TypeError) as exc:
            message = f"{self._url} gives no key: {exc}"
            raise KeysUnavailable(message) from exc


async def fetched(url: str) -> bytes:
    """Return what is at an address. Raises `KeysUnavailable`; nobody follows a redirect."""
    try:
        async with (
            asyncio.timeout(WHOLE_S),
            httpx2.AsyncClient(follow_redirects=False) as client,
            client.stream("GET", url) as answer,
        ):
            if answer.status_code != httpx2.codes.OK:
                message = f"{url} answers with {answer.status_code}."
                raise KeysUnavailable(message)
            return await _bounded(answer)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as exc:
        message = f"{url} cannot be asked: {type(exc).__name__}: {exc}"
        raise KeysUnavailable(message) from exc


async def _bounded(answer: httpx2.Response) -> bytes:
    content = b""
    async for piece in answer.aiter_bytes():
        content += piece
        if len(content) > MAX_BYTES:
            message = "What should be keys is too long."
            raise KeysUnavailable(message)
    return content
