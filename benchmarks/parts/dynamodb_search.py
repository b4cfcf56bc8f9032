"""The search in DynamoDB: units, dollars and time, before and after chunks are there."""

import asyncio
from collections.abc import Mapping

from benchmarks import words
from benchmarks.data import History
from benchmarks.layers.base import PAGE
from benchmarks.layers.dynamodb import Keepchat, keepchat
from benchmarks.parts.search import expected_threads
from benchmarks.parts.stalls import frozen, p99, tick
from benchmarks.report import Part, Table, duration
from benchmarks.timing import Sample, take_turns
from benchmarks.units import Cost
from datalayer.records import MaintenanceState
from tests.support.servers.dynamodb import running_dynamodb

THREADS = 1_000
ROUNDS = 10
TABLE = "searched"
NEEDLES: Mapping[str, str] = {
    "rare: one message": words.RARE,
    "in 20 old threads only": words.CLUSTERED,
    "0.1 % of the messages": words.MEDIUM,
    "common: “ the ”": " the ",
    "absent": words.ABSENT[0],
}
_NOTE = (
    "One user's {messages:,} messages in {threads:,} threads, six hours apart, in DynamoDB Local, "
    "which shares the machine; the first page of 35 threads. What it finds was compared with the "
    "texts. Requests / read units / write units are as the server tells them, dollars those of a "
    "table on demand in us-east-1. “Late” is what 99 % of the ticks of a millisecond are not later "
    "than meanwhile."
)


async def dynamodb_search(scale: float = 1.0) -> Part:
    """Measure searches, and what it takes to have the chunks that they look through."""
    history = History(round(THREADS * scale))
    note = _NOTE.format(messages=100 * history.own, threads=history.own)
    part = Part("Search in DynamoDB", note)
    with running_dynamodb() as server:
        async with keepchat(server, TABLE, history) as ours:
            with frozen():
                await _measure(part, ours, history)
    return part


async def _measure(part: Part, ours: Keepchat, history: History) -> None:
    part.tables.append(await _searches(ours, history, "before there are chunks", 1))
    part.tables.append(await _building(ours, 100 * history.own))
    part.tables.append(await _searches(ours, history, "by chunks", ROUNDS))


async def _searches(ours: Keepchat, history: History, title: str, rounds: int) -> Table:
    table = Table(
        (title, "found", "requests / read / write", "dollars a thousand", "median", "p95", "late")
    )
    expected = expected_threads(history, NEEDLES.values())
    for name, needle in NEEDLES.items():
        ours.metered.meter.lap()
        found = len(await ours.metered.page(needle))
        cost = ours.metered.meter.lap()
        there = min(PAGE, expected[needle])
        assert found == there, f"{needle!r}: found {found} of {there} threads"
        sample, late = await _timed(ours, needle, rounds)
        times = map(duration, (sample.median, sample.p95, late))
        table.rows.append((name, str(found), str(cost), f"{cost.dollars * 1_000:.3f}", *times))
    return table


async def _timed(ours: Keepchat, needle: str, rounds: int) -> tuple[Sample, float]:
    """Return how long a search takes, and by how much a tick is late meanwhile."""

    async def search(_number: int) -> None:
        await ours.metered.page(needle)

    late: list[float] = []
    ticking = asyncio.create_task(tick(late))
    samples = await take_turns({needle: search}, rounds=rounds, warm=int(rounds > 1))
    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)
    return samples[needle], p99(Sample(tuple(late)))


async def _building(ours: Keepchat, messages: int) -> Table:
    """Have chunks built of all that the searches have missed, two minutes later."""
    ours.metered.meter.lap()
    while (state := await ours.store.maintain()) is not MaintenanceState.DONE:
        if state is MaintenanceState.HELD_UP:
            await asyncio.sleep(1)
    built = ours.metered.meter.lap()
    thousands = messages / 1_000
    each = Cost(round(built.requests / thousands), built.read / thousands, built.write / thousands)
    table = Table(("building chunks", "requests / read / write", "dollars a million messages"))
    table.rows.append(("a thousand messages", str(each), f"{each.dollars * 1_000:.2f}"))
    return table
