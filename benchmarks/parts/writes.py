"""Saves: one message with nothing else going on, and a thousand at once."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import cast

from chainlit.step import StepDict

from benchmarks import words
from benchmarks.data import OWNER, History
from benchmarks.databases import Databases
from benchmarks.latency import ROUND_TRIP_S
from benchmarks.layers.base import Layer, page
from benchmarks.report import Part, Table, duration
from benchmarks.setup import ASYNCPG, OURS, Setup, WritableLayer, open_for_writing, wait_until_idle
from benchmarks.steps import messages
from benchmarks.timing import Sample, timed

BLOCKS = 8
SINGLE = 50
AT_ONCE = 1_000
BURSTS = 5
THREADS = 100
SEARCHABLE_S = 2.0
UNKNOWN_FIELD = "with a field that nobody knows"


async def single(setup: Setup) -> Part:
    """Measure one message that is saved in a thread that is there.

    In blocks, since a layer that works in the background is to slow down itself and nobody else.
    """
    async with open_for_writing(setup) as layers:
        samples = await _in_blocks(setup, layers)
    part = Part("One message saved, nothing else going on")
    _judge(part, samples, "save a message")
    return part


async def single_remote(setup: Setup) -> Part:
    """Measure the same with a server that is a way off, as it mostly is in production."""
    async with open_for_writing(setup, remote=True) as layers:
        samples = await _in_blocks(setup, layers)
    part = Part(
        "One message saved on a server that is a way off",
        f"As before, through a proxy that makes each round trip {duration(ROUND_TRIP_S)} longer, "
        "as it is between two machines of a data centre.",
    )
    _judge(part, samples, f"save a message, server {duration(ROUND_TRIP_S)} away")
    return part


async def _in_blocks(setup: Setup, layers: dict[str, WritableLayer]) -> dict[str, Sample]:
    seconds_of: dict[str, list[float]] = {}
    for block in range(BLOCKS + 1):
        for name, writable, extra in _turns(layers):
            seconds = await _one_by_one(writable.layer, setup.history, extra)
            await wait_until_idle(setup.databases, writable)
            if block:  # the first opens connections and compiles statements
                seconds_of.setdefault(name, []).extend(seconds)
    return {name: Sample(tuple(seconds)) for name, seconds in seconds_of.items()}


def _turns(
    layers: dict[str, WritableLayer],
) -> Iterator[tuple[str, WritableLayer, Mapping[str, str]]]:
    """Give each layer's name and what its messages have beside Chainlit's fields."""
    yield from ((name, writable, {}) for name, writable in layers.items())
    yield UNKNOWN_FIELD, layers[OURS], {"fieldOfTomorrow": "a value"}


def _judge(part: Part, samples: dict[str, Sample], what: str) -> None:
    unknown = {OURS: samples[OURS], UNKNOWN_FIELD: samples.pop(UNKNOWN_FIELD)}
    part.compare(samples, OURS)
    part.tables.append(Part("").compare(unknown, OURS))
    ratio = unknown[UNKNOWN_FIELD].median / unknown[OURS].median
    part.at_most(f"{what}, {UNKNOWN_FIELD}, beside without", ratio, 1.3)
    ours, theirs = samples[OURS].median, samples[ASYNCPG].median
    part.at_least(f"{what}, beside the asyncpg layer", theirs / ours, 1.5)


async def _one_by_one(layer: Layer, history: History, extra: Mapping[str, str]) -> list[float]:
    steps = [cast(StepDict, {**step, **extra}) for step in messages(thread_ids(history), SINGLE)]
    return [await timed(partial(_save, layer, steps), number) for number in range(SINGLE)]


async def _save(layer: Layer, steps: list[StepDict], number: int) -> None:
    await layer.create_step(steps[number])


def thread_ids(history: History) -> list[str]:
    """Return the ids of a hundred of the owner's threads."""
    return [history.thread_id(number) for number in range(min(THREADS, history.own))]


async def at_once(setup: Setup) -> Part:
    """Measure a burst of messages, and when they are found by the search."""
    part = Part(
        "1,000 messages at once",
        f"`create_step` for {AT_ONCE:,} messages in {THREADS} threads, not awaiting one for "
        "another; the rows are counted afterwards.",
    )
    async with open_for_writing(setup) as layers:
        bursts, stored, found = await _bursts(setup, layers)
    table = part.compare(bursts, OURS)
    table.header = (*table.header, "saves/s", "stored")
    table.rows = [
        (*row, f"{AT_ONCE / bursts[row[0]].median:,.0f}", f"{stored[row[0]]:.1%}")
        for row in table.rows
    ]
    part.tables.append(Table(("searchable after", "time"), [(OURS, duration(found))]))
    ours, theirs = bursts[OURS].median, bursts[ASYNCPG].median
    part.at_least("1,000 messages at once, beside the asyncpg layer", theirs / ours, 10)
    part.check("1,000 messages at once, stored", "all", f"{stored[OURS]:.1%}", stored[OURS] == 1)
    part.within("1,000 messages at once, searchable after", found, SEARCHABLE_S)
    return part


async def _bursts(
    setup: Setup, layers: dict[str, WritableLayer]
) -> tuple[dict[str, Sample], dict[str, float], float]:
    """Return the seconds of the bursts, the share that is stored, and the longest until found."""
    seconds_of: dict[str, list[float]] = {name: [] for name in layers}
    kept = dict.fromkeys(layers, 0)
    longest = 0.0
    for writable in layers.values():
        await _warm(writable.layer, setup.history)
        await wait_until_idle(setup.databases, writable)
    for number in range(BURSTS):
        for name, writable in layers.items():
            before = count(setup.databases, writable)
            word = f"{words.RARE}{number}"
            seconds_of[name].append(await _burst(writable.layer, setup.history, word))
            kept[name] += count(setup.databases, writable) - before
            if name == OURS:
                longest = max(longest, await _until_found(writable.layer, word))
            await wait_until_idle(setup.databases, writable)
    samples = {name: Sample(tuple(seconds)) for name, seconds in seconds_of.items()}
    return samples, {name: rows / (AT_ONCE * BURSTS) for name, rows in kept.items()}, longest


async def _warm(layer: Layer, history: History) -> None:
    """Open all connections, one after the other at first: the asyncpg layer cannot do it else.

    Its first call makes the pool, and so does every other that comes before it is there.
    """
    first, *others = messages(thread_ids(history), 50)
    await layer.create_step(first)
    await asyncio.gather(*(layer.create_step(step) for step in others))


async def _burst(layer: Layer, history: History, word: str) -> float:
    steps = messages(thread_ids(history), AT_ONCE, end=word)
    start = time.perf_counter()
    await asyncio.gather(*(layer.create_step(step) for step in steps), return_exceptions=True)
    return time.perf_counter() - start


async def _until_found(layer: Layer, word: str) -> float:
    """Return the seconds until the search knows the word of all threads written to."""
    start = time.perf_counter()
    while len((await layer.list_threads(*page(OWNER, search=word))).data) < 35:
        assert time.perf_counter() - start < 60, f"{word} is not found"
        await asyncio.sleep(0.01)
    return time.perf_counter() - start


def count(databases: Databases, writable: WritableLayer) -> int:
    """Return how many steps a layer's database holds."""
    query = f"SELECT count(*) FROM {writable.kind.steps}"  # noqa: S608 - a name of ours
    [(rows,)] = databases.server.query(query, database=writable.database)
    return int(rows)
