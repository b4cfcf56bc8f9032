"""Work for all who wait for it, done once, and again where it failed."""

import asyncio
from contextlib import suppress

import pytest

from common.concurrency.once import Once


class Work:
    """Waits until it may end, and then fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.begun = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> None:
        self.begun += 1
        await self.may_end.wait()
        if self.begun <= self.failures:
            raise OSError


async def test_all_wait_for_one_attempt() -> None:
    work = Work()
    once = Once(work)
    waiting = asyncio.gather(*(once.done() for _ in range(3)))
    await asyncio.sleep(0)
    assert not waiting.done()
    work.may_end.set()
    await waiting
    await once.done()
    assert work.begun == 1


async def test_a_failure_is_told_to_all_who_waited_and_tried_again_by_the_next() -> None:
    work = Work(failures=1)
    work.may_end.set()
    once = Once(work)
    ends = await asyncio.gather(*(once.done() for _ in range(3)), return_exceptions=True)
    assert [type(end) for end in ends] == [OSError] * 3
    await once.done()
    assert work.begun == 2


async def test_who_is_cancelled_leaves_the_attempt_to_the_others() -> None:
    work = Work()
    once = Once(work)
    first = asyncio.create_task(once.done())
    await asyncio.sleep(0)
    first.cancel()
    with suppress(asyncio.CancelledError):
        await first
    work.may_end.set()
    await once.ended()
    await once.done()
    assert work.begun == 1


@pytest.mark.parametrize("failures", [0, 1])
async def test_its_end_can_be_waited_for_whatever_comes_of_it(failures: int) -> None:
    once = Once(work := Work(failures))
    await once.ended()
    waiting = asyncio.create_task(once.done())
    await asyncio.sleep(0)
    work.may_end.set()
    await once.ended()
    [end] = await asyncio.gather(waiting, return_exceptions=True)
    assert (end is not None) is bool(failures)


async def test_an_attempt_that_is_cancelled_is_made_again() -> None:
    once = Once(work := Work())
    once.cancel()
    waiting = asyncio.create_task(once.done())
    await asyncio.sleep(0)
    once.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    work.may_end.set()
    await once.done()
    assert work.begun == 1
