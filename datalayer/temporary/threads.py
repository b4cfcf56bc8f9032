"""Temporary threads: each has a store, a storage and a pipeline of its own, all in memory.

What is written, read and copied takes the same way as with any other thread, and ends there.
"""

from collections.abc import Iterator, Sequence

from common.concurrency.tasks import TaskSet
from datalayer.clock import HybridClock
from datalayer.pipeline.copies import Admission, admit_all
from datalayer.pipeline.pipeline import Pipeline
from datalayer.records import Outcome, Result, StepRecord
from datalayer.stores.base import Store
from datalayer.stores.memory import MemoryStore
from datalayer.values import is_temporary, new_temporary_id
from datalayer.writes import SaveStep, Write
from storage.memory import MemoryStorage

_TEXTS = ("input", "output")


class TemporaryThread:
    """What there is of a temporary thread, whose it is, and the page that it belongs to."""

    def __init__(self, owner: str, page: str, store: Store, clock: HybridClock) -> None:
        self.owner = owner
        self.page = page
        self.store = store
        self.storage = MemoryStorage()
        self.pipeline = Pipeline(
            store,
            self.storage,
            clock,
            on_resolved=lambda write, _result: clock.observe(write.order_key, write.revision),
            on_saving=lambda _saving: None,
        )
        self._characters: dict[str, int] = {}  # by step

    @property
    def size(self) -> int:
        """How many bytes there are, about: a character counts as one."""
        return sum(self._characters.values()) + self.storage.size

    def note(self, write: Write) -> None:
        """Count what is written."""
        if isinstance(write, SaveStep):
            texts = (write.fields.get(name) for name in _TEXTS)
            size = sum(len(text) for text in texts if isinstance(text, str))
            self._characters[write.id] = size or self._characters.get(write.id, 0)


class _Nothing(MemoryStore):
    """What there is of a thread that has ended: late writes come to nothing."""

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        return [Result(Outcome.GONE) for _ in writes]


class TemporaryThreads:
    """Those that there are in this process, by id.

    Their ids are told from all others, so that nothing of one is stored after its end either.
    """

    def __init__(self, clock: HybridClock) -> None:
        self._clock = clock
        self.admission: Admission = admit_all
        self._threads: dict[str, TemporaryThread] = {}
        self._gone = TemporaryThread("", "", _Nothing(), clock)
        self._tasks = TaskSet()

    def begin(self, owner: str, page: str) -> str:
        """Begin one of a user, in a page; returns its id."""
        thread_id = new_temporary_id()
        made = self._threads[thread_id] = TemporaryThread(owner, page, MemoryStore(), self._clock)
        made.pipeline.copies.admission = self.admission
        return thread_id

    def end(self, thread_id: str) -> None:
        """Forget one, with all that is in it."""
        if ended := self._threads.pop(thread_id, None):
            self._tasks.start(ended.pipeline.close())

    def get(self, thread_id: str | None) -> TemporaryThread | None:
        """Return what there is of a temporary thread, nothing once it has ended; None for others.

        Of an id that is one and was never begun there is as little.
        """
        if not thread_id or not is_temporary(thread_id):
            return None
        return self._threads.get(thread_id, self._gone)

    def is_of(self, thread_id: str, page: str) -> bool:
        """Tell whether a thread is there, and belongs to a page."""
        found = self._threads.get(thread_id)
        return found is not None and found.page == page

    def of_user(self, owner: str) -> Iterator[TemporaryThread]:
        """Yield a user's."""
        return (thread for thread in list(self._threads.values()) if thread.owner == owner)

    async def get_step(self, step_id: str) -> StepRecord | None:
        """Return a step that is in one of them."""
        for thread in list(self._threads.values()):
            if step := await thread.store.get_step(step_id):
                return step
        return None
