"""What a thread says of itself is in its head until it changes, so that a first turn costs less."""

import asyncio

import pytest

from benchmarks.units import MeteredClient
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.keys import Key
from datalayer.stores.dynamodb.sdk.address import TableAddress
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.store import DynamoStore
from datalayer.values import MAX_NAME
from tests.support.builders import get_thread, get_user, save, step, thread, user
from tests.support.servers.dynamodb import ACCESS, DynamoDB

LONG = {"notes": "".join(map(chr, range(0x4E00, 0x4F00)))}
NAMES = {
    "short": "A question",
    "English": "How do I write a function in Python that groups a list of dictionaries by one of "
    "their keys, and what should it do where one has no such key? Please show me tests, "
    "types and how fast all of it is.",
    "Chinese": "请问如何用Python写一个函数，把一个由字典组成的列表按照其中一个键分组，如果某个字典"
    "没有这个键应该怎么办？请给出带类型标注和测试的例子，并解释为什么这样写比较好，"
    "以及有没有标准库可以直接做到这件事，性能如何？",
}


@pytest.fixture
def store(client: Client) -> DynamoStore:
    return DynamoStore(client)


def has_item(dynamodb: DynamoDB, table: str, thread_id: str) -> bool:
    """Whether there is an item of what a thread says of itself."""
    return keys.name(thread_id) in map(Key.of, dynamodb.items(table))


async def named(store: DynamoStore, thread_id: str) -> tuple[object, ...]:
    """What a thread says of itself, by each of the ways to ask."""
    found = await get_thread(store, thread_id)
    [record] = (await store.list_threads((await get_user(store)).id, first=9)).threads
    assert (record.name, record.tags, record.metadata) == (found.name, found.tags, found.metadata)
    assert await store.get_thread_name(thread_id) == found.name
    assert await store.get_thread_metadata(thread_id) == found.metadata
    return found.name, found.tags, found.metadata


@pytest.mark.parametrize("asked", NAMES.values(), ids=NAMES)
async def test_a_first_turn_takes_few_units(client: Client, dynamodb: DynamoDB, asked: str) -> None:
    assert len(asked) <= MAX_NAME
    metered = MeteredClient(TableAddress.from_url(dynamodb.url(client.table)), ACCESS)
    store = DynamoStore(metered)
    await save(store, user())
    metered.meter.lap()
    await save(store, thread(name=asked, tags=("a-profile",)))
    assert metered.meter.lap().write == 5  # the head takes 3, that its owner is there 2
    made = thread(name=asked, tags=("a-profile",))
    await save(store, made, step(made.id, output=asked))
    assert metered.meter.lap().write == 5 + 4  # the question's claim and itself
    await store.close()


async def test_it_is_there_and_found_without_an_item_of_its_own(
    store: DynamoStore, dynamodb: DynamoDB
) -> None:
    made = thread(name="An odd name", tags=("a", "b"), metadata={"a": 1})
    await save(store, made)
    assert await named(store, made.id) == ("An odd name", ("a", "b"), {"a": 1})
    assert not has_item(dynamodb, store.client.table, made.id)
    found = await store.list_threads((await get_user(store)).id, first=9, search="odd")
    assert [record.name for record in found.threads] == ["An odd name"]


async def test_what_changes_later_leaves_the_rest_as_it_was(
    store: DynamoStore, dynamodb: DynamoDB
) -> None:
    made = thread(name="First", tags=("a",), metadata={"a": 1})
    await save(store, made)
    await save(store, step(made.id, output="A message that says nothing of it"))
    await save(store, thread(made.id, metadata={"b": 2}))
    assert has_item(dynamodb, store.client.table, made.id)
    assert await named(store, made.id) == ("First", ("a",), {"a": 1, "b": 2})
    await save(store, thread(made.id, name="Second", metadata={"a": None}))
    assert await named(store, made.id) == ("Second", ("a",), {"b": 2})


async def test_what_is_too_long_has_an_item_from_the_start(
    store: DynamoStore, dynamodb: DynamoDB
) -> None:
    made = thread(name="First", metadata=LONG)
    await save(store, made)
    assert has_item(dynamodb, store.client.table, made.id)
    await save(store, thread(made.id, name="Second"))
    assert await named(store, made.id) == ("Second", (), LONG)


async def test_who_changes_it_at_once_loses_nothing(store: DynamoStore) -> None:
    made = thread(name="First")
    await save(store, made)
    changes = {f"key {number}": number for number in range(8)}
    await asyncio.gather(
        *(save(store, thread(made.id, metadata={key: value})) for key, value in changes.items())
    )
    assert await named(store, made.id) == ("First", (), changes)
