"""What this process has just put into the index, which may not show it yet."""

import time
from collections.abc import Callable

from cachetools import LRUCache

WITHIN_S = 60.0
_USERS = 1_000


class RecentThreads:
    """The threads of users whose place in the index changed within the last minute."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._noted: LRUCache[str, dict[str, float]] = LRUCache(_USERS)

    def note(self, user_id: str, thread_id: str) -> None:
        """Note that a thread's place changes."""
        self._noted[user_id] = {**self._recent(user_id), thread_id: self._now()}

    def of(self, user_id: str) -> list[str]:
        """Return those of a user."""
        return list(self._recent(user_id))

    def _recent(self, user_id: str) -> dict[str, float]:
        since = self._now() - WITHIN_S
        noted = self._noted.get(user_id, {})
        return {name: at for name, at in noted.items() if at > since}
