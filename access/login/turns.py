"""Turns for what only few may do at once: who has least in the queue comes first.

Somebody who sends many has them wait for one another, and nobody else for all of them, however many
names or addresses they use: what counts is the worse of the two.
"""

import asyncio
from bisect import insort
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from access.login.throttle import TooManyAttempts

LONGEST_WAIT_S = 20.0
FULL_S = 2.0  # after which somebody for whom there is no place may try again


@dataclass(order=True, slots=True)
class _Ticket:
    rank: int
    number: int
    turn: asyncio.Future[None] = field(compare=False)


class Turns:
    """Gives `places` turns at once; `most` wait, and where there are more, those that have most."""

    def __init__(self, places: int, most: int) -> None:
        self._free = places
        self._most = most
        self._numbers = count()
        self._waiting: list[_Ticket] = []
        self._present: Counter[str] = Counter()

    @property
    def is_crowded(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    @asynccontextmanager
    async def turn(self, keys: Sequence[str], *, first: bool = False) -> AsyncIterator[None]:
        """Wait for a turn of whoever has these keys. Raises `TooManyAttempts`.

        `first` is for those who come before all others.
        """
        rank = -1 if first else max(self._present[key] for key in keys)
        self._present.update(keys)
        try:
            await self._wait(rank)
            try:
                yield
            finally:
                self._give()
        finally:
            self._present.subtract(keys)
            for key in keys:
                if not self._present[key]:
                    del self._present[key]

    async def _wait(self, rank: int) -> None:
        if self._free:
            self._free -= 1
            return
        ticket = _Ticket(rank, next(self._numbers), asyncio.get_running_loop().create_future())
        insort(self._waiting, ticket)
        if len(self._waiting) > self._most:
            self._waiting.pop().turn.set_exception(TooManyAttempts(FULL_S))
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
            ticket = self._waiting.pop(0)
            if not ticket.turn.done():
                ticket.turn.set_result(None)
                return
        self._free += 1
