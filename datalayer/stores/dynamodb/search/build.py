"""Builds the chunks of threads that are quiet, and removes those that no head lists."""

import asyncio
from contextlib import suppress

from common.concurrency.blocking import BlockingPool
from datalayer.records import MaintenanceState
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import Head
from datalayer.stores.dynamodb.format.keys import Key
from datalayer.stores.dynamodb.reads.things import get_head, read_thread
from datalayer.stores.dynamodb.requests import (
    Items,
    compute,
    delete_many,
    pages,
    put_many,
    size_of,
    together,
)
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.sdk.errors import ConditionFailed
from datalayer.stores.dynamodb.search.chunks import Chunks, cut, is_fresh, text_of
from datalayer.stores.dynamodb.search.unbuilt import Noted, Unbuilt
from datalayer.stores.dynamodb.writes import heads

_AT_ONCE = 4  # threads: whoever chats meanwhile needs the table, too


async def sweep(client: Client, thread_id: str) -> int:
    """Remove the chunks of a thread that its head does not list; return how many there were."""
    there = await _chunks_there(client, thread_id)  # before what lists them
    head = await get_head(client, thread_id)
    listed = head.chunks if head and is_fresh(head) else ()
    stale = [key for key in there if key.sk not in listed]
    await delete_many(client, stale)
    return len(stale)


async def _chunks_there(client: Client, thread_id: str) -> list[Key]:
    found = pages(client, keys.texts(thread_id), ProjectionExpression="PK, SK")
    return [Key.of(item) async for page in found for item in page]


class ChunkBuilder:
    """Builds what is noted, some at a time."""

    def __init__(self, client: Client, unbuilt: Unbuilt) -> None:
        self._client = client
        self._unbuilt = unbuilt
        self._pool = BlockingPool(1)
        self._building = asyncio.Lock()

    async def build_some(self) -> MaintenanceState:
        """Build the chunks of some threads that are quiet by now."""
        async with self._building:  # two at a time would build the same
            due = self._unbuilt.due(_AT_ONCE)
            await together(map(self._build, due))
        if len(due) == _AT_ONCE:
            return MaintenanceState.MORE
        # Nobody else tells when the others are quiet.
        return MaintenanceState.HELD_UP if self._unbuilt else MaintenanceState.DONE

    async def _build(self, noted: Noted) -> None:
        found = await read_thread(self._client, noted.thread_id)
        if found and found[0].nonce != noted.nonce:
            self._unbuilt.note(noted.thread_id, found[0].nonce)
            return
        if found:
            with suppress(ConditionFailed):  # of a save, or of a delete, which removes what it left
                await self._build_from(*found)
        self._unbuilt.forget(noted)

    async def _build_from(self, head: Head, items: Items) -> None:
        """Have the chunks there before the head lists them, and others removed after."""
        there = await _chunks_there(self._client, head.thread_id)
        text = await compute(self._client, size_of(items), text_of, head, items)
        built: Chunks = await self._pool.run(cut, text, {key.sk for key in there})
        new = {keys.chunk(head.thread_id, name): data for name, data in built.new.items()}
        await put_many(
            self._client, [{**key.attributes, "b": {"B": data}} for key, data in new.items()]
        )
        listing = heads.list_chunks(head, built.names, built.folding)
        await self._client.call("UpdateItem", **listing)
        await delete_many(self._client, [key for key in there if key.sk not in built.names])
