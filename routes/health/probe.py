"""Asking something that may not answer, however many want to know."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable

WAIT_S = 2.0
AGAIN_S = 1.0


class Silent(Exception):
    """What was asked has not answered in time."""


class Probe:
    """Asks one thing, never twice at a time: what is silent is not asked more and more.

    An answer holds for `holds_s`, a failure for a second at most.
    """

    def __init__(self, ask: Callable[[], Awaitable[None]], *, holds_s: float = AGAIN_S) -> None:
        self._ask = ask
        self._holds_s = holds_s
        self._asked_at = 0.0
        self._task: asyncio.Task[None] | None = None

    async def failure(self, wait_s: float = WAIT_S) -> Exception | None:
        """Return what is wrong, `Silent` for no answer within `wait_s`; None where all is well."""
        task = self._current()
        await asyncio.wait([task], timeout=wait_s)
        if not task.done() or task.cancelled():
            return Silent()
        error = task.exception()
        return error if isinstance(error, Exception) else None

    def _current(self) -> asyncio.Task[None]:
        now = asyncio.get_running_loop().time()
        if self._task is None or (self._task.done() and self._is_old(self._task, now)):
            self._asked_at = now
            self._task = asyncio.create_task(self._run(), context=contextvars.Context())
        return self._task

    def _is_old(self, task: asyncio.Task[None], now: float) -> bool:
        has_failed = task.cancelled() or task.exception()
        holds_s = min(self._holds_s, AGAIN_S) if has_failed else self._holds_s
        return now - self._asked_at >= holds_s

    async def _run(self) -> None:
        await self._ask()

    async def close(self) -> None:
        """Ask no more."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
