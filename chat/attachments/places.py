"""A few places, shared fairly among those who want one."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    owner: str
    turn: "asyncio.Future[None]"


class Places:
    """Places that are taken for a while; who holds the fewest is next, then who came first."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._held: Counter[str] = Counter()
        self._queue: list[_Waiting] = []
        self._wanted = asyncio.Event()

    @asynccontextmanager
    async def take(self, owner: str) -> AsyncIterator[None]:
        """Hold a place, as soon as it is the owner's turn."""
        await self._enter(owner)
        try:
            yield
        finally:
            self._held -= Counter([owner])
            self._free += 1
            self._call()

    async def wanted(self) -> None:
        """Wait until somebody waits."""
        await self._wanted.wait()

    async def _enter(self, owner: str) -> None:
        waiting = _Waiting(owner, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._call()
        try:
            await waiting.turn
        except asyncio.CancelledError:
            self._give_up(waiting)
            raise

    def _give_up(self, waiting: _Waiting) -> None:
        if waiting in self._queue:
            self._queue.remove(waiting)
        else:  # its turn had come
            self._held -= Counter([waiting.owner])
            self._free += 1
        self._call()

    def _call(self) -> None:
        """Let in whose turn it is, and tell whether others wait."""
        while self._free and self._queue:
            following = min(self._queue, key=lambda one: self._held[one.owner])
            self._queue.remove(following)
            self._held[following.owner] += 1
            self._free -= 1
            following.turn.set_result(None)
        (self._wanted.set if self._queue else self._wanted.clear)()
