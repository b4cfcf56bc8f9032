"""Lets writes arrive in any order and any batches."""

import random
from collections.abc import Sequence

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from datalayer.records import Outcome
from datalayer.stores.base import Store
from datalayer.writes import Write
from tests.conftest import examples

# One store serves all examples: each has ids, and an owner, of its own.
property_test = settings(
    max_examples=examples(50),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

USUAL = frozenset({Outcome.APPLIED, Outcome.REPEATED, Outcome.STALE})
Seeds = st.randoms(use_true_random=False)


async def arrive(
    store: Store,
    writes: Sequence[Write],
    luck: random.Random,
    *,
    allowed: frozenset[Outcome] = frozenset(),
) -> None:
    """Apply the writes in any order, in any batches, some of them twice."""
    arriving = [*writes, *luck.sample(writes, k=min(2, len(writes)))]
    luck.shuffle(arriving)
    while arriving:
        size = luck.randint(1, len(arriving))
        results = await store.apply(arriving[:size])
        assert {result.outcome for result in results} <= {*USUAL, *allowed}
        arriving = arriving[size:]
