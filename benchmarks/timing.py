"""Time taken: rounds in which those who are compared take turns, and what is said of them."""

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

AT_LEAST = 3  # rounds, however slow
BUDGET_S = 8.0  # what one of them may take in all
TURN = 20  # calls

Ask = Callable[[int], Awaitable[object]]
"""A call to be measured; it is given the number of the round, so that each can ask another."""


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


def together(samples: Sequence[Sample]) -> Sample:
    """Return all calls of several samples as one."""
    return Sample(tuple(seconds for sample in samples for seconds in sample.seconds))


async def take_turns(
    asks: Mapping[str, Ask], *, rounds: int, warm: int = 5, budget_s: float = BUDGET_S
) -> dict[str, Sample]:
    """Return what each call took in `rounds` rounds after `warm` ones; who is slow has fewer.

    They take turns `TURN` calls at a time: an app has one layer, whose data the others would push
    out of the processor's caches between any two calls.
    """
    taken: dict[str, list[float]] = {name: [] for name in asks}
    for name, ask in asks.items():
        for number in range(warm):
            if await timed(ask, number) > budget_s / AT_LEAST / 4:
                break  # so slow that it does not matter
        taken[name].clear()
    for first in range(warm, warm + rounds, TURN):
        for name, ask in asks.items():
            for number in range(first, min(first + TURN, warm + rounds)):
                if len(taken[name]) < AT_LEAST or sum(taken[name]) < budget_s:
                    taken[name].append(await timed(ask, number))
    return {name: Sample(tuple(seconds)) for name, seconds in taken.items()}


async def timed(ask: Ask, number: int) -> float:
    """Return the seconds that one call takes."""
    start = time.perf_counter()
    await ask(number)
    return time.perf_counter() - start
