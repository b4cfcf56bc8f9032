"""Preferences as they were read last, or written here: asked for with each new conversation."""

import asyncio
from collections.abc import Mapping

from cachetools import LRUCache

from datalayer.errors import StoreUnavailable
from datalayer.homes import READ_S
from datalayer.stores.base import Store
from datalayer.values import Json

KEPT_USERS = 1_000


class RecentPreferences:
    """Reads preferences from the store, and knows them while that is away."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last: LRUCache[str, Mapping[str, Json]] = LRUCache(KEPT_USERS)
        self._changes = 0

    def knows(self, identifier: str) -> bool:
        """Tell whether the preferences of a user are known without a read."""
        return identifier in self._last

    async def get(self, identifier: str, *, is_away: bool = False) -> Mapping[str, Json]:
        """Return the preferences of a user, empty for nobody.

        While the store is away or silent they are those that are known here; without any
        `StoreUnavailable` is raised.
        """
        last = self._last.get(identifier)
        if last is not None and is_away:
            return last
        try:
            async with asyncio.timeout(READ_S):
                return await self._read(identifier)
        except (TimeoutError, StoreUnavailable) as exc:
            if last is None:
                message = "The preferences of a user cannot be read."
                raise StoreUnavailable(message) from exc
            return self._last.get(identifier, last)

    async def _read(self, identifier: str) -> Mapping[str, Json]:
        changes = self._changes
        found = await self._store.get_preferences(identifier)
        if changes == self._changes:
            self._last[identifier] = found
        return found

    def note(self, identifier: str, changed: Mapping[str, Json]) -> None:
        """Note what is being written: what is being read just now may be from before."""
        self._changes += 1
        if identifier in self._last:
            merged = {**self._last[identifier], **changed}
            self._last[identifier] = {name: it for name, it in merged.items() if it is not None}
