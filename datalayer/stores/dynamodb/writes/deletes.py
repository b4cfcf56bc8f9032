"""Deletes: what marks something as deleted, and the removal of what that leaves behind.

What removes may be done again, by whoever finds the mark of a delete that was not finished.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from datalayer.rules.loading import Tombstone
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import (
    Attributes,
    Head,
    User,
    new_nonce,
    nonce_of,
    number,
    text,
    text_of,
)
from datalayer.stores.dynamodb.format.keys import UNPLACED, Key
from datalayer.stores.dynamodb.placements import forget_life, hinted
from datalayer.stores.dynamodb.requests import (
    chunks,
    delete_many,
    indexed,
    pages,
    together,
    write,
)
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.sdk.errors import ConditionFailed, Item

_AT_ONCE = 25  # threads of a user that are emptied side by side
_NEEDED: Mapping[str, Any] = {
    "ProjectionExpression": "PK, SK, #file, #star",
    "ExpressionAttributeNames": {"#file": "file", "#star": "star"},
}
_NOT_LATER = "attribute_not_exists(gone) OR gone < :gone"


def mark(name: str, moment: str) -> Attributes:
    """Return what puts something among what maintenance has to look at again."""
    return {
        "UserThreadPK": text(keys.DELETED),
        "UserThreadSK": text(keys.place(moment, name)),
    }


def is_marked(item: Item) -> bool:
    """Tell whether maintenance has still to look at something."""
    return text_of(item, "UserThreadPK") == keys.DELETED


def tombstone(thread_id: str, revision: int) -> Attributes:
    """Return the head of a deleted thread."""
    return {**keys.head(thread_id).attributes, "v": text(new_nonce()), "gone": number(revision)}


async def drop_threads(client: Client, user: User, moment: str, known: Iterable[str] = ()) -> int:
    """Delete the threads of a user's earlier lives; return how much there was.

    The index may not show all of them yet: those that are `known` are among them in any case.
    """
    count = 0
    found = dict.fromkeys(known)
    for placement in (UNPLACED, *await hinted(client, user.id)):
        async for page in indexed(client, keys.list_of(user.id, placement)):
            found |= dict.fromkeys(keys.id_of(Key.of(entry)) for entry in page)
    for some in chunks(list(found), _AT_ONCE):
        count += sum(await together(_drop_thread(client, user, name, moment) for name in some))
    await forget_life(client, user.id, user.life)
    return count


async def _drop_thread(client: Client, user: User, thread_id: str, moment: str) -> int:
    revision = user.gone or 0
    item = {**tombstone(thread_id, revision), **mark(thread_id, moment)}
    try:
        await write(
            client,
            "PutItem",
            str(nonce_of(item)),
            Item=item,
            ConditionExpression="attribute_not_exists(gone) AND userId = :user AND life < :life",
            ExpressionAttributeValues={":user": text(user.id), ":life": number(user.life)},
        )
    except ConditionFailed:
        return 0  # of a later life, or deleted by somebody else, who sees to the rest
    return 1 + await empty_thread(client, thread_id, revision)


async def delete_thread(client: Client, head: Head, revision: int, moment: str) -> None:
    """Delete a thread that is there with all that is in it. Raises `ConditionFailed`."""
    item = {**tombstone(head.thread_id, revision), **mark(head.thread_id, moment)}
    is_there = "attribute_exists(PK) AND attribute_not_exists(gone)"
    await write(client, "PutItem", str(nonce_of(item)), Item=item, ConditionExpression=is_there)
    await empty_thread(client, head.thread_id, revision)


async def move_on(client: Client, key: Key, revision: int) -> None:
    """Move a tombstone on to a later delete."""
    with suppress(ConditionFailed):
        await client.call(
            "UpdateItem",
            Key=key.attributes,
            UpdateExpression="SET gone = :gone",
            ConditionExpression="gone < :gone",
            ExpressionAttributeValues={":gone": number(revision)},
        )


async def mark_cut(client: Client, thread_id: str, moment: str) -> None:
    """Have maintenance look at a thread's cut rows later; the last mark counts."""
    key = keys.cut(thread_id)
    item = {**key.attributes, "v": text(new_nonce()), **mark(thread_id, moment)}
    await client.call("PutItem", Item=item)


async def empty_thread(client: Client, thread_id: str, revision: int) -> int:
    """Remove all of a deleted thread but its head; return how many items there were."""
    parts = (keys.partition(thread_id), keys.texts(thread_id))
    return sum(
        await together(
            _empty(client, part, lambda key: None if key.sk == keys.HEAD else revision)
            for part in parts
        )
    )


async def empty_cut(client: Client, thread_id: str, cut: Mapping[Tombstone, int]) -> int:
    """Remove rows that were cut, and leave their tombstones; return how many items there were."""
    await together(_leave_tombstone(client, row, thread_id, cut[row]) for row in cut)
    part = keys.partition(thread_id)
    return await _empty(client, part, lambda key: cut.get(keys.row_of(key) or ("", "")))


async def _empty(client: Client, pk: str, revision_of: Callable[[Key], int | None]) -> int:
    """Remove those items of a partition for whose keys there is the revision of a delete."""
    count = 0
    async for page in pages(client, pk, **_NEEDED):
        doomed = {Key.of(item): item for item in page}
        revisions = {key: at for key in doomed if (at := revision_of(key)) is not None}
        await together(
            record_removal(client, file, revisions[key])
            for key in revisions
            if (file := text_of(doomed[key], "file"))
        )
        hints = [hint for key in revisions if (hint := _hint(doomed[key]))]
        await delete_many(client, [*hints, *revisions])
        count += len(revisions)
    return count


def _hint(step: Item) -> Key | None:
    """Return what leads to a favourite."""
    user_id, row = text_of(step, "star"), keys.row_of(Key.of(step))
    return Key(keys.favorites(user_id), row[1]) if user_id and row else None


def removal(object_key: str, revision: int) -> Attributes:
    """Return the action that records a file whose bytes are to be removed, if it is not yet."""
    action = {
        "Key": keys.removal(object_key).attributes,
        "UpdateExpression": (
            "SET #file = if_not_exists(#file, :file), revision = if_not_exists(revision, :revision)"
        ),
        "ExpressionAttributeNames": {"#file": "file"},
        "ExpressionAttributeValues": {":file": text(object_key), ":revision": number(revision)},
    }
    return {"Update": action}


async def record_removal(client: Client, object_key: str, revision: int) -> None:
    """Record a file whose bytes are to be removed; one that is recorded stays so."""
    await client.call("UpdateItem", **removal(object_key, revision)["Update"])


async def _leave_tombstone(client: Client, row: Tombstone, thread_id: str, revision: int) -> None:
    with suppress(ConditionFailed):
        await client.call(
            "UpdateItem",
            Key=keys.claim(*row).attributes,
            UpdateExpression="SET gone = :gone, v = :v, #thread = if_not_exists(#thread, :thread)",
            ConditionExpression=_NOT_LATER,
            ExpressionAttributeNames={"#thread": "thread"},
            ExpressionAttributeValues={
                ":gone": number(revision),
                ":v": text(new_nonce()),
                ":thread": text(thread_id),
            },
        )
