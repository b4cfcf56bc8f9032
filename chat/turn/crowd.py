"""The answers that run at a time: who waits for a first word goes before all that can wait."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

LIMIT_S = 30.0  # so long something is put off at most

# A page shows what came since it was last told: more seldom, the more answers there are.
SHORTEST_S = 0.03
LONGEST_S = 0.25
AN_ANSWER_S = 0.0005
# So far apart are the moments at which pages are told: the loop then wakes once for all of them.
TICK_S = 0.01

QUICK_S = 0.01  # a loop that is later than this has enough to do
_LOOK_S = 0.02


async def until_quick() -> None:
    """Wait until the event loop is hardly late."""
    clock = asyncio.get_running_loop().time
    lag = QUICK_S
    while lag >= QUICK_S:
        due = clock() + _LOOK_S
        await asyncio.sleep(_LOOK_S)
        lag = clock() - due


def shared_moment(earliest: float) -> float:
    """Return the first moment from then on that answers share; in seconds of the loop's clock."""
    return math.ceil(earliest / TICK_S) * TICK_S


class Crowd:
    """Counts the answers that run, and those among them of which nothing has been shown."""

    def __init__(self, calm: Callable[[], Awaitable[None]] = until_quick) -> None:
        """`calm` is awaited by what is put off: it returns when there is little to do."""
        self._calm = calm
        self._running = 0
        self._expected = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @contextmanager
    def answer(self) -> Iterator[Callable[[], None]]:
        """Count an answer; what is given is called when something of it has been shown."""
        is_open = True

        def arrived() -> None:
            nonlocal is_open
            if is_open:
                is_open = False
                self._expect(-1)

        self._running += 1
        self._expect(1)
        try:
            yield arrived
        finally:
            self._running -= 1
            arrived()

    def _expect(self, number: int) -> None:
        self._expected += number
        if self._expected:
            self._idle.clear()
        else:
            self._idle.set()

    @property
    def interval_s(self) -> float:
        """How long a page waits for the next words of an answer; longest while others wait."""
        if self._expected and self._running > self._expected:
            return LONGEST_S
        return min(max(SHORTEST_S, AN_ANSWER_S * self._running), LONGEST_S)

    async def pause(self) -> None:
        """Let an answer's page wait for the next words, up to a moment that others share."""
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(shared_moment(now + self.interval_s) - now)

    async def until_idle(self, limit_s: float = LIMIT_S) -> None:
        """Wait until nobody waits for a first word, or for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._idle.wait()
                await self._calm()
                while self._expected:
                    await self._idle.wait()
                    await self._calm()
