"""The background worker for what saves leave for later: indexes are brought up to date."""

import asyncio
import logging

from common.concurrency.retry import RetryPolicy
from datalayer.pipeline.background import BackgroundWorker
from datalayer.pipeline.outages import Outages
from datalayer.records import MaintenanceState
from datalayer.stores.capabilities import Maintains

logger = logging.getLogger(__name__)

RETRY = RetryPolicy(first_pause_s=0.5, longest_pause_s=60.0)
"""The first pause comes before every round: what is written in it is indexed together."""


class Maintenance(BackgroundWorker):
    """Has the store maintain itself some time after it was woken, until nothing is left."""

    def __init__(self, store: Maintains, outages: Outages | None = None) -> None:
        super().__init__()
        self._store = store
        self._outages = outages or Outages()

    async def _run(self) -> None:
        attempt = 1
        while True:
            await self._wake.wait()
            await asyncio.sleep(RETRY.pause_s(attempt))
            self._wake.clear()
            if await self._is_done():
                attempt = 1
            else:  # later, even if nothing is saved until then: who is at it now may die of it
                attempt += 1
                self._wake.set()

    async def _is_done(self) -> bool:
        try:
            while (done := await self._store.maintain()) is MaintenanceState.MORE:
                pass
        except Exception as exc:  # noqa: BLE001 - whatever it is, what is left is still there
            if not self._outages.note("maintenance", exc):
                logger.warning("Maintenance of the database is put off: %s", exc)
            return False
        self._outages.over("maintenance")
        return done is MaintenanceState.DONE
