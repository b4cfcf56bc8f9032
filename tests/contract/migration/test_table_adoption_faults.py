"""What the adoption of a table survives: it ends with the same, whatever goes wrong meanwhile."""

import asyncio
import itertools
import math
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from datalayer.errors import SchemaMismatch, StoreUnavailable
from datalayer.migration.dynamodb import adopt
from datalayer.migration.importing import deadline
from datalayer.reports import AdoptionReport
from datalayer.stores.dynamodb.sdk import client
from tests.support.backends import client_of
from tests.support.builders import (
    Everything,
    everything,
    get_thread,
    new_id,
)
from tests.support.dynamodb.adoptions import adopted, fill_oddly, opened
from tests.support.dynamodb.chainlits import ChainlitTable, fill
from tests.support.dynamodb.faults import Faults
from tests.support.servers.dynamodb import DynamoDB
from tests.support.waiting import until


@dataclass
class Trial:
    """Copies of a table that are adopted while something goes wrong, and what is to come of it."""

    server: DynamoDB
    origin: ChainlitTable
    place: Path
    requests: int
    shown: Everything
    keys: set[tuple[str, str]]

    @contextmanager
    def copy(self) -> Iterator[ChainlitTable]:
        with self.server.table() as name:
            yield self.origin.copy(name, self.place)

    async def check(self, theirs: ChainlitTable) -> None:
        """Make sure that the table is as if nothing had gone wrong."""
        async with opened(theirs) as store:
            assert await everything(store) == self.shown
        assert theirs.keys() == self.keys


@pytest.fixture
async def trial(chainlit_table: ChainlitTable, dynamodb: DynamoDB, tmp_path: Path) -> Trial:
    await fill_oddly(chainlit_table)
    with dynamodb.table() as name:
        plain = chainlit_table.copy(name, tmp_path)
        async with opened(plain) as store:
            await store.adopt()
            requests = client_of(store).usage.requests.total()
            shown = await everything(store)
        return Trial(dynamodb, chainlit_table, tmp_path, requests, shown, plain.keys())


async def interrupted(theirs: ChainlitTable, faults: Faults, sends: int) -> bool:
    """Adopt until no more requests get through; tell whether it came to its end."""
    faults.sends_left = sends
    async with opened(theirs, faults) as store:
        work = asyncio.create_task(store.adopt())
        await until(lambda: work.done() or faults.sends_left < 0, "an end of it")
        work.cancel()
        (found,) = await asyncio.gather(work, return_exceptions=True)
    if isinstance(found, AdoptionReport):
        return True
    assert isinstance(found, asyncio.CancelledError | StoreUnavailable)
    return False


@pytest.mark.drill
async def test_interrupted_at_any_request_it_ends_with_the_same(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, full_count: bool
) -> None:
    monkeypatch.setattr(deadline, "CLOSE_S", 0.0)
    points = list(range(trial.requests))
    for sends in points if full_count else random.Random(1).sample(points, 8):
        with trial.copy() as theirs:
            faults = Faults(trial.server, sends, {})
            assert not await interrupted(theirs, faults, sends), sends
            faults.sends_left = math.inf
            report = await adopted(theirs)
            await trial.check(theirs)
            assert sends < 10 or "interrupted is gone on with" in "\n".join(report.lines())


@pytest.mark.drill
async def test_interrupted_many_times_it_ends_with_the_same(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, full_count: bool
) -> None:
    monkeypatch.setattr(deadline, "CLOSE_S", 0.0)
    for seed in range(20 if full_count else 2):
        chance = random.Random(seed)
        with trial.copy() as theirs:
            faults = Faults(trial.server, seed, {})
            while not await interrupted(theirs, faults, chance.randrange(trial.requests)):
                pass
            await trial.check(theirs)


async def test_what_goes_wrong_meanwhile_changes_nothing(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "RETRY", replace(client.RETRY, first_pause_s=0.002))
    met: Counter[str] = Counter()
    for seed in itertools.count():  # which request meets what is also up to their order
        with trial.copy() as theirs:
            faults = Faults(trial.server, seed)
            async with opened(theirs, faults) as store:
                assert await store.adopt()
            await trial.check(theirs)
        met += faults.met
        if seed >= 2 and met["raced"] and met["lost"]:
            break


async def test_several_that_adopt_at_once_come_to_the_same(trial: Trial) -> None:
    with trial.copy() as theirs:
        await asyncio.gather(*(adopted(theirs) for _ in range(3)))
        await trial.check(theirs)


async def test_a_program_that_goes_on_writing_is_noticed(
    chainlit_table: ChainlitTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    [talk] = await fill(chainlit_table, "one")
    thread = f"THREAD#{talk.thread}"
    monkeypatch.setattr(
        adopt, "_tell", lambda *_: chainlit_table.put(thread, f"STEP#{new_id()}", output="More")
    )
    async with opened(chainlit_table) as store:
        with pytest.raises(SchemaMismatch, match="Stop it, and run this again"):
            await store.adopt()
        with pytest.raises(SchemaMismatch, match="migrate --adopt"):
            await store.needs_migration()
    monkeypatch.undo()
    await adopted(chainlit_table)
    async with opened(chainlit_table) as store:
        assert len((await get_thread(store, talk.thread)).steps) > 5
