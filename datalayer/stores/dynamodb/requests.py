"""Requests as the store makes them: many items at once, pages to their end, bodies made whole."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, TypeVarTuple

from datalayer.stores.dynamodb.format.items import Attributes, Put, nonce_of, parts_of, text
from datalayer.stores.dynamodb.format.keys import Key
from datalayer.stores.dynamodb.sdk import client as calls
from datalayer.stores.dynamodb.sdk.client import Client, Operation
from datalayer.stores.dynamodb.sdk.errors import ConditionFailed, Item, TransactionCancelled
from datalayer.stores.dynamodb.table import INDEX

T = TypeVar("T")
_Args = TypeVarTuple("_Args")

Items = dict[Key, Item]

_MANY = 32 * 1024  # bytes of bodies: they take some milliseconds
_MOST_READ, _MOST_WRITTEN = 100, 25  # items of one request


async def together(work: Iterable[Awaitable[T]]) -> list[T]:
    """Return what all return; when some fail raise the first error, after all have ended."""
    results = await asyncio.gather(*work, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


async def compute(client: Client, size: int, function: Callable[[*_Args], T], *args: *_Args) -> T:
    """Return what a pure function makes of bodies, aside where they have many bytes."""
    return function(*args) if size < _MANY else await client.compute(function, *args)


async def get(client: Client, key: Key) -> Item | None:
    """Return an item as it is now, its body whole."""
    return (await get_many(client, [key])).get(key)


async def get_many(client: Client, keys: Iterable[Key], *, consistent: bool = True) -> Items:
    """Return those items that are there, as they are now, their bodies whole.

    What is not read `consistent` costs half, and may be as it was a second ago.
    """
    return await made_whole(client, await _get(client, keys, consistent=consistent))


async def made_whole(client: Client, items: Items, around: Items | None = None) -> Items:
    """Return items with the bodies that lie in parts; what is known `around` is not read again.

    An item that was replaced meanwhile is as it is now, or is not there any more.
    """
    whole: Items = {}
    known = around or {}
    while items:
        parts = [part for item in items.values() for part in parts_of(item)]
        known = known | await _get(client, [part for part in parts if part not in known])
        joined = {key: _joined(item, known) for key, item in items.items()}
        whole |= {key: item for key, item in joined.items() if item is not None}
        items = await _get(client, [key for key, item in joined.items() if item is None])
    return whole


def size_of(items: Items) -> int:
    """Return how many bytes the bodies of items have."""
    return sum(len(item["b"]["B"]) for item in items.values() if "b" in item)


def _joined(item: Item, known: Items) -> Item | None:
    parts = [known.get(key) for key in parts_of(item)]
    if not parts:
        return item
    if None in parts:
        return None
    return {**item, "b": {"B": b"".join(part["b"]["B"] for part in parts if part)}}


async def _get(client: Client, keys: Iterable[Key], *, consistent: bool = True) -> Items:
    wanted = list(dict.fromkeys(keys))
    batches = await together(
        _get_batch(client, [key.attributes for key in some], consistent=consistent)
        for some in chunks(wanted, _MOST_READ)
    )
    return {Key.of(item): item for batch in batches for item in batch}


async def _get_batch(client: Client, keys: list[Attributes], *, consistent: bool) -> list[Item]:
    found: list[Item] = []
    attempt = 0
    while keys:
        request = {client.table: {"Keys": keys, "ConsistentRead": consistent}}
        answer = await client.call("BatchGetItem", RequestItems=request)
        found += answer["Responses"].get(client.table, ())
        keys = answer["UnprocessedKeys"].get(client.table, {}).get("Keys", [])
        attempt = await _pause(attempt, keys)
    return found


async def write(client: Client, operation: Operation, nonce: str, **parameters: Any) -> None:
    """Make a write that leaves a nonce, by which it is recognised where its answer was lost.

    Raises `ConditionFailed`, with what is there.
    """
    try:
        await client.call(operation, **parameters, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    except ConditionFailed as failed:
        if nonce_of(failed.item) != nonce:
            raise


async def put(client: Client, wanted: Put) -> None:
    """Put an item, with a body in parts if need be. Raises `ConditionFailed`."""
    async with _bodies(client, [wanted]):
        await write(client, "PutItem", wanted.nonce, **wanted.parameters())


async def transact(client: Client, puts: Sequence[Put], *actions: Attributes) -> None:
    """Put items and do other things, all or nothing. Raises `TransactionCancelled`."""
    every = [*({"Put": it.parameters()} for it in puts), *actions]
    named = [
        {kind: {"TableName": client.table, **parameters}}
        for action in every
        for kind, parameters in action.items()
    ]
    async with _bodies(client, puts):
        await client.call("TransactWriteItems", TransactItems=named)


@asynccontextmanager
async def _bodies(client: Client, puts: Iterable[Put]) -> AsyncIterator[None]:
    """Have the parts of bodies there before their items, and those of others removed after."""
    parts = [part for it in puts for part in it.parts]
    await put_many(client, parts)
    try:
        yield
    except (ConditionFailed, TransactionCancelled):
        await delete_many(client, map(Key.of, parts))
        raise
    await delete_many(client, [key for it in puts for key in it.leaves])


async def put_many(client: Client, items: Iterable[Attributes]) -> None:
    """Put items, whatever was in their places."""
    await _write(client, [{"PutRequest": {"Item": item}} for item in items])


async def delete_many(client: Client, keys: Iterable[Key]) -> None:
    """Delete items, be they there or not."""
    await _write(client, [{"DeleteRequest": {"Key": key.attributes}} for key in keys])


async def _write(client: Client, requests: list[Attributes]) -> None:
    await together(_write_batch(client, some) for some in chunks(requests, _MOST_WRITTEN))


async def _write_batch(client: Client, requests: list[Attributes]) -> None:
    attempt = 0
    while requests:
        answer = await client.call("BatchWriteItem", RequestItems={client.table: requests})
        requests = answer["UnprocessedItems"].get(client.table, [])
        attempt = await _pause(attempt, requests)


async def _pause(attempt: int, left: Sequence[object]) -> int:
    """Wait before what was left out is asked for again, but the first time."""
    if attempt and left:
        await asyncio.sleep(calls.RETRY.pause_s(attempt))
    return attempt + 1


def chunks(items: list[T], size: int) -> list[list[T]]:
    """Cut a list into some of at most that size."""
    return [items[at : at + size] for at in range(0, len(items), size)]


# Pages


async def pages(
    client: Client, pk: str, prefix: str = "", **more: Any
) -> AsyncIterator[list[Item]]:
    """Iterate over the items of a partition as they are now, a page at a time, by their keys.

    Bodies may lie in parts, which are among the items.
    """
    condition, values = "PK = :pk", {":pk": text(pk)}
    if prefix:
        condition, values[":prefix"] = f"{condition} AND begins_with(SK, :prefix)", text(prefix)
    parameters = {
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": values,
        "ConsistentRead": True,
        **more,
    }
    async for page in _pages(client, "Query", parameters):
        yield page


async def indexed(client: Client, pk: str, **more: Any) -> AsyncIterator[list[Item]]:
    """Iterate over the entries of a partition of the index, a page at a time, by their places."""
    parameters = {
        "IndexName": INDEX,
        "KeyConditionExpression": "UserThreadPK = :pk",
        "ExpressionAttributeValues": {":pk": text(pk)},
        **more,
    }
    async for page in _pages(client, "Query", parameters):
        yield page


async def scan_keys(client: Client, sk: str) -> AsyncIterator[list[Key]]:
    """Iterate over the keys of the table whose SK begins so, a page at a time, in any order."""
    parameters = {
        "FilterExpression": "begins_with(SK, :sk)",
        "ExpressionAttributeValues": {":sk": text(sk)},
        "ProjectionExpression": "PK, SK",
    }
    async for page in scanned(client, **parameters):
        yield [Key.of(item) for item in page]


async def scanned(client: Client, **more: Any) -> AsyncIterator[list[Item]]:
    """Iterate over all items as they are now, a page at a time, in any order."""
    async for page in _pages(client, "Scan", {"ConsistentRead": True, **more}):
        yield page


async def _pages(
    client: Client, operation: Any, parameters: dict[str, Any]
) -> AsyncIterator[list[Item]]:
    while True:
        answer = await client.call(operation, **parameters)
        yield answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        parameters = {**parameters, "ExclusiveStartKey": answer["LastEvaluatedKey"]}
