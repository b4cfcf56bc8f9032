"""The end of the program: what has its time, what is hurried, and what fails on the way."""

import asyncio

import pytest

from common.concurrency.tasks import TaskSet
from common.processes.ending import Ending

LONG_S = 600.0


async def forever(cancelled: asyncio.Event) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        cancelled.set()


async def fail() -> None:
    message = "it cannot be"
    raise ValueError(message)


async def test_before_the_end_nothing_is_limited() -> None:
    begun = asyncio.Event()
    step = asyncio.create_task(Ending().step("something", begun.wait(), 0.0))
    await asyncio.sleep(0)
    assert not step.done()
    begun.set()
    await step


async def test_before_the_end_a_failure_is_the_callers() -> None:
    with pytest.raises(ValueError, match="it cannot be"):
        await Ending().step("something", fail(), LONG_S)


async def test_what_takes_too_long_is_cancelled_and_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ending, cancelled = Ending(), asyncio.Event()
    ending.begin()
    await ending.step("a friend", forever(cancelled), 0.01)
    await cancelled.wait()
    assert [it.getMessage() for it in caplog.records] == [
        "The end of the program does not wait for a friend"
    ]


async def test_what_fails_keeps_nothing_else_from_being_done(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ending = Ending()
    ending.begin()
    await ending.step("a friend", fail(), LONG_S)
    assert "a friend: ValueError" in caplog.text


async def test_a_second_signal_ends_what_is_waited_for() -> None:
    ending, cancelled = Ending(), asyncio.Event()
    ending.begin()
    waiting = asyncio.create_task(ending.within(LONG_S, forever(cancelled)))
    await asyncio.sleep(0)
    ending.hurry()
    assert await waiting is False
    await cancelled.wait()
    assert ending.is_hurried


async def test_what_does_not_hurry_is_done_all_the_same() -> None:
    ending, done = Ending(), asyncio.Event()

    async def write() -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        done.set()

    ending.hurry()
    await ending.step("writes", write(), LONG_S, hurries=False)
    assert done.is_set()


async def test_what_is_done_in_time_is_said_so_and_leaves_nothing_behind() -> None:
    ending = Ending()
    assert await ending.within(LONG_S, asyncio.sleep(0)) is True
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_whoever_is_cancelled_takes_along_what_they_waited_for() -> None:
    ending, cancelled = Ending(), asyncio.Event()
    waiting = asyncio.create_task(ending.within(LONG_S, forever(cancelled)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await cancelled.wait()


async def test_tasks_are_waited_for_also_those_that_they_begin() -> None:
    tasks, done = TaskSet(), asyncio.Event()

    async def first() -> None:
        tasks.start(second())

    async def second() -> None:
        await asyncio.sleep(0)
        done.set()

    tasks.start(first())
    await tasks.ended()
    assert done.is_set()


async def test_what_was_given_up_is_not_heard_any_more() -> None:
    tasks = TaskSet()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await fail()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    tasks.give_up(task)
    await asyncio.wait([task])
    assert isinstance(task.exception(), ValueError)
