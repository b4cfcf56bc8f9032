"""One thread's row is locked by somebody: how the saves of other threads fare meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
from chainlit.step import StepDict

from benchmarks.databases import Databases
from benchmarks.layers.base import Layer
from benchmarks.parts.writes import thread_ids
from benchmarks.report import Part, Table, duration
from benchmarks.setup import OURS, Setup, WritableLayer, open_for_writing, wait_until_idle
from benchmarks.steps import message, messages
from benchmarks.timing import Sample

HELD_UP_S = 0.25
SAVES = 99
UNAFFECTED = 1.2  # times as long


async def blocked(setup: Setup) -> Part:
    """Measure saves with and without a locked row elsewhere."""
    part = Part(
        "One thread blocked by a locked row",
        f"{SAVES} saves in as many other threads, one after the other; held up is what took "
        f"{duration(HELD_UP_S)} or more. All of them are stored once the lock is gone.",
    )
    table = Table(("layer", "free: median", "p95", "blocked: median", "p95", "held up"))
    async with open_for_writing(setup) as layers:
        for name, writable in layers.items():
            free, held = await _measure(setup, writable)
            times = (free.median, free.p95, held.median, held.p95)
            table.rows.append((name, *map(duration, times), f"{_held_up(held):.0%}"))
            if name == OURS:
                part.at_most(
                    "others' saves while a thread is blocked", _ratio(held, free), UNAFFECTED
                )
                share = _held_up(held)
                part.check("others' saves held up by it", "none", f"{share:.0%}", share == 0)
    part.tables.append(table)
    return part


def _held_up(sample: Sample) -> float:
    return sum(seconds >= HELD_UP_S for seconds in sample.seconds) / len(sample.seconds)


def _ratio(held: Sample, free: Sample) -> float:
    return held.median / free.median


async def _measure(setup: Setup, writable: WritableLayer) -> tuple[Sample, Sample]:
    locked, *others = thread_ids(setup.history)
    await _saves(writable.layer, messages(others, 20))  # connections are open, statements compiled
    await wait_until_idle(setup.databases, writable)
    free, _ = await _saves(writable.layer, messages(others, SAVES))
    await wait_until_idle(setup.databases, writable)
    async with _locked(setup.databases, writable, locked):
        stuck = asyncio.create_task(_save(writable.layer, message(locked, "waits")))
        await asyncio.sleep(0.05)
        assert not stuck.done(), "the row is not locked"
        held, late = await _saves(writable.layer, messages(others, SAVES))
    await asyncio.gather(stuck, *late)
    await wait_until_idle(setup.databases, writable)
    return free, held


@asynccontextmanager
async def _locked(
    databases: Databases, writable: WritableLayer, thread_id: str
) -> AsyncIterator[None]:
    connection = await asyncpg.connect(databases.server.url(writable.database))
    try:
        async with connection.transaction():
            query = f"SELECT FROM {writable.kind.threads} WHERE id = $1 FOR UPDATE"
            await connection.fetch(query, thread_id)
            yield
    finally:
        await connection.close()


async def _saves(
    layer: Layer, steps: Sequence[StepDict]
) -> tuple[Sample, list[asyncio.Task[None]]]:
    """Return the time of each save, as far as it was waited for, and those not done by then."""
    seconds, late = [], []
    for step in steps:
        start = time.perf_counter()
        task = asyncio.create_task(_save(layer, step))
        await asyncio.wait([task], timeout=HELD_UP_S)
        seconds.append(time.perf_counter() - start)
        if task.done():
            task.result()
        else:
            late.append(task)
    return Sample(tuple(seconds)), late


async def _save(layer: Layer, step: StepDict) -> None:
    await layer.create_step(step)
