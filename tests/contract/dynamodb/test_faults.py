"""The faults that tests mix in are those of the service, and do what they say."""

import math
from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from datalayer.errors import StoreUnavailable
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.sdk.errors import ConditionFailed
from datalayer.stores.dynamodb.table import create
from tests.support.dynamodb.clients import MakeClient, read
from tests.support.dynamodb.faults import FAULTS, Faults
from tests.support.dynamodb.index import LaggingIndex
from tests.support.servers.dynamodb import DynamoDB

SEED = 1
AS_READ: dict[str, Any] = {
    "ConditionExpression": "v = :v",
    "ExpressionAttributeValues": {":v": {"S": "1"}},
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}


class Breaks(Protocol):
    """Makes a client of the table that meets one fault, and then no more."""

    def __call__(self, fault: str) -> Client: ...


@pytest.fixture
def broken(dynamodb: DynamoDB, client: Client, make: MakeClient) -> Breaks:
    def made(fault: str) -> Client:
        faulty = make()
        Faults(dynamodb, SEED, {fault: 1.0}, most=1).install(faulty)
        return faulty

    return made


def item(pk: str, sk: str = "X", /, **attributes: str) -> dict[str, Any]:
    return {key: {"S": value} for key, value in {"PK": pk, "SK": sk, **attributes}.items()}


def put(client: Client, name: str, **more: Any) -> dict[str, Any]:
    return {"Put": {"TableName": client.table, "Item": item(name), **more}}


async def query(client: Client, **more: Any) -> dict[str, Any]:
    return await client.call(
        "Query",
        KeyConditionExpression="PK = :pk",
        ExpressionAttributeValues={":pk": {"S": "a"}},
        **more,
    )


@pytest.mark.parametrize("fault", ["throttled", "failed", "unsent", "lost", "conflict"])
async def test_a_write_succeeds_nevertheless(client: Client, broken: Breaks, fault: str) -> None:
    faulty = broken(fault)
    await faulty.call("PutItem", Item=item("a"))
    assert faulty.usage.requests == {"PutItem": 2}
    actions = [put(faulty, "b"), put(faulty, "c")]
    faulty = broken(fault)
    await faulty.call("TransactWriteItems", TransactItems=actions)
    assert faulty.usage.requests == {"TransactWriteItems": 2}
    for name in ("a", "b", "c"):
        assert await read(client, item(name)) == item(name)


async def test_a_lost_write_was_made(client: Client, broken: Breaks) -> None:
    for fault, is_made in (("lost", True), ("unsent", False), ("throttled", False)):
        faulty = broken(fault)
        write = item(fault)
        condition = {"ConditionExpression": "attribute_not_exists(PK)"}
        try:
            await faulty.call("PutItem", Item=write, **condition)
            was_made = False
        except ConditionFailed:
            was_made = True
        assert was_made is is_made


async def test_somebody_else_is_faster(client: Client, broken: Breaks) -> None:
    await client.call("PutItem", Item=item("a", v="1", b="body"))
    with pytest.raises(ConditionFailed) as failed:
        await broken("raced").call("PutItem", Item=item("a", v="2"), **AS_READ)
    assert failed.value.item
    assert failed.value.item["b"] == {"S": "body"}
    assert failed.value.item["v"]["S"] not in "12"
    await broken("raced").call("PutItem", Item=item("new", v="1"))  # nobody knows of that


async def test_a_batch_is_done_in_part(client: Client, broken: Breaks) -> None:
    keys = [item(str(number)) for number in range(20)]
    faulty = broken("partial")
    requests = [{"PutRequest": {"Item": key}} for key in keys]
    written = await faulty.call("BatchWriteItem", RequestItems={client.table: requests})
    left = written["UnprocessedItems"][client.table]
    assert 0 < len(left) < 20
    await client.call("BatchWriteItem", RequestItems={client.table: left})
    faulty = broken("partial")
    read = await faulty.call("BatchGetItem", RequestItems={client.table: {"Keys": keys}})
    unread = read["UnprocessedKeys"][client.table]["Keys"]
    assert 0 < len(unread) < 20
    assert len(read["Responses"][client.table]) == 20 - len(unread)


