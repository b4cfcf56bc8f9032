"""Second looks at deletes: what a crash left undone is done, and what came late is removed.

A mark is looked at ten minutes after the delete: no request lives so long.
"""

import logging
from contextlib import suppress

from datalayer.records import MaintenanceState
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import Attributes, Head, User, gone_of, text
from datalayer.stores.dynamodb.format.keys import Key
from datalayer.stores.dynamodb.requests import get, indexed, write
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.sdk.errors import ConditionFailed, Item
from datalayer.stores.dynamodb.search.build import sweep
from datalayer.stores.dynamodb.writes import deletes, heads
from datalayer.values import time_of_revision

logger = logging.getLogger("keepchat.dynamodb.maintenance")

LOOK_AFTER = 600_000_000  # microseconds
_SOME = 25  # marks of a round


async def maintain(client: Client, now: int) -> MaintenanceState:
    """Look at some of the marks that are old enough; `now` is microseconds since 1970."""
    due = keys.place(time_of_revision(now - LOOK_AFTER), "")
    marks = await _marks(client)
    old = [entry for entry in marks if entry["UserThreadSK"]["S"] < due]
    for entry in old:
        await _look(client, entry, time_of_revision(now))
    if len(old) == _SOME:
        return MaintenanceState.MORE
    # Nobody else tells when the others are old enough.
    return MaintenanceState.HELD_UP if len(marks) > len(old) else MaintenanceState.DONE


async def _marks(client: Client) -> list[Item]:
    """Return the oldest marks."""
    marks: list[Item] = []
    async for page in indexed(client, keys.DELETED, Limit=_SOME):
        marks += page
        if len(marks) >= _SOME:
            break
    return marks[:_SOME]


async def _look(client: Client, mark: Item, moment: str) -> None:
    key = Key.of(mark)
    item = await get(client, key)
    if item is None or item.get("UserThreadSK") != mark["UserThreadSK"]:
        return  # somebody else has looked, or it was marked again since
    count = await _complete(client, key, item, moment)
    if count is None:
        return
    if count:
        logger.info("Deletes had left %d items behind, which are removed: %s.", count, key.pk)
    await _take_away(client, key, mark["UserThreadSK"]["S"])


async def _take_away(client: Client, key: Key, place: str) -> None:
    """Take a mark away, unless there is a later one by now; that of a cut is an item of its own."""
    condition: Attributes = {
        "Key": key.attributes,
        "ConditionExpression": "UserThreadSK = :place",
        "ExpressionAttributeValues": {":place": text(place)},
    }
    with suppress(ConditionFailed):
        if key.sk == keys.CUT:
            await client.call("DeleteItem", **condition)
        else:
            rest = {"UpdateExpression": "REMOVE UserThreadPK, UserThreadSK"}
            await client.call("UpdateItem", **condition, **rest)


async def _complete(client: Client, key: Key, item: Item, moment: str) -> int | None:
    """Remove what a delete has left; return how much there was, None where it has to wait."""
    if key.sk == keys.USER:
        return await deletes.drop_threads(client, User.of(item), moment)
    if key.sk == keys.CUT:
        return await _complete_cut(client, keys.id_of(key))
    return await deletes.empty_thread(client, keys.id_of(key), gone_of(item) or 0)


async def _complete_cut(client: Client, thread_id: str) -> int | None:
    item = await get(client, keys.head(thread_id))
    head = Head.of(item) if item else None
    if head is None or not head.cut:
        return 0
    count = await deletes.empty_cut(client, thread_id, head.cut) + await sweep(client, thread_id)
    update = heads.take_cut_away(thread_id, head.nonce)
    try:
        await write(client, "UpdateItem", update.nonce, **update.parameters)
    except ConditionFailed:  # somebody wrote meanwhile
        return None
    return count
