"""The sidebar's page and a thread that is opened."""

from functools import partial

from benchmarks.data import OWNER, History
from benchmarks.layers.base import Layer, page
from benchmarks.report import Part
from benchmarks.setup import ASYNCPG, BY_HAND, OURS, Setup, open_for_reading
from benchmarks.timing import take_turns

ROUNDS = 200
OPENED = 50  # threads in turn, each of which was opened before


async def sidebar(setup: Setup) -> Part:
    """Measure a page of the sidebar."""
    async with open_for_reading(setup) as layers:
        samples = await take_turns(
            {name: partial(list_page, layer) for name, layer in layers.items()}, rounds=ROUNDS
        )
    part = Part("The sidebar's page of 35 threads")
    part.compare(samples, OURS)
    ours, theirs, hand = (samples[name].median for name in (OURS, ASYNCPG, BY_HAND))
    part.at_least("sidebar, beside the asyncpg layer", theirs / ours, 3)
    part.at_most("sidebar, beside hand-written SQL", ours / hand, 1.5)
    return part


async def opening(setup: Setup) -> Part:
    """Measure how long a thread takes to be opened."""
    async with open_for_reading(setup) as layers:
        samples = await take_turns(
            {name: partial(open_one, layer, setup.history) for name, layer in layers.items()},
            rounds=ROUNDS,
            warm=OPENED,
        )
    part = Part(
        "A thread of 100 messages opened", f"{OPENED} threads in turn, each opened once before."
    )
    part.compare(samples, OURS)
    ours, theirs = samples[OURS].median, samples[ASYNCPG].median
    part.at_least("open a thread, beside the asyncpg layer", theirs / ours, 2)
    return part


async def list_page(layer: Layer, _number: int) -> None:
    """Ask for the sidebar's first page, which is full."""
    found = await layer.list_threads(*page(OWNER))
    assert found.data, "no threads"


async def open_one(layer: Layer, history: History, number: int) -> None:
    """Open one of the owner's threads."""
    thread = await layer.get_thread(history.thread_id(number * 7 % min(OPENED, history.own)))
    assert len(thread["steps"]) == 100, "a thread that is not whole"
