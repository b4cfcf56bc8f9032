"""Hints where a user has threads: in which folders, in the archive, or pinned.

There is a hint before there is a thread, and as long as there may be one: where nothing is found
for an hour, nobody is on their way any more who has put a hint and not yet a thread.
"""

from contextlib import suppress

from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import new_nonce, nonce_of, number, number_of, text
from datalayer.stores.dynamodb.format.keys import UNPLACED, Key, Placement
from datalayer.stores.dynamodb.requests import pages, together
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.sdk.errors import ConditionFailed, Item
from datalayer.writes import wall_clock

_KEPT = 3_600_000_000  # microseconds


async def hint(client: Client, user_id: str, placement: Placement | None, life: int) -> None:
    """Note that a thread of this life of the user is about to be there."""
    if placement is None or placement == UNPLACED:
        return
    item = {
        **_key(user_id, placement).attributes,
        "v": text(new_nonce()),
        "life": number(life),
        "at": number(wall_clock()),
    }
    await client.call("PutItem", Item=item)


async def hinted(client: Client, user_id: str) -> dict[Placement, Item]:
    """Return where else than unplaced a user may have threads, each with its hint."""
    found: dict[Placement, Item] = {}
    async for page in pages(client, keys.placements(user_id)):
        found |= {Placement.named(Key.of(item).sk): item for item in page}
    return found


async def forget(client: Client, hint: Item) -> None:
    """Forget a hint that leads to nothing, unless it is of late."""
    if (number_of(hint, "at") or 0) > wall_clock() - _KEPT:
        return
    with suppress(ConditionFailed):
        await client.call(
            "DeleteItem",
            Key=Key.of(hint).attributes,
            ConditionExpression="v = :seen",
            ExpressionAttributeValues={":seen": text(nonce_of(hint) or "")},
        )


async def forget_life(client: Client, user_id: str, life: int) -> None:
    """Forget all hints of a user's earlier lives: they name folders."""
    await together(_forget_of(client, it, life) for it in (await hinted(client, user_id)).values())


async def _forget_of(client: Client, hint: Item, life: int) -> None:
    with suppress(ConditionFailed):
        await client.call(
            "DeleteItem",
            Key=Key.of(hint).attributes,
            ConditionExpression="life < :life",
            ExpressionAttributeValues={":life": number(life)},
        )


def _key(user_id: str, placement: Placement) -> Key:
    return Key(keys.placements(user_id), placement.name)
