"""Which copies of conversations are being made: counted for each user, and their bytes judged.

A copy fills the storage as an upload does, and costs whoever asks for it nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from access.guard.user_limits import MEGABYTE, UserLimits


class RunningCopies:
    """Counts the copies of each user."""

    def __init__(self, limits: UserLimits) -> None:
        self._limits = limits
        self._running: Counter[str] = Counter()

    @contextmanager
    def begin(self, user: str) -> Iterator[Callable[[int], None]]:
        """Count one more until the block ends; yield what judges how many bytes its files have.

        That is the `admit` of the data layer's copies. Both raise `LimitReached`.
        """
        self._limits.check("copies", self._running[user] + 1, user)
        self._running[user] += 1
        try:
            yield lambda size: self._limits.check("copies_mb", size / MEGABYTE, user)
        finally:
            self._running[user] -= 1
