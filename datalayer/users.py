"""Users as they were read a moment ago: Chainlit asks for the same one with every request."""

import asyncio

from cachetools import LRUCache, TTLCache

from datalayer.errors import StoreUnavailable
from datalayer.homes import READ_S
from datalayer.records import UserRecord
from datalayer.stores.base import Store

KEPT_S = 2.0  # how long after it was read a user is not read again, whatever others change
KEPT_USERS = 1_000
KEPT_IDENTIFIERS = 10_000


class RecentUsers:
    """Reads users from the store, and remembers those that are there for `KEPT_S`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._recent: TTLCache[str, UserRecord] = TTLCache(KEPT_USERS, KEPT_S)
        self._last: LRUCache[str, UserRecord] = LRUCache(KEPT_USERS)
        self._identifiers: LRUCache[str, str] = LRUCache(KEPT_IDENTIFIERS)  # by id, for ever
        self._changes = 0

    async def get(self, identifier: str, *, is_away: bool = False) -> UserRecord | None:
        """Return the user with this identifier; None for nobody, which is never remembered.

        While the store is away or silent it is the one that was read last.
        """
        if known := self._recent.get(identifier):
            return known
        last = self._last.get(identifier)
        if last is None:
            return await self._read(identifier)
        if is_away:
            return last
        try:
            async with asyncio.timeout(READ_S):
                return await self._read(identifier)
        except (TimeoutError, StoreUnavailable):
            return last

    async def _read(self, identifier: str) -> UserRecord | None:
        changes = self._changes
        record = await self._store.get_user(identifier)
        if record is None:
            self._last.pop(identifier, None)
        if record:
            self._identifiers[record.id] = record.identifier
            self._last[identifier] = record
            if changes == self._changes:
                self._recent[identifier] = record
        return record

    def forget(self, identifier: str) -> None:
        """Say that a user was changed: what is being read just now may be from before."""
        self._changes += 1
        self._recent.pop(identifier, None)

    def known_identifier(self, user_id: str) -> str | None:
        """Return the identifier of the user with this id if it is known without a read."""
        return self._identifiers.get(user_id)

    async def identifier_of(self, user_id: str) -> str:
        """Return the identifier of the user with this id; `ValueError` for nobody."""
        record = await self._store.get_user_by_id(user_id)
        if record is None:
            message = f"There is no user {user_id}; create_user has to come first."
            raise ValueError(message)
        self._identifiers[user_id] = record.identifier
        return record.identifier
