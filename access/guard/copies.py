"""Which copies of conversations are being made: counted for each user, and their bytes judged.

A copy fills the storage as an upload does, and costs whoever asks for it nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from access.guard.user_limits import MEGABYTE, UserLimits


class RunningCopies:
    """Counts the copies of each user."""

    def __init__(self, limits: UserLimits) -> None:
        self._limits = limits

    @contextmanager
    def admit(self, user: str, size: int) -> Iterator[None]:
        """Count one more, whose files have so many bytes, until the block ends.

        Raises `LimitReached` where its user has too many, or it is too large.
        """
        with self._limits.admit("copies", user):
            self._limits.check("copies_mb", size / MEGABYTE, user)
            yield
