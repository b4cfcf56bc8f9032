"""A table that is away, or busy: the store says so, and goes on when it is back."""

import math
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from datalayer.errors import StoreHeldUp, StoreUnavailable
from datalayer.pipeline.writer import Writer
from datalayer.stores.dynamodb.sdk import client as client_module
from datalayer.stores.dynamodb.store import DynamoStore
from datalayer.stores.options import StoreOptions
from tests.support.builders import get_step, new_id, save, step, thread
from tests.support.dynamodb.faults import Faults
from tests.support.servers.dynamodb import ACCESS, DynamoDB
from tests.support.waiting import free_port, until


def opened(dynamodb: DynamoDB, name: str, port: int = 0) -> DynamoStore:
    url = dynamodb.url(name, port=port)
    return DynamoStore.from_url(url, Path(), StoreOptions(aws=ACCESS))


@pytest.fixture
async def store(dynamodb: DynamoDB, name: str) -> AsyncIterator[DynamoStore]:
    made = opened(dynamodb, name)
    await made.migrate()
    yield made
    await made.close()


@pytest.fixture
async def faulty(
    dynamodb: DynamoDB, store: DynamoStore, name: str
) -> AsyncIterator[tuple[DynamoStore, Faults]]:
    """Another store on the table, and what goes wrong for it: nothing as yet."""
    made, faults = opened(dynamodb, name), Faults(dynamodb, 1, {})
    faults.install(made.client)
    yield made, faults
    await made.close()


async def test_a_table_that_cannot_be_reached(dynamodb: DynamoDB, name: str) -> None:
    store = opened(dynamodb, name, free_port())
    with pytest.raises(StoreUnavailable):
        await store.migrate()
    with pytest.raises(StoreUnavailable):
        await store.apply([thread()])
    with pytest.raises(StoreUnavailable):
        await store.get_user("alice")
    await store.close()


async def test_a_table_that_is_throttled_holds_up_and_works_later(
    store: DynamoStore, faulty: tuple[DynamoStore, Faults], monkeypatch: pytest.MonkeyPatch
) -> None:
    briefly = replace(client_module.RETRY, first_pause_s=0.01, longest_pause_s=0.01, limit_s=0.1)
    monkeypatch.setattr(client_module, "RETRY", briefly)
    other, faults = faulty
    faults.rates = {"throttled": 1.0}
    write = thread(name="x")
    with pytest.raises(StoreHeldUp):
        await other.apply([write])
    assert await store.get_thread(write.id) is None
    faults.rates = {}
    await save(other, write)


async def test_what_is_written_while_a_table_is_away_is_stored_when_it_is_back(
    store: DynamoStore, faulty: tuple[DynamoStore, Faults]
) -> None:
    other, faults = faulty
    faults.sends_left = 0
    writer = Writer(other)
    write = step(new_id(), output="x")
    stored = writer.submit(write)
    await until(lambda: faults.sends_left < 0, "the first request that does not get through")
    faults.sends_left = math.inf
    await stored
    assert (await get_step(store, write)).fields["output"] == "x"
    await writer.close()
