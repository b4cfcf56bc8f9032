"""What is asked of DynamoDB, in requests, capacity units and time, beside Chainlit's own layer."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from benchmarks.data import OWNER, History
from benchmarks.layers.base import PAGE
from benchmarks.layers.dynamodb import OURS, THEIRS, Keepchat, Metered, chainlits, keepchat
from benchmarks.parts.turn import calls
from benchmarks.report import Part, Table, duration
from benchmarks.timing import take_turns
from benchmarks.units import Cost
from datalayer.records import MaintenanceState
from datalayer.stores.dynamodb.maintenance import LOOK_AFTER
from tests.support.servers.dynamodb import running_dynamodb

THREADS = 1_000
ROUNDS, WARM = 20, 2
BUDGET_S = 4.0
NEW_THREAD = "5f0f3fd1-1d32-4f7a-9a54-0a5a2f0c8f11"
_NOTE = (
    "{threads:,} threads of 100 messages of one user, six hours apart, in DynamoDB Local on this "
    "machine. Requests / read units / write units are as the server tells them; where it tells "
    "less than the service takes (transactions, keys that are not there) they are computed from "
    "the items. Dollars are those of a table on demand in us-east-1. Chainlit's layer reads what "
    "may be late, at half the units; it makes no claims, merges nothing and removes no file."
)

Costs = Mapping[str, Cost]
"""What calls took, by name."""
Ask = Callable[[Metered, str], Awaitable[object]]
"""Asks something of a layer, about a thread."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Both layers on the same history."""

    ours: Keepchat
    theirs: Metered
    history: History

    @property
    def both(self) -> Sequence[Metered]:
        """Ours and theirs."""
        return self.ours.metered, self.theirs


async def dynamodb(scale: float = 1.0) -> Part:
    """Measure what a turn, opening, listing and deleting take."""
    history = History(round(THREADS * scale))
    part = Part("DynamoDB, beside Chainlit's layer", _NOTE.format(threads=history.own))
    async with _compared(history) as compared:
        await _threads(part, compared)
        await _turns(part, compared)
    return part


@asynccontextmanager
async def _compared(history: History) -> AsyncIterator[Compared]:
    async with AsyncExitStack() as stack:
        server = stack.enter_context(running_dynamodb())
        ours = await stack.enter_async_context(keepchat(server, "keepchat", history))
        theirs = await stack.enter_async_context(chainlits(server, "chainlit", history))
        yield Compared(ours, theirs, history)


# A turn


async def _turns(part: Part, compared: Compared) -> None:
    turns = {
        "the first turn of a thread": NEW_THREAD,
        "a later turn": compared.history.thread_id(0),
    }
    for title, thread_id in turns.items():
        costs = await _turn_table(part, compared, title, thread_id)
        ratio = _total(costs[OURS]).write / _total(costs[THEIRS]).write
        part.at_most(f"DynamoDB, {title}: write units, to Chainlit's", ratio, 2)
    times = {it.name: partial(_whole_turn, it, compared.history) for it in compared.both}
    samples = await take_turns(times, rounds=ROUNDS, warm=WARM, budget_s=BUDGET_S)
    part.compare(samples, OURS).header = ("a later turn", "median", "p95", "to ours", "rounds")


async def _turn(metered: Metered, thread_id: str) -> Costs:
    await metered.layer.get_user(OWNER.identifier)  # signed in
    metered.meter.lap()
    costs = {}
    if thread_id == NEW_THREAD:
        await metered.layer.update_thread(thread_id, name="A question", user_id=metered.user_id)
        costs["update_thread, name and user"] = metered.meter.lap()
    for name, call in calls(metered.layer, thread_id).items():
        await call()
        costs[name] = metered.meter.lap()
    return costs


async def _whole_turn(metered: Metered, history: History, number: int) -> None:
    thread_id = history.thread_id(history.own - 2 - number)
    for call in calls(metered.layer, thread_id).values():
        await call()


def _total(costs: Costs) -> Cost:
    return sum(costs.values(), start=Cost())


