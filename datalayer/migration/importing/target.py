"""Rows on their way into a store, and what became of each."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import groupby

from datalayer.errors import DataLayerError, WriteRefused
from datalayer.migration.importing import phrases
from datalayer.migration.importing.deadline import DEADLINE_S, DeadlineWriter
from datalayer.migration.importing.refresh import KnownThread, change, is_there
from datalayer.migration.importing.report import ImportOutcome, RowResult
from datalayer.migration.importing.rows import ConvertedRow
from datalayer.pipeline.writer import MAX_BATCH
from datalayer.records import Outcome, Result
from datalayer.stores.base import Store
from datalayer.writes import SaveElement, SaveFeedback, SaveStep, SaveThread, SaveUser, Write

ATTEMPTS = 8  # so often a thread's name can change in theirs, between imports, and still arrive

_STORED: RowResult = (ImportOutcome.STORED, "")
_KNOWN: RowResult = (ImportOutcome.KNOWN, "")
_OUTCOMES: dict[Outcome, RowResult] = {
    Outcome.APPLIED: _STORED,
    Outcome.REPEATED: _KNOWN,
    Outcome.STALE: _KNOWN,
    Outcome.GONE: (ImportOutcome.GONE, phrases.GONE),
}


class DryRunTarget:
    """Stores nothing."""

    window = MAX_BATCH

    async def store(self, window: Sequence[ConvertedRow]) -> list[RowResult]:
        """Return what would become of rows in a store that is empty."""
        return [_STORED if one.write else one.result for one in window]

    async def has_thread(self, thread_id: str) -> bool:
        """Nothing is there."""
        return False

    async def close(self) -> None:
        """There is nothing to close."""


class ImportTarget:
    """Stores rows by the writer, which isolates what is refused and waits for what is away.

    `store` raises `StoreMisconfigured`, and `StoreUnavailable` after `deadline_s` without success.
    Unless it `compares`, it reads nothing: what is there stays as it is, and nothing was deleted.
    """

    def __init__(
        self, store: Store, *, deadline_s: float = DEADLINE_S, compares: bool = True
    ) -> None:
        self.window = MAX_BATCH * store.concurrency
        self._store = store
        self._compares = compares
        self._writer = DeadlineWriter(store, deadline_s)
        self._steps_left: set[str] = set()
        self._threads_known: set[str] = set()
        self._last: tuple[str, KnownThread | None] = ("", None)

    async def store(self, window: Sequence[ConvertedRow]) -> list[RowResult]:
        """Store rows, and return what became of each and what is to be said of it."""
        there = {index async for index in self._there(window)}
        new = {at: one.write for at, one in enumerate(window) if one.write and at not in there}
        results = dict(zip(new, await self._writer.write(new.values()), strict=True))
        found = [
            await self._row_result(new[index], results[index]) if index in new else one.result
            for index, one in enumerate(window)
        ]
        for index in there:
            found[index] = _KNOWN
        self._note_threads(window, found)
        if self._compares:
            for index in await self._refresh(_known(window, found)):
                found[index] = _STORED
        return found

    async def has_thread(self, thread_id: str) -> bool:
        """Tell whether a thread is there."""
        return await self._store.get_thread_metadata(thread_id) is not None

    async def close(self) -> None:
        """Wait for what is on its way, unless there is no use in it."""
        await self._writer.close()

    async def _there(self, window: Sequence[ConvertedRow]) -> AsyncIterator[int]:
        """Iterate over the places of rows that an earlier import stored, as far as that is known.

        Stored again they would take the places that they have now among rows of the same time.
        """
        inside = {
            at: it.write for at, it in enumerate(window) if it.write and self._knows(it.write)
        }
        for thread_id, group in groupby(inside.items(), key=lambda each: each[1].order_key):
            stored = await self._stored(thread_id, anew=False)
            for index, write in group:
                if stored and is_there(write, stored):
                    yield index

    def _knows(self, write: Write) -> bool:
        inside = isinstance(write, SaveStep | SaveElement)
        return inside and write.order_key in self._threads_known

    def _note_threads(self, window: Sequence[ConvertedRow], found: Sequence[RowResult]) -> None:
        """Note which of the threads, whose rows come next, an earlier import stored."""
        threads = [
            (one.write.id, result)
            for one, result in zip(window, found, strict=True)
            if isinstance(one.write, SaveThread)
        ]
        if threads and self._compares:
            self._threads_known = {name for name, result in threads if result == _KNOWN}

    async def _row_result(self, write: Write, result: Result | BaseException) -> RowResult:
        row_result = await self._judge(write, result)
        if isinstance(write, SaveStep) and row_result[0] is ImportOutcome.LEFT:
            self._steps_left.add(write.id)
        return row_result

    async def _judge(self, write: Write, result: Result | BaseException) -> RowResult:
        if isinstance(result, Result):
            return _OUTCOMES[result.outcome]
        if not isinstance(result, DataLayerError):
            raise result
        if not isinstance(result, WriteRefused):
            return ImportOutcome.LEFT, phrases.REJECTED
        if isinstance(write, SaveFeedback):
            if write.step_id in self._steps_left:
                return ImportOutcome.LEFT, phrases.STEP_LEFT
            if self._compares and not await self._store.get_step(write.step_id):
                return ImportOutcome.GONE, phrases.GONE  # with its step
        return ImportOutcome.LEFT, phrases.REFUSED

    async def _refresh(self, known: Mapping[int, Write]) -> set[int]:
        """Store what only theirs has changed since, and return the indexes of these writes."""
        changed: set[int] = set()
        for attempt in range(1, ATTEMPTS + 1):
            found = {index: write async for index, write in self._changes(known, attempt)}
            results = await self._writer.write(found.values())
            changed |= {index for index, done in zip(found, results, strict=True) if _took(done)}
            if not found:
                break
            known = {index: known[index] for index in found}
        return changed

    async def _changes(
        self, known: Mapping[int, Write], attempt: int
    ) -> AsyncIterator[tuple[int, Write]]:
        for thread_id, group in groupby(known.items(), key=lambda each: each[1].order_key):
            stored = await self._stored(thread_id, anew=attempt > 1)
            for index, write in group:
                if stored and (found := change(write, stored, attempt)):
                    yield index, found

    async def _stored(self, thread_id: str, *, anew: bool) -> KnownThread | None:
        """Return a thread as ours has it; the last one is kept for the next window.

        So a long thread is not read whole for each of its windows. What is changed in ours
        meanwhile is safe: the store compares the revisions.
        """
        if anew or self._last[0] != thread_id:
            thread = await self._store.get_thread(thread_id)
            self._last = thread_id, KnownThread(thread) if thread else None
        return self._last[1]


def _known(window: Sequence[ConvertedRow], found: Sequence[RowResult]) -> dict[int, Write]:
    """Return those writes, by their places, that may say otherwise than what is there."""
    return {
        index: one.write
        for index, (one, (outcome, _)) in enumerate(zip(window, found, strict=True))
        if one.write and outcome is ImportOutcome.KNOWN and not isinstance(one.write, SaveUser)
    }


def _took(result: Result | BaseException) -> bool:
    return isinstance(result, Result) and result.outcome is Outcome.APPLIED


@asynccontextmanager
async def open_target(
    store: Store | None, *, compares: bool = True
) -> AsyncIterator[ImportTarget | DryRunTarget]:
    """Give what stores rows in a store, and wait for it; without a store nothing is stored."""
    target = ImportTarget(store, compares=compares) if store else DryRunTarget()
    try:
        yield target
    finally:
        await target.close()
