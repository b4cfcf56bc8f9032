"""Rows on their way into a store, and what became of each."""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import groupby

from datalayer.base import Store
from datalayer.errors import DataLayerError, WriteRefused
from datalayer.records import ElementRecord, Outcome, Result, StepRecord, ThreadRecord
from datalayer.sql.importing import phrases
from datalayer.sql.importing.refresh import newer
from datalayer.sql.importing.report import Fate
from datalayer.sql.importing.rows import Taken
from datalayer.writer import MAX_BATCH, Writer
from datalayer.writes import SaveElement, SaveFeedback, SaveStep, Write

Settled = tuple[Fate, str]  # and what is to be said of it

_CANNOT_BE_HELD: Settled = (Fate.LEFT, "")
_STORED: Settled = (Fate.STORED, "")
_FATES: dict[Outcome, Settled] = {
    Outcome.APPLIED: _STORED,
    Outcome.STALE: (Fate.KNOWN, ""),
    Outcome.GONE: (Fate.GONE, phrases.GONE),
}


class Rehearsal:
    """Stores nothing."""

    window = MAX_BATCH

    async def store(self, window: Sequence[Taken]) -> list[Settled]:
        """Return what would become of rows in a store that is empty."""
        return [_STORED if one.writes else _CANNOT_BE_HELD for one in window]

    async def close(self) -> None:
        """There is nothing to close."""


class Storing:
    """Stores rows by the writer, which isolates what is refused and waits for what is away."""

    def __init__(self, store: Store) -> None:
        self.window = MAX_BATCH * store.lanes
        self._store = store
        self._writer = Writer(store)

    async def store(self, window: Sequence[Taken]) -> list[Settled]:
        """Store rows, and return what became of each and what is to be said of it."""
        done = await self._write([write for one in window for write in one.writes])
        results = iter(done)
        found = []
        for one in window:
            own = [next(results) for _ in one.writes]
            found.append(await self._settled(one, own[-1]) if own else _CANNOT_BE_HELD)
        await self._refresh(window, found)
        return found

    async def close(self) -> None:
        """Wait for what is on its way."""
        await self._writer.close()

    async def _write(self, writes: Iterable[Write]) -> list[Result | BaseException]:
        return await asyncio.gather(*map(self._writer.submit, writes), return_exceptions=True)

    async def _settled(self, one: Taken, result: Result | BaseException) -> Settled:
        if isinstance(result, Result):
            return _FATES[result.outcome]
        if not isinstance(result, DataLayerError):
            raise result
        if not isinstance(result, WriteRefused):
            return Fate.LEFT, phrases.REJECTED
        write = one.writes[-1]
        if isinstance(write, SaveFeedback) and not await self._store.get_step(write.step_id):
            return Fate.GONE, phrases.GONE  # with its step
        return Fate.LEFT, phrases.REFUSED

    async def _refresh(self, window: Sequence[Taken], found: list[Settled]) -> None:
        """Store what is known, but was changed in theirs without a newer time."""
        known: list[tuple[SaveStep | SaveElement, int]] = [
            (write, place)
            for place, (one, (fate, _)) in enumerate(zip(window, found, strict=True))
            if fate is Fate.KNOWN and isinstance(write := one.writes[-1], SaveStep | SaveElement)
        ]
        wanted: list[tuple[SaveStep | SaveElement, int]] = []
        for thread_id, group in groupby(known, key=lambda each: each[0].lane_key):
            stored = _by_id(await self._store.get_thread(thread_id))
            for write, place in group:
                record = stored.get(write.id)
                if record and (changed := newer(write, record)):
                    wanted.append((changed, place))
        results = await self._write(write for write, _ in wanted)
        for (_, place), result in zip(wanted, results, strict=True):
            found[place] = await self._settled(window[place], result)


def _by_id(thread: ThreadRecord | None) -> dict[str, StepRecord | ElementRecord]:
    if thread is None:
        return {}
    found: list[StepRecord | ElementRecord] = [*thread.steps, *thread.elements]
    return {row.id: row for row in found}
