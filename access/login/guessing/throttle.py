"""What slows guessing, and lets the right one in meanwhile. See docs/adr/0020.

Failures are counted, never refusals: for a name from an address, for a name from anywhere, for an
address whatever the name, and for all. Who is let past proves with a cookie that they have signed
in as this name before, and has a count of their own.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from cachetools import TTLCache

MOST_KEYS = 10_000  # that are remembered of a kind


@dataclass(frozen=True, slots=True)
class Rate:
    """So many failures at once, and then one more every so many seconds."""

    burst: int
    every_s: float

    @property
    def filled_s(self) -> float:
        """How long it takes until an empty bucket is full: then it may be forgotten."""
        return self.burst * self.every_s


PAIR = Rate(20, 5.0)  # a name, from one address
NAME = Rate(50, 4.0)  # a name, from anywhere: more than one address alone can use up
ADDRESS = Rate(30, 1.0)  # an address, under any names
DEVICE = Rate(10, 60.0)  # a browser that has signed in before, under that name
OVERALL = Rate(200, 0.25)  # names that there are, from anywhere: waited for, and never refused


class TooManyAttempts(Exception):
    """An attempt is not made; one may be in `retry_s` seconds."""

    def __init__(self, retry_s: float) -> None:
        super().__init__()
        self.retry_s = retry_s


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Buckets:
    """The failures of each key that are left, as a rate allows them."""

    def __init__(
        self, rate: Rate, most: int = MOST_KEYS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: TTLCache[Hashable, _Bucket] = TTLCache(most, rate.filled_s, clock)

    def wait_s(self, key: Hashable) -> float:
        """Return how long it takes until one is left."""
        return max(0.0, 1 - self._left(key)) * self._rate.every_s

    def taken(self, key: Hashable) -> float:
        """Return how many were used up, without those that are there again."""
        return self._rate.burst - self._left(key)

    def take(self, key: Hashable) -> None:
        """Use one up."""
        self._put(key, self._left(key) - 1)

    def give_back(self, key: Hashable) -> None:
        """Undo a `take`."""
        self._put(key, min(self._rate.burst, self._left(key) + 1))

    def forget(self, key: Hashable) -> None:
        """Give all back."""
        self._buckets.pop(key, None)

    def _left(self, key: Hashable) -> float:
        bucket = self._buckets.get(key)
        if bucket is None:
            return self._rate.burst
        passed = self._clock() - bucket.at
        return min(self._rate.burst, bucket.left + passed / self._rate.every_s)

    def _put(self, key: Hashable, left: float) -> None:
        self._buckets[key] = _Bucket(left, self._clock())  # anew: then it is kept for longer


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who tries to sign in: the name as it is compared, whether there is one, from where, and the
    browser's id where it has signed in as this name before.
    """

    name: str
    is_known: bool
    address: str
    device: str = ""

    @property
    def keys(self) -> tuple[str, str]:
        """What it has in common with others of the same kind."""
        return f"name {self.name}", f"address {self.address}"


class Throttle:
    """Counts failures, and says who has to wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._addresses = Buckets(ADDRESS, clock=clock)
        self._devices = Buckets(DEVICE, clock=clock)
        self._overall = Buckets(OVERALL, clock=clock)
        # Apart: made-up names must not make us forget those of people.
        self._names = {known: Buckets(NAME, clock=clock) for known in (True, False)}
        self._pairs = {known: Buckets(PAIR, clock=clock) for known in (True, False)}

    def check_address(self, address: str) -> None:
        """Raise `TooManyAttempts` where an address has failed too often."""
        _refuse(self._addresses.wait_s(address))

    def is_trusted(self, device: str) -> bool:
        """Tell whether a browser is let past what others have to wait for."""
        return bool(device) and self._devices.wait_s(device) == 0

    def pause_s(self, attempt: Attempt) -> float:
        """Return how long an attempt waits since so many fail everywhere."""
        slowed = attempt.is_known and not self.is_trusted(attempt.device)
        return self._overall.wait_s(()) if slowed else 0.0

    def begin(self, attempt: Attempt) -> Callable[[], None]:
        """Count an attempt as failed, and return what undoes that. Raises `TooManyAttempts`."""
        counts = self._counts(attempt)
        _refuse(max(buckets.wait_s(key) for buckets, key in counts))
        if attempt.is_known and not self.is_trusted(attempt.device):
            counts = [*counts, (self._overall, ())]
        for buckets, key in counts:
            buckets.take(key)

        def succeed() -> None:
            for buckets, key in counts:
                buckets.give_back(key)

        return succeed

    def _counts(self, attempt: Attempt) -> list[tuple[Buckets, Hashable]]:
        if self.is_trusted(attempt.device):
            return [(self._devices, attempt.device)]
        return [
            (self._pairs[attempt.is_known], (attempt.name, attempt.address)),
            (self._names[attempt.is_known], attempt.name),
            (self._addresses, attempt.address),
        ]


def _refuse(wait_s: float) -> None:
    if wait_s > 0:
        raise TooManyAttempts(wait_s)
