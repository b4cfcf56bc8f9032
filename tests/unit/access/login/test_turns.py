"""Turns: who sends many waits for themselves, and nobody else does."""

import asyncio

import pytest

from access.login.guessing.throttle import TooManyAttempts
from access.login.guessing.turns import Turns


class Crowd:
    """Those who want a turn of few, and in which order they get it."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.order: list[str] = []
        self.held = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, who: str, *keys: str, first: bool = False) -> asyncio.Task[None]:
        async def take() -> None:
            async with self.turns.turn(keys, first=first):
                self.order.append(who)
                await self.held.wait()

        task = asyncio.create_task(take())
        self.tasks.append(task)
        await asyncio.sleep(0)
        return task

    async def go_on(self) -> list[str]:
        self.held.set()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        return self.order


async def test_who_has_come_least_is_next() -> None:
    crowd = Crowd(Turns(1, 100))
    await crowd.come("held", "n0", "a0")
    for number in range(8):
        await crowd.come(f"flood {number}", "bob", f"address {number}")
    await crowd.come("anna", "anna", "home")
    order = await crowd.go_on()
    assert order[:2] == ["held", "anna"]


async def test_a_crowd_of_names_and_addresses_waits_for_who_comes_once() -> None:
    """Where the queue is full of others, and those that were turned away come again and again."""
    crowd = Crowd(Turns(1, 3))
    for number in range(27):
        await crowd.come(f"flood {number}", f"name {number % 9}", f"address {number}")
    await crowd.come("anna", "anna", "home")
    assert (await crowd.go_on())[:2] == ["flood 0", "anna"]


async def test_who_has_proved_who_they_are_has_come_as_if_for_the_first_time() -> None:
    crowd = Crowd(Turns(1, 9))
    await crowd.come("held", "n0", "a0")
    for number in range(3):
        await crowd.come(f"anna {number}", "anna", "home")
    for number in range(2):
        await crowd.come(f"bob {number}", "bob", "there")
    crowd.turns.forget(["anna", "home"])
    assert (await crowd.go_on())[:2] == ["held", "anna 0"]


async def test_names_do_not_help_who_sends_from_one_address() -> None:
    crowd = Crowd(Turns(1, 100))
    for number in range(9):
        await crowd.come(f"flood {number}", f"name {number}", "there")
    await crowd.come("anna", "anna", "home")
    assert (await crowd.go_on())[:2] == ["flood 0", "anna"]


async def test_those_who_are_known_come_first() -> None:
    crowd = Crowd(Turns(1, 100))
    for name in ("held", "bob", "carl"):
        await crowd.come(name, name, name)
    await crowd.come("anna", "anna", "there", first=True)
    assert (await crowd.go_on())[:2] == ["held", "anna"]


async def test_where_there_is_no_place_those_leave_who_have_most() -> None:
    crowd = Crowd(Turns(1, 3))
    flood = [await crowd.come(f"flood {number}", "bob", "there") for number in range(5)]
    anna = await crowd.come("anna", "anna", "home")
    await asyncio.sleep(0)
    assert [task.done() for task in flood] == [False, False, False, True, True]
    assert await crowd.go_on() == ["flood 0", "anna", "flood 1", "flood 2"]
    for task in flood[3:]:
        with pytest.raises(TooManyAttempts):
            await task
    await anna


async def test_who_goes_away_takes_no_turn_along() -> None:
    crowd = Crowd(Turns(1, 3))
    await crowd.come("held", "a")
    gone, stays = await crowd.come("gone", "b"), await crowd.come("stays", "c")
    gone.cancel()
    await asyncio.sleep(0)
    await crowd.go_on()
    await stays
    async with asyncio.timeout(1), crowd.turns.turn(("d",)):
        pass
    assert crowd.order == ["held", "stays"]
    assert not crowd.turns._waiting
    assert crowd.turns._free == 1


async def test_a_turn_that_is_given_to_who_has_gone_is_the_next_ones() -> None:
    crowd = Crowd(Turns(1, 3))
    held, gone = await crowd.come("held", "a"), await crowd.come("gone", "b")
    held.add_done_callback(lambda _: gone.cancel())
    crowd.held.set()
    await asyncio.gather(held, gone, return_exceptions=True)
    assert crowd.turns._free == 1


async def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("access.login.guessing.turns.LONGEST_WAIT_S", 0.0)
    crowd = Crowd(Turns(1, 3))
    await crowd.come("held", "a")
    with pytest.raises(TooManyAttempts):
        await (await crowd.come("late", "b"))
    await crowd.go_on()
    assert crowd.order == ["held"]
