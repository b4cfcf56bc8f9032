"""Failed logins slow down: after a few, each further try for the same name has to wait."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

FREE_FAILURES = 3
LONGEST_WAIT_S = 5.0
FORGOTTEN_AFTER_S = 900.0
MAX_WAITING = 5  # tries for one name; more are refused at once
MAX_NAMES = 10_000


class TooManyTries(Exception):
    """So many tries for one name are waiting that this one is not made."""


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
    """Lets tries for a name through one at a time, later and later while they fail."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._names: OrderedDict[str, _Tries] = OrderedDict()

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[Try]:
        """Wait for this name's turn. Raises `TooManyTries`."""
        tries = self._tries(name)
        if tries.waiting >= MAX_WAITING:
            raise TooManyTries(name)
        tries.waiting += 1
        try:
            async with tries.turn:
                await asyncio.sleep(self.wait_s(name))
                attempt = Try()
                yield attempt
                self._note(tries, attempt)
        finally:
            tries.waiting -= 1

    def wait_s(self, name: str) -> float:
        """Return how long the next try for a name waits, in seconds."""
        tries = self._names.get(name)
        if tries is None or tries.failures < FREE_FAILURES:
            return 0.0
        pause = min(2.0 ** (tries.failures - FREE_FAILURES), LONGEST_WAIT_S)
        return max(0.0, tries.failed_at + pause - self._clock())

    def _tries(self, name: str) -> _Tries:
        tries = self._names.setdefault(name, _Tries())
        self._names.move_to_end(name)
        if self._clock() - tries.failed_at > FORGOTTEN_AFTER_S:
            tries.failures = 0
        while len(self._names) > MAX_NAMES:
            self._names.popitem(last=False)
        return tries

    def _note(self, tries: _Tries, attempt: Try) -> None:
        tries.failures = tries.failures + 1 if attempt.failed else 0
        tries.failed_at = self._clock()
