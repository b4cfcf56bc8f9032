"""What stands between the layer and its store and storage: opened, started and closed as one."""

import asyncio
from collections.abc import Callable

from common.processes.ending import Ending
from common.recorder import NO_RECORDER, Recorder
from datalayer.clock import HybridClock
from datalayer.pipeline.backlog import AFTER_S
from datalayer.pipeline.copies import Copies
from datalayer.pipeline.deletion import FileDeletion
from datalayer.pipeline.delivery import Delivery, Patiently
from datalayer.pipeline.journal.journal import Journal
from datalayer.pipeline.maintenance import Maintenance
from datalayer.pipeline.outages import Outages
from datalayer.pipeline.spool.in_time import InTime
from datalayer.pipeline.spool.spool import Spool, SpoolState
from datalayer.pipeline.spool.storage import SpooledStorage
from datalayer.pipeline.uploads import OnLost, Uploads
from datalayer.pipeline.writer import Writer
from datalayer.records import Outcome, Result, Saving
from datalayer.stores.base import Store
from datalayer.stores.capabilities import Maintains
from datalayer.writes import (
    DeleteElement,
    DeleteStep,
    DeleteStepsAfter,
    DeleteThread,
    FinishElement,
    SaveStep,
    SaveThread,
    Write,
)
from storage.base import Storage

# At the end of the program, in seconds.
FILES_S = 2.0
WRITES_S = 3.0  # most of it for a disk: how long the database is waited for the writer says
CONNECTIONS_S = 0.5

_REMOVING = (DeleteThread, DeleteStep, DeleteStepsAfter, DeleteElement)

OnResolved = Callable[[Write, Result | None], None]


class Pipeline:
    """The writer, the uploads, and the workers that do what follows."""

    def __init__(
        self,
        store: Store,
        storage: Storage,
        clock: HybridClock,
        on_resolved: OnResolved,
        on_saving: Callable[[Saving], None],
        *,
        on_lost: OnLost | None = None,
        journal: Journal | None = None,
        journal_after_s: float = AFTER_S,
        spool: Spool | None = None,
        recorder: Recorder = NO_RECORDER,
        ending: Ending | None = None,
    ) -> None:
        """`on_resolved` is told of each write, None when it is not stored; `on_saving` when what
        becomes of writes has changed.

        Without a journal what is written waits in memory for a database that is away, and without
        a spool a file for its storage.
        """
        self._ending = ending or Ending()
        self._store = store
        self._journal = journal
        self._spool = spool
        self._on_resolved = on_resolved
        self.storage = storage = SpooledStorage(storage, spool) if spool else storage
        """The storage as everybody is to use it: with what waits for it."""
        self.outages = Outages()
        """Whether the database and the storage are away; told once for all who miss them."""
        self.writer = Writer(
            store,
            on_resolved=self._resolved,
            on_saving=on_saving,
            observe=clock.observe,
            journal=journal,
            journal_after_s=journal_after_s,
            recorder=recorder,
            ending=self._ending,
            outages=self.outages,
        )
        self._deletion = FileDeletion(store, storage, self.writer, clock, self.outages)
        self._maintenance = (
            Maintenance(store, self.outages) if isinstance(store, Maintains) else None
        )
        delivery = Delivery(store, storage, self.writer, clock, recorder, self.outages)
        way = InTime(delivery, spool, journal_after_s) if spool else Patiently(delivery)
        self.uploads = Uploads(way, on_lost, recorder)
        self.copies = Copies(store, storage, self.writer, self.uploads, clock)

    def start(self) -> None:
        """Begin the background work: what was left over by the last run is done."""
        self.writer.start()
        self.uploads.open()
        self._deletion.wake()
        self.wake_maintenance()

    def wake_maintenance(self) -> None:
        """Say that there may be something to maintain, where the store wants it."""
        if self._maintenance:
            self._maintenance.wake()

    async def close(self) -> None:
        """End all of it; once the end of the program has begun each step has so much time."""
        await asyncio.sleep(0)  # what was called by a task just made is still taken
        self._deletion.stop()
        step = self._ending.step
        await step("files on their way", self.uploads.close(), FILES_S, hurries=False)
        # Before what may wait for a storage that does not answer.
        await step("writes on their way", self.writer.close(), WRITES_S, hurries=False)
        await step("connections", self._disconnect(), CONNECTIONS_S)

    async def _disconnect(self) -> None:
        await self._deletion.close()
        if self._maintenance:
            await self._maintenance.close()
        await self.storage.close()
        await self._store.close()

    # What waits

    @property
    def spool_state(self) -> SpoolState | None:
        """How many files are accepted and not in their storage; None without a spool."""
        return self._spool.state if self._spool else None

    async def count_dead_letters(self) -> int:
        """Return how many writes are kept that no database takes. Raises `OSError`."""
        return await self._journal.count_dead_letters() if self._journal else 0

    # What follows on a write

    def _resolved(self, write: Write, result: Result | None) -> None:
        self._on_resolved(write, result)
        if isinstance(write, SaveStep | SaveThread):
            self.wake_maintenance()
        if self._spool and result and isinstance(write, DeleteThread):
            self._spool.forget(write.id)
        late = isinstance(write, FinishElement)
        if isinstance(write, _REMOVING) or (
            late and not (result and result.outcome is Outcome.APPLIED)
        ):
            self._deletion.wake()