async def test_a_page_ends_early(client: Client, broken: Breaks) -> None:
    for number in range(9):
        await client.call("PutItem", Item=item("a", str(number)))
    first = await query(broken("short"))
    rest = await query(client, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert 0 < first["Count"] < 9
    assert first["Count"] + rest["Count"] == 9
    assert (await query(broken("short"), Limit=1))["Count"] == 1


async def test_the_same_seed_draws_the_same_faults(
    dynamodb: DynamoDB, client: Client, make: MakeClient
) -> None:
    met = []
    for _ in range(2):
        faulty, faults = make(), Faults(dynamodb, SEED)
        faults.install(faulty)
        for _ in range(60):
            await faulty.call("PutItem", Item=item("a", v="1"))
        met.append(faults.met)
    assert met[0] == met[1]
    assert len(met[0]) > 2
    assert met[0].keys() <= FAULTS.keys()


async def test_there_is_an_end_to_what_gets_through(
    dynamodb: DynamoDB, client: Client, make: MakeClient
) -> None:
    faulty, faults = make(), Faults(dynamodb, SEED, {})
    faults.install(faulty)
    faults.sends_left = 2
    await faulty.call("PutItem", Item=item("a"))
    await faulty.call("PutItem", Item=item("b"))
    with pytest.raises(StoreUnavailable):
        await faulty.call("PutItem", Item=item("c"))
    faults.sends_left = math.inf
    await faulty.call("PutItem", Item=item("d"))
    assert {found["PK"]["S"] for found in dynamodb.items(client.table)} == {"a", "b", "d"}


# An index that lags


@pytest.fixture
def index(dynamodb: DynamoDB, name: str) -> Iterator[LaggingIndex]:
    """The table's index, as it was up to an hour ago."""
    with dynamodb.table() as copy:
        yield LaggingIndex(dynamodb, name, copy, SEED, lag_s=3_600)


async def in_index(client: Client) -> list[dict[str, Any]]:
    answer = await client.call(
        "Query",
        IndexName="UserThread",
        KeyConditionExpression="UserThreadPK = :pk",
        ExpressionAttributeValues={":pk": {"S": "USER#1"}},
    )
    found: list[dict[str, Any]] = answer["Items"]
    return found


def head(thread_id: str, moment: str, /, **more: str) -> dict[str, Any]:
    return item(f"THREAD#{thread_id}", "THREAD", UserThreadPK="USER#1", UserThreadSK=moment, **more)


async def test_an_index_that_lags(
    dynamodb: DynamoDB, make: MakeClient, index: LaggingIndex
) -> None:
    client = make()
    Faults(dynamodb, SEED, {}, index).install(client)
    await create(client)
    for write in (head("1", "TS#1", name="x", b="body"), head("2", "TS#2"), item("a")):
        await client.call("PutItem", Item=write)
    assert await in_index(client) == []
    index.catch_up()
    assert await in_index(client) == [head("1", "TS#1", name="x"), head("2", "TS#2")]
    await client.call("PutItem", Item=head("1", "TS#3"))
    await client.call("DeleteItem", Key=item("THREAD#2", "THREAD"))
    assert await in_index(client) == [head("1", "TS#1", name="x"), head("2", "TS#2")]
    index.catch_up()
    assert await in_index(client) == [head("1", "TS#3")]


async def test_changes_of_an_item_come_in_their_order(
    dynamodb: DynamoDB, make: MakeClient, name: str
) -> None:
    with dynamodb.table() as copy:
        client = make()
        soon = LaggingIndex(dynamodb, name, copy, SEED, lag_s=0.01)
        Faults(dynamodb, SEED, {}, soon).install(client)
        await create(client)
        seen = set()
        for number in range(30):
            await client.call("PutItem", Item=head("1", f"TS#{number:02}"))
            seen |= {found["UserThreadSK"]["S"] for found in await in_index(client)}
            assert len(await in_index(client)) <= 1
        soon.catch_up()
        [last] = await in_index(client)
        assert last["UserThreadSK"]["S"] == "TS#29" >= max(seen, default="")
