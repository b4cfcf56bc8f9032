"""What this process has just done, and has to know of it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cachetools import LRUCache

from datalayer.stores.dynamodb.search.unbuilt import Unbuilt

WITHIN_S = 60.0
_USERS = 1_000


class RecentThreads:
    """The threads of users whose place in the index changed within the last minute.

    The index may not show it yet.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._noted: LRUCache[str, dict[str, tuple[str, float]]] = LRUCache(_USERS)

    def note(self, user_id: str, thread_id: str, moment: str) -> None:
        """Note that the index is to show a thread at this moment."""
        self._noted[user_id] = {**self._recent(user_id), thread_id: (moment, self._now())}

    def of(self, user_id: str) -> Mapping[str, str]:
        """Return those of a user, each with its moment in the index."""
        return {name: moment for name, (moment, _) in self._recent(user_id).items()}

    def _recent(self, user_id: str) -> dict[str, tuple[str, float]]:
        since = self._now() - WITHIN_S
        noted = self._noted.get(user_id, {})
        return {name: entry for name, entry in noted.items() if entry[1] > since}


@dataclass(frozen=True, slots=True)
class Recent:
    """What was put into the index, and whose chunks are to be built."""

    listed: RecentThreads
    unbuilt: Unbuilt
