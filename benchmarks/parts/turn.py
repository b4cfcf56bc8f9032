"""What a turn of a conversation costs in round trips and transactions, counted in the log."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.layers.base import Layer
from benchmarks.report import Part, Table
from benchmarks.setup import Setup, open_for_writing, wait_until_idle
from benchmarks.steps import message
from tests.support.servers.postgres import Postgres

_LOGGED = re.compile(r"\[(\d+)\] LOG:  (?:statement|execute [^:]*): *(\w*)")  # it may begin below
_BEGIN = ("BEGIN", "START")
_END = ("COMMIT", "ROLLBACK")

Call = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Cost:
    """What the server was asked."""

    round_trips: int
    transactions: int

    def __str__(self) -> str:
        """Return both numbers."""
        return f"{self.round_trips} / {self.transactions}"


def cost(lines: Iterable[str]) -> Cost:
    """Count statements and transactions in lines of the server's log. Pure."""
    round_trips = transactions = 0
    within: set[str] = set()
    for line in lines:
        if not (logged := _LOGGED.search(line)):
            continue
        process, verb = logged.group(1), logged.group(2).upper()
        round_trips += 1
        transactions += process not in within
        if verb in _BEGIN:
            within.add(process)
        elif verb in _END:
            within.discard(process)
    return Cost(round_trips, transactions)


async def turn(setup: Setup) -> Part:
    """Count what each call of a turn costs."""
    part = Part(
        "One turn of a conversation",
        "Round trips / transactions, as the server logged them. A pool of asyncpg resets its "
        "connection after each use, which is one of the round "
        "trips. What Keepchat does later in the background is not in it.",
    )
    costs: dict[str, list[Cost]] = {}
    async with open_for_writing(setup, logged=True) as layers:
        for name, writable in layers.items():
            server = setup.databases.server
            for number in range(2):  # the first opens connections and compiles statements
                asked = calls(writable.layer, setup.history.thread_id(number))
                costs[name] = await _costs(server, asked)
                await wait_until_idle(setup.databases, writable)
    table = Table(("call", *costs))
    for index, call in enumerate(calls(writable.layer, setup.history.thread_id(0))):
        table.rows.append((call, *(str(found[index]) for found in costs.values())))
    table.rows.append(("together", *(str(_sum(found)) for found in costs.values())))
    part.tables.append(table)
    return part


def calls(layer: Layer, thread_id: str) -> Mapping[str, Call]:
    """Return what Chainlit calls in a turn, in its order."""
    question = message(thread_id, "A question", name="user")
    run = message(thread_id, "", name="on_message", type="run")
    answer: Mapping[str, Any] = {"name": "Assistant", "type": "assistant_message"}
    shown = message(thread_id, "An", parentId=run["id"], streaming=True, **answer)
    whole = message(thread_id, "An answer", parentId=run["id"], id=shown["id"], **answer)
    ended = message(thread_id, "", name="on_message", type="run", id=run["id"])
    merge = partial(layer.update_thread, thread_id, metadata={"chat_profile": "small"})
    return {
        "create_step, question": partial(layer.create_step, question),
        "create_step, run": partial(layer.create_step, run),
        "create_step, answer": partial(layer.create_step, shown),
        "update_step, answer": partial(layer.update_step, whole),
        "update_step, run": partial(layer.update_step, ended),
        "update_thread, metadata": merge,
    }


async def _costs(server: Postgres, calls: Mapping[str, Call]) -> list[Cost]:
    """Return the cost of each call, made while the server logs what this database is asked."""
    found = []
    for call in calls.values():
        offset = server.log.stat().st_size
        await call()
        found.append(cost(_lines(server.log, offset)))
    return found


def _lines(log: Path, offset: int) -> list[str]:
    with log.open("rb") as file:
        file.seek(offset)
        return file.read().decode(errors="replace").splitlines()


def _sum(costs: Iterable[Cost]) -> Cost:
    every = list(costs)
    trips = sum(one.round_trips for one in every)
    return Cost(trips, sum(one.transactions for one in every))
