"""Workers in the background: each sleeps until it is woken, and ends when it is closed."""

import asyncio
import contextvars
from abc import ABC, abstractmethod


class BackgroundWorker(ABC):
    """A task that the first `wake` starts; what it leaves undone waits for the next start."""

    def __init__(self) -> None:
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._wake.set()
        if self._task is None:
            # An empty context, so that the worker keeps no caller's session alive.
            self._task = asyncio.create_task(self._run(), context=contextvars.Context())

    def stop(self) -> None:
        """Stop the worker, without waiting until it has ended."""
        if self._task:
            self._task.cancel()

    async def close(self) -> None:
        """Stop the worker and wait until it has ended."""
        self.stop()
        if self._task:
            await asyncio.gather(self._task, return_exceptions=True)

    @abstractmethod
    async def _run(self) -> None:
        """Wait for `_wake` and do what there is to do, for ever."""
