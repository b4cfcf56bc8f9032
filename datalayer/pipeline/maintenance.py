"""The background worker for what saves leave for later: indexes are brought up to date."""

import asyncio
import logging

from datalayer.pipeline.background import Background
from datalayer.records import MaintenanceState
from datalayer.stores.base import Store

logger = logging.getLogger(__name__)

GATHER_S = 0.5  # what is written in this time is indexed together
LONGEST_PAUSE_S = 60.0


class Maintenance(Background):
    """Has the store maintain itself some time after it was woken, until nothing is left."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store

    async def _run(self) -> None:
        pause = GATHER_S
        while True:
            await self._wake.wait()
            await asyncio.sleep(pause)
            self._wake.clear()
            if await self._all_is_done():
                pause = GATHER_S
            else:  # later, even if nothing is saved until then: who is at it now may die of it
                pause = min(pause * 2, LONGEST_PAUSE_S)
                self._wake.set()

    async def _all_is_done(self) -> bool:
        try:
            while (done := await self._store.maintain()) is MaintenanceState.MORE:
                pass
        except Exception as exc:  # noqa: BLE001 - whatever it is, what is left is still there
            logger.warning("Maintenance of the database is put off: %s", exc)
            return False
        return done is MaintenanceState.DONE
