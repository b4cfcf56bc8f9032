"""Failed logins slow down: after a few, each further attempt for the same name has to wait.

Attempts are counted for a name and the address that they come from.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from cachetools import TTLCache

FREE_FAILURES = 3
LONGEST_WAIT_S = 5.0
FORGOTTEN_AFTER_S = 900.0
MAX_WAITING = 5  # attempts for one key; more are refused at once
MAX_KEYS = 10_000

Key = tuple[str, str]  # the folded name, the client's address


class TooManyAttempts(Exception):
    """So many attempts for one key are waiting that this one is not made."""


@dataclass(slots=True)
class _History:
    """What is remembered of a key."""

    failures: int = 0
    failed_at: float = 0.0
    waiting: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class Attempt:
    """One attempt to sign in; its maker says whether it failed."""

    failed: bool = False


class Throttle:
    """Lets attempts for a key through one at a time, later and later while they fail."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._histories: TTLCache[Key, _History] = TTLCache(MAX_KEYS, FORGOTTEN_AFTER_S, clock)

    @asynccontextmanager
    async def turn(self, key: Key) -> AsyncIterator[Attempt]:
        """Wait for this key's turn. Raises `TooManyAttempts`."""
        history = self._histories.get(key) or _History()
        if history.waiting >= MAX_WAITING:
            raise TooManyAttempts(key)
        self._histories[key] = history
        history.waiting += 1
        try:
            async with history.turn:
                await asyncio.sleep(self.wait_s(key))
                attempt = Attempt()
                yield attempt
                history.failures = history.failures + 1 if attempt.failed else 0
                history.failed_at = self._clock()
                self._histories[key] = history  # remembered from now on
        finally:
            history.waiting -= 1

    def wait_s(self, key: Key) -> float:
        """Return how long the next attempt for a key waits, in seconds."""
        history = self._histories.get(key)
        if history is None or history.failures < FREE_FAILURES:
            return 0.0
        pause = min(2.0 ** (history.failures - FREE_FAILURES), LONGEST_WAIT_S)
        return max(0.0, history.failed_at + pause - self._clock())
