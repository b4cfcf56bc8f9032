"""How the table is made, and what is said of one that is another's."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datalayer.errors import SchemaMismatch, StoreMisconfigured, StoreUnavailable
from datalayer.stores.dynamodb.sdk import client as client_module
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.table import DEFINITION, create, inspect, is_as_wanted
from datalayer.stores.factory import open_store
from datalayer.stores.options import StoreOptions
from tests.support.builders import ALICE, get_user, save, user
from tests.support.dynamodb.clients import MakeClient
from tests.support.servers.dynamodb import ACCESS, DynamoDB
from tests.support.servers.proxy import running_proxy

OTHER: Any = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}


async def test_it_is_made_where_there_is_none(make: MakeClient) -> None:
    client = make()
    assert await inspect(client) is None
    assert not await is_as_wanted(client)
    await create(client)
    state = await inspect(client)
    assert state
    assert (state.is_ready, state.mode) == (True, "PAY_PER_REQUEST")
    assert await is_as_wanted(client)


async def test_one_that_is_there_stays_as_it_is(client: Client, dynamodb: DynamoDB) -> None:
    item = {"PK": {"S": "THREAD#1"}, "SK": {"S": "THREAD"}}
    await client.call("PutItem", Item=item)
    await create(client)
    assert dynamodb.items(client.table) == [item]
    assert client.usage.requests["CreateTable"] == 1


async def test_several_that_make_it_at_once(make: MakeClient) -> None:
    clients = [make() for _ in range(5)]
    await asyncio.gather(*map(create, clients))
    for each in clients:
        assert await is_as_wanted(each)


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (OTHER, "keys are not the strings PK and SK"),
        (
            {
                **DEFINITION,
                "GlobalSecondaryIndexes": [
                    {**DEFINITION["GlobalSecondaryIndexes"][0], "IndexName": "Threads"}
                ],
            },
            "no index UserThread",
        ),
    ],
)
async def test_somebody_elses_is_left_alone(
    make: MakeClient, dynamodb: DynamoDB, theirs: dict[str, Any], words: str
) -> None:
    client = make()
    dynamodb.client.create_table(TableName=client.table, **theirs)
    before = dynamodb.client.describe_table(TableName=client.table)["Table"]
    for ask in (create, is_as_wanted, inspect):
        with pytest.raises(SchemaMismatch, match=words) as caught:
            await ask(client)
        assert client.table in str(caught.value)
    assert dynamodb.client.describe_table(TableName=client.table)["Table"] == before


async def test_a_service_without_backups_says_so_when_they_are_asked_for(
    make: MakeClient,
) -> None:
    client = make(pitr="true")
    with pytest.raises(StoreMisconfigured, match="unknown operation"):
        await create(client)
    assert await inspect(client)  # it is there nevertheless


async def test_a_store_makes_it_as_soon_as_it_can_be_reached(
    dynamodb: DynamoDB, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "RETRY", replace(client_module.RETRY, limit_s=0.1))
    async with running_proxy(dynamodb.port) as proxy:
        await proxy.cut()
        url = dynamodb.url(name, port=proxy.port)
        store = open_store(url, tmp_path, StoreOptions(migrates=True, aws=ACCESS))
        with pytest.raises(StoreUnavailable, match="check that region, endpoint_url"):
            await save(store, user(ALICE))
        proxy.is_cut = False
        await save(store, user(ALICE))
        assert (await get_user(store, ALICE)).identifier == ALICE
        await store.close()
