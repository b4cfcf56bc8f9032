"""Users as they were read a moment ago: Chainlit asks for the same one with every request."""

import time
from collections import OrderedDict

from datalayer.records import UserRecord
from datalayer.stores.base import Store

KEPT_S = 2.0  # how long a change that another process makes may stay unseen
KEPT_USERS = 1_000


class RecentUsers:
    """Reads users from the store, and remembers those that are there for `KEPT_S`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: OrderedDict[str, tuple[float, UserRecord]] = OrderedDict()
        self._changes = 0

    async def get(self, identifier: str) -> UserRecord | None:
        """Return the user with this identifier; None for nobody, which is never remembered."""
        known = self._known.get(identifier)
        if known and time.monotonic() - known[0] < KEPT_S:
            return known[1]
        changes, asked_at = self._changes, time.monotonic()
        record = await self._store.get_user(identifier)
        if record and changes == self._changes:
            self._remember(identifier, asked_at, record)
        return record

    def forget(self, identifier: str) -> None:
        """Say that a user was changed: what is being read just now may be from before."""
        self._changes += 1
        self._known.pop(identifier, None)

    def _remember(self, identifier: str, asked_at: float, record: UserRecord) -> None:
        self._known[identifier] = asked_at, record
        self._known.move_to_end(identifier)
        while len(self._known) > KEPT_USERS:
            self._known.popitem(last=False)
