"""Tasks that end with the program, if not before."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any


class TaskSet:
    """Holds tasks while they run, since the event loop does not."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that nobody waits for."""
        self.add(asyncio.create_task(work))

    def add(self, task: asyncio.Task[Any]) -> None:
        """Hold a task until it is done."""
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def give_up(self, task: asyncio.Task[Any]) -> None:
        """Cancel a task that nobody waits for any more; what it still raises, nobody hears."""
        task.cancel()
        task.add_done_callback(_hear)
        self.add(task)

    async def ended(self) -> None:
        """Wait until none runs, well or not."""
        while self._running:
            await asyncio.wait(list(self._running))

    async def cancel(self) -> None:
        """End all that run, and wait until they have ended."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


async def to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Do something, however often whoever waits for it is cancelled. Raises what it raises."""
    task = asyncio.create_task(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])
    task.result()


def _hear(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
