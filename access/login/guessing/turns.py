"""Turns for what only few may do at once: who has come least of late is next.

Somebody who sends many has them wait for one another, and nobody else for all of them, however many
names or addresses they use: what counts is the worse of the two. What was turned away counts, too.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

from access.login.guessing.throttle import Buckets, Rate, TooManyAttempts

LONGEST_WAIT_S = 8.0  # an answer has to begin in ten
FULL_S = 2.0  # after which somebody for whom there is no place may try again
LATELY = Rate(50, 10.0)  # how often somebody has come: one is forgotten every so many seconds


@dataclass(frozen=True, slots=True, eq=False)
class _Ticket:
    keys: Sequence[str]
    first: bool
    number: int
    turn: asyncio.Future[None]


class Turns:
    """Gives `places` turns at once; `most` wait, and where there are more, those that come most."""

    def __init__(self, places: int, most: int) -> None:
        self._free = places
        self._most = most
        self._numbers = count()
        self._waiting: list[_Ticket] = []
        self._came = Buckets(LATELY)

    @property
    def is_crowded(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    @asynccontextmanager
    async def turn(self, keys: Sequence[str], *, first: bool = False) -> AsyncIterator[None]:
        """Wait for a turn of whoever has these keys. Raises `TooManyAttempts`.

        `first` is for those who come before all others.
        """
        for key in keys:
            self._came.take(key)
        await self._wait(keys, first=first)
        try:
            yield
        finally:
            self._give()

    def forget(self, keys: Sequence[str]) -> None:
        """Count those as new who have proved who they are."""
        for key in keys:
            self._came.forget(key)

    def _place(self, ticket: _Ticket) -> tuple[bool, int, int]:
        """Return what says which of two is before the other."""
        came = max(math.ceil(self._came.taken(key)) for key in ticket.keys)
        return not ticket.first, came, ticket.number

    async def _wait(self, keys: Sequence[str], *, first: bool) -> None:
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        ticket = _Ticket(keys, first, next(self._numbers), turn)
        self._waiting.append(ticket)
        if len(self._waiting) > self._most:
            last = max(self._waiting, key=self._place)
            self._waiting.remove(last)
            last.turn.set_exception(TooManyAttempts(FULL_S))
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                await ticket.turn
        except BaseException as exc:
            self._give_up(ticket)
            if isinstance(exc, TimeoutError):
                raise TooManyAttempts(FULL_S) from None
            raise

    def _give_up(self, ticket: _Ticket) -> None:
        if ticket in self._waiting:
            self._waiting.remove(ticket)
        elif ticket.turn.done() and not ticket.turn.cancelled() and not ticket.turn.exception():
            self._give()  # it was given, to somebody who has gone

    def _give(self) -> None:
        while self._waiting:
            ticket = min(self._waiting, key=self._place)
            self._waiting.remove(ticket)
            if not ticket.turn.done():
                ticket.turn.set_result(None)
                return
        self._free += 1
