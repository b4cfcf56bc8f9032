"""How late the event loop is: whatever holds it up holds up everybody."""

import asyncio
import contextvars
from collections.abc import Callable

EVERY_S = 0.5


class LoopLag:
    """Looks twice a second by how much the loop misses a time."""

    def __init__(self, note: Callable[[float], None]) -> None:
        """`note` is told the seconds."""
        self._note = note
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._look(), context=contextvars.Context())

    async def close(self) -> None:
        """Look no more."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY_S
            await asyncio.sleep(EVERY_S)
            self._note(max(0.0, loop.time() - due))
