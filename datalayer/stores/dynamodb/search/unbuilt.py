"""Threads whose chunks are to be built, once they have been quiet for long enough.

A thread's head says that a text changes before the text is put. So what is read of a thread is all
that its head stands for only if no request of a save is still on its way. That is so when the head
has been the same for longer than such requests live, by this process's own clock.
"""

import time
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

QUIET_S = 120.0
_MOST = 10_000


class Noted(NamedTuple):
    """A thread with the nonce that its head has had since then."""

    thread_id: str
    nonce: str
    since: float


class Unbuilt:
    """Those that this process has saved to, or searched without chunks; at most so many."""

    def __init__(self, most: int = _MOST, now: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._now = now
        self._noted: dict[str, Noted] = {}  # oldest first

    def __len__(self) -> int:
        return len(self._noted)

    def note(self, thread_id: str, nonce: str) -> None:
        """Note that a head has this nonce now, unless too many are: a search notes it later."""
        known = self._noted.get(thread_id)
        if known and known.nonce == nonce:
            return
        self._noted.pop(thread_id, None)
        if len(self._noted) < self._most:
            self._noted[thread_id] = Noted(thread_id, nonce, self._now())

    def due(self, count: int) -> list[Noted]:
        """Return up to so many that may be quiet, the oldest ones."""
        since = self._now() - QUIET_S
        return [noted for noted in islice(self._noted.values(), count) if noted.since <= since]

    def forget(self, noted: Noted) -> None:
        """Forget a thread, unless another nonce was noted meanwhile."""
        if self._noted.get(noted.thread_id) == noted:
            del self._noted[noted.thread_id]
