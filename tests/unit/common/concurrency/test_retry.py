"""What fails for a while is tried again, with growing pauses, until it succeeds or a limit."""

import asyncio
import random
from collections import deque

import pytest

from common.concurrency.retry import RetryPolicy
from tests.support.pauses import skip_pauses

POLICY = RetryPolicy(first_pause_s=0.5, longest_pause_s=4.0)


class Attempts:
    """Attempts that fail as they are told, and then succeed."""

    def __init__(self, *failures: Exception, each_s: float = 0.0) -> None:
        self.failures = deque(failures)
        self.each_s = each_s
        self.count = 0
        self.told: list[BaseException] = []

    async def attempt(self) -> str:
        self.count += 1
        if self.each_s:
            await asyncio.sleep(self.each_s)
        if self.failures:
            raise self.failures.popleft()
        return "done"

    async def under(self, policy: RetryPolicy) -> str:
        return await policy.call(self.attempt, passes=_passes, before_pause=self.told.append)


def _passes(error: BaseException) -> bool:
    return isinstance(error, OSError)


def away(count: int) -> list[OSError]:
    return [OSError(number) for number in range(count)]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    return skip_pauses(monkeypatch)


async def test_what_succeeds_is_done_once(pauses: list[float]) -> None:
    attempts = Attempts()
    assert await attempts.under(POLICY) == "done"
    assert (attempts.count, attempts.told, pauses) == (1, [], [])


async def test_the_pauses_double_up_to_the_longest(pauses: list[float]) -> None:
    errors = away(6)
    attempts = Attempts(*errors)
    assert await attempts.under(POLICY) == "done"
    assert pauses == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    assert attempts.told == errors


async def test_there_is_no_end_without_a_limit(pauses: list[float]) -> None:
    attempts = Attempts(*away(1_100))  # more doublings than a float can hold
    assert await attempts.under(POLICY) == "done"
    assert set(pauses[3:]) == {4.0}


async def test_no_attempt_is_made_after_the_limit(pauses: list[float]) -> None:
    attempts = Attempts(*away(9))
    with pytest.raises(OSError, match="3"):
        await attempts.under(RetryPolicy(first_pause_s=1.0, longest_pause_s=8.0, limit_s=10.0))
    assert pauses == [1.0, 2.0, 4.0]  # the next one would end after 15 seconds
    assert [str(error) for error in attempts.told] == ["0", "1", "2"]


async def test_the_first_attempt_counts_for_the_limit_too(pauses: list[float]) -> None:
    attempts = Attempts(*away(9), each_s=10.0)
    with pytest.raises(OSError, match="0"):
        await attempts.under(RetryPolicy(first_pause_s=1.0, longest_pause_s=8.0, limit_s=10.0))
    assert attempts.count == 1


@pytest.mark.parametrize("before", [0, 2])
async def test_an_error_that_does_not_pass_is_raised_at_once(
    pauses: list[float], before: int
) -> None:
    attempts = Attempts(*away(before), ValueError("wrong"))
    with pytest.raises(ValueError, match="wrong"):
        await attempts.under(POLICY)
    assert (attempts.count, len(pauses)) == (before + 1, before)


async def test_a_cancelled_call_makes_no_other_attempt() -> None:
    attempts, paused = Attempts(*away(9)), asyncio.Event()
    slow = RetryPolicy(first_pause_s=60.0, longest_pause_s=60.0)
    call = asyncio.create_task(
        slow.call(attempts.attempt, passes=_passes, before_pause=lambda _error: paused.set())
    )
    await paused.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert attempts.count == 1


def test_chance_makes_pauses_longer_or_shorter() -> None:
    policy = RetryPolicy(first_pause_s=1.0, longest_pause_s=2.0, jitter=0.5)
    random.seed(1)
    found = [[policy.pause_s(number) for _ in range(200)] for number in (1, 2, 3)]
    for pauses, middle in zip(found, (1.0, 2.0, 2.0), strict=True):
        assert middle / 2 <= min(pauses) < middle < max(pauses) <= middle * 1.5
