"""Trying again what fails for a while: how long the pauses are, and when there is an end to it."""

import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_before_delay

T = TypeVar("T")

Passes = Callable[[BaseException], bool]
"""Tells whether an error may be gone at another attempt."""
Listener = Callable[[BaseException], None]

_MOST_DOUBLINGS = 32  # any first pause is beyond any longest one by then


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """Pauses that double from the first to the longest, and a limit; all in seconds."""

    first_pause_s: float
    longest_pause_s: float
    limit_s: float = math.inf  # so long after the first attempt began no further one is made
    jitter: float = 0.0  # the part of a pause by which chance makes it longer or shorter

    def pause_s(self, number: int) -> float:
        """Return how long the pause with this number is, counted from 1."""
        pause = self.first_pause_s * 2.0 ** min(number - 1, _MOST_DOUBLINGS)
        factor = random.uniform(1 - self.jitter, 1 + self.jitter)  # noqa: S311 - no secret
        return min(pause, self.longest_pause_s) * factor

    async def call(
        self,
        attempt: Callable[[], Awaitable[T]],
        *,
        passes: Passes,
        before_pause: Listener = lambda _error: None,
    ) -> T:
        """Return what the first attempt that succeeds returns.

        An error that does not pass is raised at once, one that does at the limit; before each pause
        `before_pause` is told of it.
        """
        began = time.monotonic()
        try:
            return await attempt()  # tenacity takes a sixth of the time of a save
        except Exception as error:
            if not passes(error):
                raise
            failed = [error]

        async def next_attempt() -> T:
            if failed:
                raise failed.pop()
            return await attempt()

        left_s = self.limit_s - (time.monotonic() - began)
        return await self._retrying(passes, before_pause, left_s)(next_attempt)

    def _retrying(self, passes: Passes, before_pause: Listener, limit_s: float) -> AsyncRetrying:
        return AsyncRetrying(
            retry=retry_if_exception(passes),
            wait=lambda state: self.pause_s(state.attempt_number),
            stop=stop_before_delay(limit_s),
            before_sleep=lambda state: before_pause(_error(state)),
            reraise=True,
        )


def _error(state: RetryCallState) -> BaseException:
    if state.outcome and (error := state.outcome.exception()):
        return error
    raise AssertionError  # tenacity pauses after errors only
