"""Time taken: rounds in which those who are compared take turns, and what is said of them."""

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

AT_LEAST = 3  # rounds, however slow
BUDGET_S = 8.0  # what one of them may take in all
TURN = 20  # calls

Call = Callable[[int], Awaitable[object]]
"""What is measured; it is given the number of the round, so that each can ask for another thing."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds of single calls."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        """The one that 95 % are not longer than; the longest of few."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]

    @property
    def longest(self) -> float:
        """The longest."""
        return max(self.seconds)


def combine(samples: Sequence[Sample]) -> Sample:
    """Return all calls of several samples as one."""
    return Sample(tuple(seconds for sample in samples for seconds in sample.seconds))


async def take_turns(
    calls: Mapping[str, Call], *, rounds: int, warm: int = 5, budget_s: float = BUDGET_S
) -> dict[str, Sample]:
    """Return what each call took in `rounds` rounds after `warm` ones; who is slow has fewer.

    They take turns `TURN` calls at a time: an app has one layer, whose data the others would push
    out of the processor's caches between any two calls.
    """
    seconds_of: dict[str, list[float]] = {name: [] for name in calls}
    for name, call in calls.items():
        for number in range(warm):
            if await timed(call, number) > budget_s / AT_LEAST / 4:
                break  # so slow that it does not matter
        seconds_of[name].clear()
    for first in range(warm, warm + rounds, TURN):
        for name, call in calls.items():
            for number in range(first, min(first + TURN, warm + rounds)):
                if len(seconds_of[name]) < AT_LEAST or sum(seconds_of[name]) < budget_s:
                    seconds_of[name].append(await timed(call, number))
    return {name: Sample(tuple(seconds)) for name, seconds in seconds_of.items()}


async def timed(call: Call, number: int) -> float:
    """Return the seconds that one call takes."""
    start = time.perf_counter()
    await call(number)
    return time.perf_counter() - start
