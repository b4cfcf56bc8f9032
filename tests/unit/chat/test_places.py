"""Places are shared fairly."""

import asyncio

import pytest

from chat.attachments.places import Places


class Visitors:
    """Those who want a place, in the order in which they got one."""

    def __init__(self, places: Places) -> None:
        self.came: list[str] = []
        self.ends: dict[str, list[asyncio.Event]] = {}
        self._places = places
        self._tasks: list[asyncio.Task[None]] = []

    async def want(self, *owners: str) -> None:
        """Let them ask for a place, one after the other."""
        for owner in owners:
            self._tasks.append(asyncio.create_task(self._visit(owner)))
            await _settled()

    async def leave(self, owner: str) -> None:
        """Let the first of an owner's leave, and all that follows of it happen."""
        self.ends[owner].pop(0).set()
        await _settled()

    async def give_up(self) -> None:
        """Let the last who asked go without."""
        task = self._tasks.pop()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def _visit(self, owner: str) -> None:
        end = asyncio.Event()
        async with self._places.take(owner):
            self.came.append(owner)
            self.ends.setdefault(owner, []).append(end)
            await end.wait()


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_holds_fewest_is_next() -> None:
    visitors = Visitors(Places(2))
    await visitors.want("eve", "eve", "eve", "eve", "ada")
    assert visitors.came == ["eve", "eve"]
    await visitors.leave("eve")
    assert visitors.came[2:] == ["ada"]
    await visitors.leave("eve")
    assert visitors.came[3:] == ["eve"]


async def test_among_equals_who_came_first_is_next() -> None:
    visitors = Visitors(Places(1))
    await visitors.want("eve", "bob", "ada", "bob")
    for owner in ("eve", "bob", "ada"):
        await visitors.leave(owner)
    assert visitors.came == ["eve", "bob", "ada", "bob"]


async def test_one_alone_may_have_all() -> None:
    visitors = Visitors(Places(3))
    await visitors.want("eve", "eve", "eve")
    assert len(visitors.came) == 3


async def test_who_gives_up_takes_no_place() -> None:
    visitors = Visitors(Places(1))
    await visitors.want("eve", "ada")
    await visitors.give_up()
    await visitors.leave("eve")
    await visitors.want("bob")
    assert visitors.came == ["eve", "bob"]


async def test_a_place_whose_turn_came_as_its_owner_gave_up_is_free() -> None:
    places = Places(1)
    visitors = Visitors(places)
    await visitors.want("eve", "ada")
    visitors.ends["eve"].pop().set()
    await asyncio.sleep(0)  # it leaves, and the next is told, who has not heard it yet
    assert places._held["ada"]
    assert visitors.came == ["eve"]
    await visitors.give_up()
    await visitors.want("bob")
    assert visitors.came[-1] == "bob"


async def test_it_is_told_that_somebody_waits() -> None:
    places = Places(1)
    visitors = Visitors(places)
    await visitors.want("eve")
    wanted = asyncio.create_task(places.wanted())
    await _settled()
    assert not wanted.done()
    await visitors.want("ada")
    await wanted
    await visitors.leave("eve")
    again = asyncio.create_task(places.wanted())
    await _settled()
    assert not again.done()
    again.cancel()
