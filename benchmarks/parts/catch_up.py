"""Many saves wait to be indexed for the search: how the sidebar fares while they are."""

import asyncio
import random
import time
import uuid
from collections.abc import Callable, Iterator
from itertools import count, takewhile

from benchmarks import words
from benchmarks.data import OWNER
from benchmarks.layers.keepchat import keepchat
from benchmarks.report import Part, Table, duration
from benchmarks.setup import Setup
from benchmarks.timing import Sample, combine
from datalayer.records import MaintenanceState
from datalayer.stores.sql.postgres.store import PostgresStore
from datalayer.writes import SaveStep

SAVES = 30_000
IN_A_THREAD = 100
EACH_S = 0.01
ALONE = 300  # pages before, and as many after
WITHIN = 1.5


async def catch_up(setup: Setup) -> Part:
    """Measure a page of the sidebar with and without an index that catches up."""
    async with setup.databases.copy(keepchat(), setup.history) as name:
        store = PostgresStore(setup.databases.server.url(name))
        try:
            alone, meanwhile, seconds = await _measure(store)
        finally:
            await store.close()
    part = Part(
        f"The sidebar while the index catches up with {SAVES:,} saves",
        f"A page of 35 threads each {duration(EACH_S)}, late ones timed from when they were due. "
        f"The index took {duration(seconds)}, {duration(seconds / SAVES)} a save.",
    )
    table = Table(("sidebar", "median", "p95", "longest", "rounds"))
    for what, sample in (("alone", alone), ("while it catches up", meanwhile)):
        times = map(duration, (sample.median, sample.p95, sample.longest))
        table.rows.append((what, *times, str(len(sample.seconds))))
    part.tables.append(table)
    ratio = meanwhile.median / alone.median
    part.at_most("sidebar while the index catches up, beside without", ratio, WITHIN)
    return part


async def _measure(store: PostgresStore) -> tuple[Sample, Sample, float]:
    """Return pages alone and while the index catches up, and how long that took, in seconds."""
    await _pages(store, _first(ALONE))  # connections are open, statements compiled
    before = await _pages(store, _first(ALONE))
    for writes in _saves():
        await store.apply(writes)
    start = time.perf_counter()
    indexing = asyncio.create_task(_index(store))
    meanwhile = await _pages(store, lambda _: not indexing.done())
    seconds = time.perf_counter() - start
    await indexing
    after = await _pages(store, _first(ALONE))
    return combine([before, after]), meanwhile, seconds


def _first(pages: int) -> Callable[[int], bool]:
    return lambda number: number < pages


def _saves() -> Iterator[list[SaveStep]]:
    """Yield the saves, those of a thread together."""
    rng = random.Random(f"{words.SEED}:catch up")
    for first in range(0, SAVES, IN_A_THREAD):
        thread_id = str(uuid.uuid4())
        yield [
            SaveStep(
                id=str(uuid.uuid4()),
                thread_id=thread_id,
                owner=OWNER.identifier,
                fields={"type": "user_message", "output": words.text(rng)},
                revision=first + number + 1,
            )
            for number in range(IN_A_THREAD)
        ]


async def _index(store: PostgresStore) -> None:
    while await store.maintain() is MaintenanceState.MORE:
        pass


async def _pages(store: PostgresStore, goes_on: Callable[[int], bool]) -> Sample:
    """Ask for a page at each point in time, or as soon as the one before is there."""
    seconds: list[float] = []
    due = time.perf_counter()
    for _ in takewhile(goes_on, count()):
        due = max(due + EACH_S, time.perf_counter())
        await asyncio.sleep(due - time.perf_counter())
        page = await store.list_threads(OWNER.id, first=35)
        seconds.append(time.perf_counter() - due)
        assert page.threads, "no threads"
    return Sample(tuple(seconds))
