"""Reads of all that there is: the keys are scanned and sorted, then a page is read at a time."""

from collections.abc import AsyncIterator

from datalayer.records import FileRecord, ThreadRecord, UserRecord
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import Row, User, number_of, text_of
from datalayer.stores.dynamodb.format.keys import Key
from datalayer.stores.dynamodb.format.records import file_record, user_record
from datalayer.stores.dynamodb.reads.things import get_thread, head_in
from datalayer.stores.dynamodb.requests import chunks, get_many, pages, scan_keys
from datalayer.stores.dynamodb.sdk.client import Client

_PAGE = 50


async def users(client: Client) -> AsyncIterator[UserRecord]:
    """Iterate over all users, by id."""
    for page in chunks(await _sorted_keys(client, keys.USER), _PAGE):
        found = await get_many(client, page)
        for key in page:
            if (item := found.get(key)) and (user := user_record(User.of(item))):
                yield user


async def threads(client: Client) -> AsyncIterator[ThreadRecord]:
    """Iterate over all threads, whole, by id."""
    for key in await _sorted_keys(client, keys.HEAD):
        if thread := await get_thread(client, keys.id_of(key)):
            yield thread


async def files(client: Client) -> AsyncIterator[FileRecord]:
    """Iterate over all elements that have a file, by the thread's id and then their own."""
    for page in chunks(await _sorted_keys(client, "ELEMENT#"), _PAGE):
        heads = {keys.head(keys.id_of(key)) for key in page}
        found = await get_many(client, [*page, *heads])
        for key in page:
            head = head_in(found, keys.id_of(key))
            if head and key in found and (keys.row_of(key) not in head.cut):
                row = Row.of(found[key])
                if "objectKey" in row.body:
                    yield file_record(row)


async def _sorted_keys(client: Client, sk: str) -> list[Key]:
    """Return the keys of items, whose SK begins so, but those of parts."""
    found = [key async for page in scan_keys(client, sk) for key in page]
    return sorted(key for key in found if not keys.is_part(key))


async def list_removals(client: Client, limit: int, skip: int) -> list[str]:
    """Return object keys of files to remove, longest waiting first."""
    found = [item async for page in pages(client, keys.REMOVALS) for item in page]
    waiting = sorted((number_of(it, "revision") or 0, text_of(it, "file") or "") for it in found)
    return [key for _, key in waiting[skip : skip + limit]]
