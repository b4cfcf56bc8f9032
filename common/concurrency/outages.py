"""Something that is away, told once, and once more when it is back."""

import logging
import time
from collections.abc import Callable

logger = logging.getLogger("keepchat")


class Outage:
    """Whether one thing that the program needs is away, by those of its parts that miss it.

    It is back when none misses it any more. What it is begins the sentences of the log.
    """

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._clock = clock
        self._missed_by: set[str] = set()
        self._since = 0.0

    @property
    def is_on(self) -> bool:
        """Whether it is away."""
        return bool(self._missed_by)

    def note(self, part: str, why: object) -> None:
        """Note that a part misses it; the first is told, and why: an error, or a sentence."""
        if not self._missed_by:
            self._since = self._clock()
            logger.warning("%s is away: %s", self._what, why)
        self._missed_by.add(part)

    def over(self, part: str) -> None:
        """Note that a part has it."""
        if part not in self._missed_by:
            return
        self._missed_by.discard(part)
        if not self._missed_by:
            logger.warning("%s is back, after %s.", self._what, _for(self._clock() - self._since))


def _for(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 100 else f"{minutes / 60:.0f} h"
