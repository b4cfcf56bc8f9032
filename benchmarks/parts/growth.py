"""Every read at ten times the history, beside its time at one tenth."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Literal

from benchmarks import words
from benchmarks.data import OWNER, History
from benchmarks.layers.base import page
from benchmarks.layers.keepchat import keepchat, open_keepchat
from benchmarks.report import Part, Table, duration
from benchmarks.setup import Setup
from benchmarks.timing import take_turns
from datalayer.layer import KeepchatDataLayer

ROUNDS = 100
BUDGET_S = 3.0
WITHIN = 1.3

Read = Callable[[KeepchatDataLayer, History], Awaitable[object]]


def _page(
    search: str | None, feedback: Literal[0, 1] | None, layer: KeepchatDataLayer, _history: History
) -> Awaitable[object]:
    return layer.list_threads(*page(OWNER, search=search, feedback=feedback))


READS: Mapping[str, Read] = {
    "sidebar": partial(_page, None, None),
    "open a thread": lambda layer, history: layer.get_thread(history.thread_id(history.own // 2)),
    "thread's author": lambda layer, history: layer.get_thread_author(history.thread_id(3)),
    "user": lambda layer, _history: layer.get_user(OWNER.identifier),
    "20 favourites": lambda layer, _history: layer.get_favorite_steps(OWNER.id),
    "feedback “good”, 40 threads": partial(_page, None, 1),
    "feedback “bad”, 40 threads": partial(_page, None, 0),
    "search, one message": partial(_page, words.RARE, None),
    "search, “ the ”": partial(_page, " the ", None),
    "search, absent": partial(_page, words.ABSENT[0], None),
    "search, 20 old threads": partial(_page, words.CLUSTERED, None),
    "search, one Chinese character": partial(_page, words.characters()[1], None),
    "search, Chinese, one message": partial(_page, words.rare_bigram(), None),
    "search, Chinese, absent": partial(_page, words.absent_bigram(), None),
}


async def growth(setup: Setup) -> Part:
    """Measure all reads on the whole history and on a tenth of it."""
    large, small = setup.history, History(setup.history.own // 10)
    part = Part(
        "Ten times the history",
        f"Medians of {ROUNDS} rounds, {small.own:,} and {large.own:,} threads of 100 messages "
        "taking turns. What is returned is the same in both.",
    )
    table = Table(("read", f"{small.own:,} threads", f"{large.own:,} threads", "ratio"))
    async with AsyncExitStack() as stack:
        layers = {}
        for history in (small, large):
            url = await setup.databases.filled(keepchat(), history)
            layers[history] = await stack.enter_async_context(open_keepchat(url))
        for name, read in READS.items():
            before, after = await _both(read, layers)
            table.rows.append((name, duration(before), duration(after), f"{after / before:.2f}x"))
            part.at_most(f"ten times the history: {name}", after / before, WITHIN)
    part.tables.append(table)
    return part


async def _both(read: Read, layers: Mapping[History, KeepchatDataLayer]) -> tuple[float, float]:
    """Return the medians with little and with much history."""
    calls = {
        str(history.own): partial(_call, read, layer, history) for history, layer in layers.items()
    }
    samples = await take_turns(calls, rounds=ROUNDS, budget_s=BUDGET_S)
    small, large = (samples[str(history.own)].median for history in layers)
    return small, large


async def _call(read: Read, layer: KeepchatDataLayer, history: History, _number: int) -> None:
    await read(layer, history)
