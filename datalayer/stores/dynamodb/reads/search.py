"""Which threads say something: their texts are read, and compared here."""

from collections.abc import Mapping

from datalayer.stores.dynamodb.client import Client
from datalayer.stores.dynamodb.items import Head, rows_in
from datalayer.stores.dynamodb.reads.things import read_thread
from datalayer.stores.dynamodb.requests import Items, together
from datalayer.values import fold


async def mentioning(client: Client, names: Mapping[str, str], needle: str) -> set[str]:
    """Return those of the threads, given with their names, that say the folded needle."""
    found = {thread_id for thread_id, name in names.items() if needle in fold(name)}
    others = [thread_id for thread_id in names if thread_id not in found]
    said = await together(_says(client, thread_id, needle) for thread_id in others)
    return found.union(name for name, says in zip(others, said, strict=True) if says)


async def _says(client: Client, thread_id: str, needle: str) -> bool:
    found = await read_thread(client, thread_id)
    return found is not None and await client.compute(_mentions, *found, needle)


def _mentions(head: Head, items: Items, needle: str) -> bool:
    outputs = (row.body.get("output") for row in rows_in(items, head) if row.kind == "step")
    return any(needle in fold(text) for text in outputs if text)
