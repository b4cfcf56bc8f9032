"""The background worker that does what saves leave for later: indexes are brought up to date."""

import asyncio
import contextvars
import logging

from datalayer.base import Store

logger = logging.getLogger(__name__)

GATHER_S = 0.5  # what is written in this time is indexed together
LONGEST_PAUSE_S = 60.0


class Upkeep:
    """Asks the store for its upkeep some time after it was woken, until nothing is left."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Say that something was written; starts the worker the first time."""
        self._wake.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), context=contextvars.Context())

    async def close(self) -> None:
        """Stop; what is left is done after the next start."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        pause = GATHER_S
        while True:
            await self._wake.wait()
            await asyncio.sleep(pause)
            self._wake.clear()
            try:
                while await self._store.upkeep():
                    pass
            except Exception as exc:  # noqa: BLE001 - whatever it is, what is left is still there
                logger.warning("Upkeep of the database is put off: %s", exc)
                pause = min(pause * 2, LONGEST_PAUSE_S)
                self._wake.set()
            else:
                pause = GATHER_S
