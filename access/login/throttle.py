"""Failed logins slow down: after a few, each further try for the same name has to wait.

Tries are counted for a name and the address that they come from.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

FREE_FAILURES = 3
LONGEST_WAIT_S = 5.0
FORGOTTEN_AFTER_S = 900.0
MAX_WAITING = 5  # tries for one key; more are refused at once
MAX_KEYS = 10_000

Key = tuple[str, str]  # the folded name, the client's address


class TooManyTries(Exception):
    """So many tries for one key are waiting that this one is not made."""


@dataclass(slots=True)
class _Tries:
    failures: int = 0
    failed_at: float = 0.0
    waiting: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class Try:
    """One try; its maker says whether it failed."""

    failed: bool = False


class Throttle:
    """Lets tries for a key through one at a time, later and later while they fail."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._keys: OrderedDict[Key, _Tries] = OrderedDict()

    @asynccontextmanager
    async def turn(self, key: Key) -> AsyncIterator[Try]:
        """Wait for this key's turn. Raises `TooManyTries`."""
        tries = self._tries(key)
        if tries.waiting >= MAX_WAITING:
            raise TooManyTries(key)
        tries.waiting += 1
        try:
            async with tries.turn:
                await asyncio.sleep(self.wait_s(key))
                attempt = Try()
                yield attempt
                self._note(tries, attempt)
        finally:
            tries.waiting -= 1

    def wait_s(self, key: Key) -> float:
        """Return how long the next try for a key waits, in seconds."""
        tries = self._keys.get(key)
        if tries is None or tries.failures < FREE_FAILURES:
            return 0.0
        pause = min(2.0 ** (tries.failures - FREE_FAILURES), LONGEST_WAIT_S)
        return max(0.0, tries.failed_at + pause - self._clock())

    def _tries(self, key: Key) -> _Tries:
        tries = self._keys.setdefault(key, _Tries())
        self._keys.move_to_end(key)
        if self._clock() - tries.failed_at > FORGOTTEN_AFTER_S:
            tries.failures = 0
        while len(self._keys) > MAX_KEYS:
            self._keys.popitem(last=False)
        return tries

    def _note(self, tries: _Tries, attempt: Try) -> None:
        tries.failures = tries.failures + 1 if attempt.failed else 0
        tries.failed_at = self._clock()
