"""How late the event loop is while many calls to a DynamoDB that is far away run."""

import asyncio
import gc
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from benchmarks.data import History
from benchmarks.latency import delayed_port
from benchmarks.layers.dynamodb import keepchat
from benchmarks.report import Part, Table, duration
from benchmarks.steps import message
from benchmarks.timing import Sample
from datalayer.stores.dynamodb.sdk.address import TableAddress
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.store import DynamoStore
from datalayer.writes import SaveStep, wall_clock
from tests.support.servers.dynamodb import ACCESS, running_dynamodb

AWAY_S = 0.2  # added to each call
AT_ONCE = 100  # calls of the store
ROUNDS = 3
TICK_S = 0.001
WITHIN_S = 0.020
TABLE = "far-away"
IDLE = "nothing runs"

Ask = Callable[[DynamoStore, str], Coroutine[Any, Any, object]]
"""Asks something of the store, about a thread."""


async def stalls(_scale: float = 1.0) -> Part:
    """Measure by how much a tick of a millisecond is late."""
    part = Part(
        "The event loop, while DynamoDB is far away",
        f"{AT_ONCE} calls at once through a proxy that adds {duration(AWAY_S)} to each request: "
        "steps saved in as many threads, threads of 100 messages opened, and half of each. A tick "
        "is due each millisecond, whenever the last one came, so that a stall makes all that were "
        f"due in it late. Best of {ROUNDS} rounds by p99; the server shares the machine.",
    )
    table = Table(("calls", "p50", "p99", "longest", "p99 of all rounds"))
    async with _far_away() as (store, thread_ids):
        with frozen():
            for name, asks in _MIXES.items():
                rounds = [await _late(store, thread_ids, asks) for _ in range(ROUNDS)]
                _add(part, table, name, sorted(rounds, key=p99))
    part.tables.append(table)
    return part


@contextmanager
def frozen() -> Iterator[None]:
    """Keep all that is there from the garbage collector, as the program does when it has started.

    Looking through it takes a tenth of a second, as often as some thousand items were read.
    """
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def _add(part: Part, table: Table, name: str, rounds: list[Sample]) -> None:
    best, spread = rounds[0], " ".join(duration(p99(it)) for it in rounds)
    times = map(duration, (best.median, p99(best), best.longest))
    table.rows.append((name, *times, spread))
    if name != IDLE:
        part.within(f"DynamoDB, ticks late while {name}, p99", p99(best), WITHIN_S)


def p99(sample: Sample) -> float:
    """Return what 99 % are not longer than."""
    ordered = sorted(sample.seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


@asynccontextmanager
async def _far_away() -> AsyncIterator[tuple[DynamoStore, list[str]]]:
    """Give a store whose server is far away, with as many threads as there are calls."""
    history = History(AT_ONCE)
    with running_dynamodb() as server, delayed_port(server.port, AWAY_S) as port:
        async with keepchat(server, TABLE, history):
            url = server.url(TABLE, port=port)
            store = DynamoStore(Client(TableAddress.from_url(url), ACCESS))
            try:
                yield store, [history.thread_id(number) for number in range(AT_ONCE)]
            finally:
                await store.close()


async def _save(store: DynamoStore, thread_id: str) -> None:
    step = dict(message(thread_id, "A question that somebody has asked. " * 10))
    step_id = str(uuid.uuid4())
    revision = wall_clock()
    await store.apply([SaveStep(id=step_id, thread_id=thread_id, fields=step, revision=revision)])


async def _open(store: DynamoStore, thread_id: str) -> None:
    assert await store.get_thread(thread_id)


_MIXES: Mapping[str, tuple[Ask, ...]] = {
    IDLE: (),
    "steps are saved": (_save,),
    "threads are opened": (_open,),
    "both": (_save, _open),
}


async def _late(store: DynamoStore, thread_ids: list[str], asks: tuple[Ask, ...]) -> Sample:
    """Return by how much ticks were late while all calls ran; some time where there are none."""
    late: list[float] = []
    ticking = asyncio.create_task(tick(late))
    await asyncio.sleep(AWAY_S)
    late.clear()
    if asks:
        await asyncio.gather(
            *(asks[at % len(asks)](store, name) for at, name in enumerate(thread_ids))
        )
    else:
        await asyncio.sleep(5 * AWAY_S)
    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)
    return Sample(tuple(late))


async def tick(late: list[float]) -> None:
    """Note by how much each tick comes late, until it is cancelled."""
    loop = asyncio.get_running_loop()
    due = loop.time() + TICK_S
    while True:
        await asyncio.sleep(max(0.0, due - loop.time()))
        now = loop.time()
        while due <= now:
            late.append(now - due)
            due += TICK_S
