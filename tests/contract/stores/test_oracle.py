"""Whatever is written, in whatever order, all stores give back the same.

Each example plays one random sequence of batches on SQLite, on PostgreSQL and on the store in
memory, which is the rules alone. Some commits break, before or after they take effect, and their
batch is applied again. The results are compared, and in the end all that is read.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datalayer.errors import DataLayerError, StoreUnavailable
from datalayer.records import Outcome, Result
from datalayer.stores.base import Store
from datalayer.stores.memory import MemoryStore
from datalayer.stores.sql.store import SqlStore
from datalayer.writes import Write
from tests.conftest import is_full_count
from tests.support.backends import BACKENDS
from tests.support.random_writes import (
    PLAIN_SAVES,
    PlannedWrite,
    World,
    planned_writes,
    shown,
)
from tests.support.servers.postgres import Postgres

EXAMPLES = 1_000 if is_full_count() else 25
Breaks = Literal["", "before", "after"]


@dataclass(frozen=True)
class Batch:
    """Writes that are applied together; their commit `breaks`, and then they come once more."""

    writes: Sequence[PlannedWrite]
    breaks: Breaks


BATCHES = st.lists(
    st.builds(
        Batch,
        # Plain saves alone may take a short cut.
        st.lists(planned_writes(), min_size=1, max_size=5)
        | st.lists(planned_writes(PLAIN_SAVES), min_size=1, max_size=3),
        st.sampled_from(["", "", "before", "after"]),
    ),
    min_size=1,
    max_size=6,
)


class Player:
    """A store whose commits can be broken."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._breaks: Breaks = ""
        if isinstance(store, SqlStore):
            database: Any = store.database
            self._save: Callable[..., Awaitable[list[Result]]] = database.save
            self._write: Callable[..., Awaitable[list[Result]]] = database.write
            database.save = self._broken

    async def play(self, writes: Sequence[Write], breaks: Breaks) -> Any:
        """Apply a batch, again where its commit breaks; what came of it."""
        try:
            if breaks and isinstance(self.store, SqlStore):
                self._breaks = breaks
                with pytest.raises(StoreUnavailable, match="broken"):
                    await self.store.apply(writes)
            elif breaks == "after":
                await self.store.apply(writes)
            self._breaks = ""
            return [_compared(result) for result in await self.store.apply(writes)]
        except DataLayerError as exc:
            return type(exc)

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


def _compared(result: Result) -> tuple[Any, ...]:
    """What of a result every store has to say alike."""
    stale = result.outcome is Outcome.STALE
    return result.outcome, result.id, result.newest if stale else 0


@pytest.fixture
async def stores(request: pytest.FixtureRequest, postgres: Postgres) -> AsyncIterator[list[Store]]:
    """A store of each kind, the oracle first."""
    async with (
        BACKENDS["sqlite"](request, False) as one,
        BACKENDS["postgres"](request, False) as two,
        BACKENDS["dynamodb"](request, False) as three,
    ):
        backends = (one, two, three)
        opened = [await backend.open_migrated() for backend in backends]
        yield [MemoryStore(), *opened]
        for backend, store in zip(backends, opened, strict=True):
            await backend.assert_idle(store)
            await store.close()


@pytest.mark.drill
@pytest.mark.timeout(1_800)
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
async def test_all_stores_give_back_the_same(stores: list[Store], batches: Sequence[Batch]) -> None:
    world, players = World.new(), [Player(store) for store in stores]
    for batch in batches:
        writes = [planned.write(world) for planned in batch.writes]
        oracle, *others = [await player.play(writes, batch.breaks) for player in players]
        assert [oracle] * len(others) == others
    oracle, *others = [await shown(store, world) for store in stores]
    assert [oracle] * len(others) == others


@pytest.mark.timeout(1_800)
@settings(max_examples=EXAMPLES * 10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=BATCHES)
async def test_a_batch_equals_its_writes_one_by_one(batches: Sequence[Batch]) -> None:
    world, together, singly = World.new(), MemoryStore(), MemoryStore()
    for batch in batches:
        writes = [planned.write(world) for planned in batch.writes]
        results = await together.apply(writes)
        assert results == [(await singly.apply([write]))[0] for write in writes]
    assert await shown(together, world) == await shown(singly, world)
