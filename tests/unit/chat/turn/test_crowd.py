"""What is less urgent waits until no answer waits for its first word."""

import asyncio
import time
from contextlib import ExitStack

import pytest

from chat.turn.crowd import SHORTEST_S, Crowd, shared_moment, until_quick


async def test_nobody_is_waited_for_where_nobody_waits() -> None:
    await Crowd().until_idle()


async def test_the_last_of_all_first_words_lets_go() -> None:
    words = Crowd()
    with words.answer() as first, words.answer() as second:
        waiting = asyncio.create_task(words.until_idle())
        first()
        first()  # counts once
        await asyncio.sleep(0)
        assert not waiting.done()
        second()
        await waiting


async def test_a_turn_that_ends_without_a_word_lets_go() -> None:
    words = Crowd()
    with words.answer():
        waiting = asyncio.create_task(words.until_idle())
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting


async def test_it_is_not_put_off_for_ever() -> None:
    words = Crowd()
    with words.answer():
        await words.until_idle(limit_s=0.01)


async def test_who_comes_while_it_calms_down_is_waited_for_too() -> None:
    calming, calmed = asyncio.Event(), asyncio.Event()

    async def calm() -> None:
        calming.set()
        await calmed.wait()

    words = Crowd(calm)
    waiting = asyncio.create_task(words.until_idle())
    await calming.wait()
    with words.answer():
        calmed.set()
        for _ in range(3):
            await asyncio.sleep(0)
        assert not waiting.done()
    await waiting


async def test_pages_are_told_more_seldom_the_more_answers_there_are() -> None:
    crowd = Crowd()
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(crowd.answer())()
        assert crowd.interval_s == 0.03
        for _ in range(180):
            stack.enter_context(crowd.answer())()
        assert crowd.interval_s == 0.1
        for _ in range(900):
            stack.enter_context(crowd.answer())()
        assert crowd.interval_s == 0.25
    assert crowd.interval_s == 0.03


async def test_answers_that_run_give_way_to_one_that_has_not_begun() -> None:
    crowd = Crowd()
    with crowd.answer() as first:
        assert crowd.interval_s == 0.03, "nobody else is there"
        first()
        with crowd.answer() as second:
            assert crowd.interval_s == 0.25
            second()
            assert crowd.interval_s == 0.03


async def test_a_late_loop_is_waited_for() -> None:
    late = 3

    async def hold_up() -> None:
        nonlocal late
        while late:
            late -= 1
            time.sleep(0.05)  # noqa: ASYNC251 - that is what is tested
            await asyncio.sleep(0)

    held = asyncio.create_task(hold_up())
    await until_quick()
    assert held.done()


def test_pages_are_told_together() -> None:
    moments = {shared_moment(100.0 + number / 1_000) for number in range(1, 11)}
    assert moments == {100.01}
    assert shared_moment(100.0101) == pytest.approx(100.02)


async def test_a_page_waits_its_time() -> None:
    clock = asyncio.get_running_loop().time
    began = clock()
    await Crowd().pause()
    assert clock() - began >= SHORTEST_S
