"""What the methods of all subjects share: the parts, their beginning and end, and what is told."""

import asyncio
from collections.abc import Callable, Iterable

from common.processes.ending import Ending
from common.recorder import NO_RECORDER, Recorder
from datalayer.clock import HybridClock
from datalayer.errors import StoreUnavailable
from datalayer.homes import Homes
from datalayer.layer.writing import Writing
from datalayer.pipeline.backlog import AFTER_S
from datalayer.pipeline.copies import Admission
from datalayer.pipeline.journal.journal import Journal, JournalState
from datalayer.pipeline.pipeline import Pipeline
from datalayer.pipeline.spool.spool import Spool, SpoolState
from datalayer.pipeline.uploads import OnLost
from datalayer.preferences import RecentPreferences
from datalayer.records import Result, Saving
from datalayer.stores.base import Store
from datalayer.temporary.reads import Reads, ReadStorage
from datalayer.temporary.threads import TemporaryThreads
from datalayer.users import RecentUsers
from datalayer.values import as_id
from datalayer.writes import SaveStep, Write
from storage.base import Storage

CATCH_UP_S = 4.0  # how long a read waits for what is accepted, once the database answers


class LayerBase:
    """The parts that the layer is made of."""

    def __init__(
        self,
        store: Store,
        storage: Storage,
        root_path: str = "",
        on_lost: OnLost | None = None,
        clock: HybridClock | None = None,
        journal: Journal | None = None,
        journal_after_s: float = AFTER_S,
        spool: Spool | None = None,
        recorder: Recorder = NO_RECORDER,
        ending: Ending | None = None,
    ) -> None:
        """Without a journal what is written waits in memory for a database that is away, and
        without a spool a file for its storage.
        """
        self._store = store
        self._root_path = root_path
        self._clock = clock or HybridClock()
        self._pipeline = Pipeline(
            store,
            storage,
            self._clock,
            self._note_resolved,
            self._tell_saving,
            on_lost=on_lost,
            journal=journal,
            journal_after_s=journal_after_s,
            spool=spool,
            recorder=recorder,
            ending=ending,
        )
        self._writer = self._pipeline.writer
        self._users = RecentUsers(store)
        self._preferences = RecentPreferences(store)
        self._homes = Homes()
        self.temporary = TemporaryThreads(self._clock)
        """The conversations of which nothing is stored."""
        self._writing = Writing(self._pipeline, self._clock, self.temporary, self._homes)
        self.reads = Reads(store, self.temporary)
        """What everybody is to read of threads by: with temporary ones."""
        self.storage = ReadStorage(self._pipeline.storage, self.temporary)
        """The storage as everybody is to read it: with what waits for it."""
        self.outages = self._pipeline.outages
        """Whether the database and the storage are away; told once for all who miss them."""
        self.on_step_stored: Callable[[str, int], None] = lambda _thread_id, _revision: None
        """Told the thread and the revision of each step that has been stored."""
        self.on_saving: Callable[[Saving], None] = lambda _saving: None
        """Told what becomes of what is written, whenever that has changed."""

    def start(self) -> None:
        """Begin the background work: what was left over by the last run is done."""
        self._pipeline.start()

    def limit_copies(self, admission: Admission) -> None:
        """Have each copy of a thread, or of files, admitted before it begins."""
        self._pipeline.copies.admission = self.temporary.admission = admission

    async def flush(self, thread_id: str, step_id: str | None = None) -> None:
        """Wait until what was written so far for a thread is durable; raises its error.

        It may be in the journal alone, and not to be read yet. That is all of it, or what is about
        one step. `StepGone` is raised where a step of the thread, or the thread, was deleted
        before, `JournalUnusable` where it is not durable and cannot be.
        """
        writer = self._writing.of(thread_id).writer
        await writer.flush(thread_id, row_id=as_id(step_id) if step_id else None)

    async def flush_files(self, thread_id: str, element_ids: Iterable[str]) -> None:
        """Wait until the bytes of these elements, which may be created only now, are durable.

        Whoever sent one that cannot be kept is told; here that is no error.
        """
        await asyncio.gather(*map(self._writing.of(thread_id).uploads.durable, element_ids))

    async def settle(self, thread_id: str) -> None:
        """Wait until what was written so far for a thread is in the store, or has failed."""
        await self._writing.of(thread_id).writer.drain(thread_id)

    @property
    def journal_state(self) -> JournalState | None:
        """How much is accepted and not stored; None without a journal."""
        return self._writer.journal_state

    @property
    def spool_state(self) -> SpoolState | None:
        """How many files are accepted and not in their storage; None without a spool."""
        return self._pipeline.spool_state

    async def count_dead_letters(self) -> int:
        """Return how many writes are kept that no database takes. Raises `OSError`."""
        return await self._pipeline.count_dead_letters()

    async def close(self) -> None:
        """End all of it; once the end of the program has begun each step has so much time."""
        await self._pipeline.close()

    async def _catch_up(self, thread_id: str | None) -> None:
        """Wait until what is accepted is stored, of a thread or all: what is read lacks it."""
        try:
            async with asyncio.timeout(CATCH_UP_S):
                await self._writer.drain(thread_id)
        except TimeoutError as exc:
            message = "What was accepted meanwhile is not stored yet."
            raise StoreUnavailable(message) from exc

    @property
    def saving(self) -> Saving:
        """What becomes of what is written now."""
        return self._writer.saving

    @property
    def is_away(self) -> bool:
        """Whether the database did not answer in time, and has not since."""
        return self._writer.is_away

    def _tell_saving(self, saving: Saving) -> None:
        if saving is not Saving.REFUSED:
            self._writing.submit_unkept()
        self.on_saving(saving)

    def _note_resolved(self, write: Write, result: Result | None) -> None:
        self._clock.observe(write.order_key, write.revision)  # it may be of an earlier run
        if isinstance(write, SaveStep) and result:
            self.on_step_stored(write.thread_id, write.revision)
        if isinstance(write, SaveStep) and result is None:
            self._homes.forget_own(write)