async def _turn_table(
    part: Part, compared: Compared, title: str, thread_id: str
) -> Mapping[str, Costs]:
    """Add a table of what the calls of a turn take, and return it."""
    costs = {it.name: await _turn(it, thread_id) for it in compared.both}
    table = Table((title, *costs))
    for call in costs[OURS]:
        table.rows.append((call, *(str(of_layer[call]) for of_layer in costs.values())))
    totals = [_total(of_layer) for of_layer in costs.values()]
    table.rows.append(("together", *map(str, totals)))
    table.rows.append(("dollars a thousand", *(f"{it.dollars * 1_000:.4f}" for it in totals)))
    part.tables.append(table)
    return costs


# Opening, listing, deleting


async def _page(metered: Metered, _thread_id: str) -> None:
    found = await metered.page()
    assert len(found) >= PAGE, f"{metered.name} has listed {len(found)} threads"


async def _open(metered: Metered, thread_id: str) -> None:
    thread = await metered.layer.get_thread(thread_id)
    assert len(thread["steps"]) >= 100, f"{metered.name} has opened half a thread"


async def _delete(metered: Metered, thread_id: str) -> None:
    await metered.layer.delete_thread(thread_id)


ASKED: Mapping[str, Ask] = {
    f"a page of {PAGE} threads": _page,
    "a thread of 100 messages opened": _open,
    "a thread of 100 messages deleted": _delete,
}
PAGED, OPENED, DELETED = ASKED


async def _threads(part: Part, compared: Compared) -> None:
    table = Table(("", OURS, "dollars a million", "median", THEIRS, "dollars a million", "median"))
    costs: dict[str, Costs] = {}
    for name, ask in ASKED.items():
        taken = {it.name: await _cost(it, ask, compared) for it in compared.both}
        medians = await _medians(ask, compared)
        cells = [(str(it), f"{it.dollars * 1e6:.2f}", medians[of]) for of, it in taken.items()]
        table.rows.append((name, *cells[0], *cells[1]))
        costs[name] = taken
    later = await _looked_again(compared.ours)
    table.rows.append(
        ("… and looked at again later", str(later), f"{later.dollars * 1e6:.2f}", "", "", "", "")
    )
    part.tables.append(table)
    _judge(part, costs)


async def _cost(metered: Metered, ask: Ask, compared: Compared) -> Cost:
    metered.meter.lap()
    await ask(metered, compared.history.thread_id(compared.history.own // 2))
    return metered.meter.lap()


async def _medians(ask: Ask, compared: Compared) -> Mapping[str, str]:
    """Return how long it takes; each round is about another thread."""

    async def round_of(metered: Metered, number: int) -> None:
        await ask(metered, compared.history.thread_id(1 + number))

    timers = {it.name: partial(round_of, it) for it in compared.both}
    samples = await take_turns(timers, rounds=ROUNDS, warm=WARM, budget_s=BUDGET_S)
    return {name: duration(sample.median) for name, sample in samples.items()}


async def _looked_again(ours: Keepchat) -> Cost:
    """Return what maintenance takes for one deleted thread, ten minutes after."""
    ours.clock.ahead = 2 * LOOK_AFTER
    ours.metered.meter.lap()
    await maintain(ours)
    taken = ours.metered.meter.lap()
    deleted = ROUNDS + WARM + 1
    return Cost(round(taken.requests / deleted), taken.read / deleted, taken.write / deleted)


async def maintain(ours: Keepchat) -> None:
    """Have maintenance do what there is to do now."""
    while await ours.store.maintain() is MaintenanceState.MORE:
        pass


def _judge(part: Part, costs: Mapping[str, Costs]) -> None:
    requests = costs[PAGED][OURS].requests
    part.check("DynamoDB, a page of the sidebar", "two requests", str(requests), requests <= 2)
    for name in (OPENED, DELETED):
        ratio = costs[name][OURS].dollars / costs[name][THEIRS].dollars
        part.at_most(f"DynamoDB, {name}: dollars, to Chainlit's", ratio, 1)
