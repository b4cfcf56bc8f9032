"""Whatever is written, in whatever order, all stores give back the same.

Each example plays one random sequence of batches on SQLite, on PostgreSQL, on DynamoDB, once more
on DynamoDB with all that goes wrong there mixed in, and on the store in memory, which is the rules
alone. Some commits break, before or after they take effect, and on DynamoDB anywhere in between;
their batch is applied again. The results are compared, and in the end all that is read.
"""

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import partial, reduce
from itertools import combinations
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from datalayer.errors import StoreUnavailable
from datalayer.records import Outcome, Result
from datalayer.stores.base import Store
from datalayer.stores.memory import MemoryStore, MemoryTables
from datalayer.stores.sql.store import SqlStore
from datalayer.writes import Write, wall_clock
from tests.conftest import is_full_count
from tests.support.backends import BACKENDS, Backend, DynamoBackend
from tests.support.builders import keep_up
from tests.support.dynamodb.stores import when_marks_are_due
from tests.support.random_writes import (
    PLAIN_SAVES,
    PlannedWrite,
    World,
    planned_writes,
    shown,
)

EXAMPLES = 1_000 if is_full_count() else 25
KINDS = tuple(name for name in BACKENDS if name != "memory")
Breaks = Literal["", "before", "after"]
Test = Callable[..., Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Batch:
    """Writes that are applied together; their commit `breaks`, and then they come once more.

    On DynamoDB it breaks after so many requests as `sent`.
    """

    writes: Sequence[PlannedWrite]
    breaks: Breaks
    sent: int


BATCHES = st.lists(
    st.builds(
        Batch,
        # Plain saves alone may take a short cut.
        st.lists(planned_writes(), min_size=1, max_size=5)
        | st.lists(planned_writes(PLAIN_SAVES), min_size=1, max_size=3),
        st.sampled_from(["", "", "before", "after"]),
        st.integers(0, 15),
    ),
    min_size=1,
    max_size=6,
)


# Cut off in the middle, the step is there when the first write, to which it was not, comes again.
NAMED_IN_TWO_THREADS = Batch(
    [
        PlannedWrite("delete what follows", 0, 1, 0, 0, {}),
        PlannedWrite("part of a step", 0, 0, 0, 0, {"parent": None, "output": ""}),
        PlannedWrite("delete user", 0, 0, 0, 0, {}),
    ],
    "before",
    5,
)


def saved_and_deleted(sent: int) -> list[Batch]:
    """A step that one batch saves and deletes: cut off, it is still the thread's last activity."""
    values = {"parent": None, "output": "a"}
    save = PlannedWrite("part of a step", 0, 0, 0, 15, values)
    delete = PlannedWrite("delete step", 0, 0, 0, 15, {})
    return [
        Batch([PlannedWrite("part of a step", 0, 0, 0, 0, values)], "", 0),
        Batch([save, delete], "after", sent),
    ]


def made_and_gone(sent: int) -> list[Batch]:
    """A user who is deleted with what they have just said: sent again, none of it is left."""
    step = PlannedWrite("part of a step", 0, 0, 0, 0, {"parent": None, "output": ""})
    later = PlannedWrite("part of a step", 0, 0, 0, 1, {"parent": None, "output": ""})
    user = PlannedWrite("user", 0, 0, 0, 0, {"metadata": {}})
    deleted = PlannedWrite("delete user", 0, 0, 0, 0, {})
    return [
        Batch([user, step, deleted], "before", sent),
        Batch([step], "", 0),
        Batch([later], "", 0),
    ]


def played_first(test: Test) -> Test:
    """Have a test play what once went wrong before it plays anything else."""
    cut_off = [
        batches(sent) for sent in range(4, 8) for batches in (saved_and_deleted, made_and_gone)
    ]
    found = [[NAMED_IN_TWO_THREADS], *cut_off]
    return reduce(lambda played, batches: example(batches=batches)(played), found, test)


Results = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Expected:
    """What the rules say of a batch that is applied once, and then again.

    It `is_repeatable` if all is then as it was after the first time. `before` is what there was.
    """

    once: Results
    again: Results
    is_repeatable: bool
    before: MemoryTables

    async def after_parts(self, writes: Sequence[Write]) -> list[Results]:
        """What the rules say of it where some of its writes have been made before, whichever."""
        found = []
        for count in range(1, len(writes)):
            for part in combinations(writes, count):
                store = MemoryStore(deepcopy(self.before))
                await store.apply(part)
                found.append(await _applied(store, writes))
        return found


class Oracle:
    """The store in memory."""

    def __init__(self) -> None:
        self.tables = MemoryTables()
        self.store = MemoryStore(self.tables)

    async def play(self, writes: Sequence[Write], breaks: Breaks) -> Expected:
        """Apply a batch, twice where its commit breaks after it took effect."""
        before = deepcopy(self.tables)
        once = await _applied(self.store, writes)
        repeated = deepcopy(self.tables)
        again = await _applied(MemoryStore(repeated), writes)
        expected = Expected(once, again, repeated == self.tables, before)
        if breaks == "after":
            await self.store.apply(writes)
        return expected


class SqlPlayer:
    """A store whose transactions can be broken."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._breaks: Breaks = ""
        database: Any = store.database
        self._save: Callable[..., Awaitable[list[Result]]] = database.save
        self._write: Callable[..., Awaitable[list[Result]]] = database.write
        database.save = self._broken

    async def play(self, writes: Sequence[Write], batch: Batch, expected: Expected) -> None:
        """Apply a batch, again where its commit breaks, and compare the results."""
        if batch.breaks:
            self._breaks = batch.breaks
            with pytest.raises(StoreUnavailable, match="broken"):
                await self._store.apply(writes)
            self._breaks = ""
        found = await _applied(self._store, writes)
        assert found == (expected.again if batch.breaks == "after" else expected.once)

    async def settle(self) -> None:
        """Whatever breaks is whole."""

    async def _broken(self, writes: Sequence[Write], work: Callable[[Any], Any]) -> list[Result]:
        def undone(connection: Any) -> None:
            work(connection)
            raise StoreUnavailable("broken before the commit")

        if self._breaks == "before":
            return await self._write(undone)
        results = await self._save(writes, work)
        if self._breaks == "after":
            raise StoreUnavailable("broken after the commit")
        return results


class DynamoPlayer:
    """A store that can be cut off from its table."""

    def __init__(self, store: Store, backend: DynamoBackend) -> None:
        self._store = store
        self._backend = backend
        self._faults = backend.faults

    async def play(self, writes: Sequence[Write], batch: Batch, expected: Expected) -> None:
        """Apply a batch, again where it breaks, and compare the results.

        What was cut off anywhere is stored in part. Each of its writes then has a result that it
        may have where any of them have been made before, or is REPEATED; so may one be whose reply
        was lost, as the store sends it once more.
        """
        possible = [expected.once]
        may_be_repeated = "lost" in self._faults.rates
        if batch.breaks and expected.is_repeatable:
            possible = [expected.once, expected.again, *await expected.after_parts(writes)]
            may_be_repeated = True
            await self._cut_off(writes, batch.sent)
        elif batch.breaks == "after":
            await self._store.apply(writes)
            possible = [expected.again]
        found = await _applied(self._store, writes)
        for result, *results in zip(found, *possible, strict=True):
            assert result in results or (may_be_repeated and result[0] is Outcome.REPEATED)

    async def _cut_off(self, writes: Sequence[Write], sent: int) -> None:
        """Apply a batch while so many requests get through, and reach the table again."""
        self._faults.sends_left = sent
        with suppress(StoreUnavailable):
            await self._store.apply(writes)
        self._faults.sends_left = math.inf
        # Until one request has got through, each is sent only once.
        await until_reached(self._store)

    async def settle(self) -> None:
        """Have maintenance complete what was cut off, as it does ten minutes later."""
        store: Any = self._store
        for looks in (1, 2):
            await self._backend.settle()
            store._now = partial(when_marks_are_due, looks)
            await keep_up(store)
        await self._backend.settle()
        store._now = wall_clock


async def until_reached(store: Store) -> None:
    """Ask until there is an answer."""
    while True:
        with suppress(StoreUnavailable):
            await store.get_user("nobody")
            return


async def _applied(store: Store, writes: Sequence[Write]) -> Results:
    return [_compared(result) for result in await store.apply(writes)]


def _compared(result: Result) -> tuple[Any, ...]:
    """What of a result every store has to say alike."""
    stale = result.outcome is Outcome.STALE
    return result.outcome, result.id, result.newest if stale else 0


Player = SqlPlayer | DynamoPlayer


@pytest.fixture
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[list[tuple[Store, Player]]]:
    """A store of each kind, and who plays on it."""
    async with AsyncExitStack() as stack:
        opened: list[tuple[Store, Player]] = []
        for name in KINDS:
            backend = await stack.enter_async_context(BACKENDS[name](request, False))
            store = await backend.open_migrated()
            stack.push_async_callback(store.close)
            stack.push_async_callback(backend.assert_idle, store)
            opened.append((store, _player(store, backend)))
        yield opened


def _player(store: Store, backend: Backend) -> Player:
    if isinstance(store, SqlStore):
        return SqlPlayer(store)
    assert isinstance(backend, DynamoBackend)
    return DynamoPlayer(store, backend)


@pytest.mark.drill
@pytest.mark.server
@pytest.mark.timeout(3_600)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(batches=BATCHES)
@played_first
async def test_all_stores_give_back_the_same(
    stores: list[tuple[Store, Player]], batches: Sequence[Batch]
) -> None:
    world, oracle = World.new(), Oracle()
    for batch in batches:
        writes = [planned.write(world) for planned in batch.writes]
        expected = await oracle.play(writes, batch.breaks)
        for _, player in stores:
            await player.play(writes, batch, expected)
    expected_view = await shown(oracle.store, world)
    for store, player in stores:
        await player.settle()
        assert await shown(store, world) == expected_view


@pytest.mark.timeout(1_800)
@settings(max_examples=EXAMPLES * 10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=BATCHES)
@pytest.mark.slow
async def test_a_batch_equals_its_writes_one_by_one(batches: Sequence[Batch]) -> None:
    world, together, singly = World.new(), MemoryStore(), MemoryStore()
    for batch in batches:
        writes = [planned.write(world) for planned in batch.writes]
        results = await together.apply(writes)
        assert results == [(await singly.apply([write]))[0] for write in writes]
    assert await shown(together, world) == await shown(singly, world)
