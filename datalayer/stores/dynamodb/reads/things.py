"""Reads of users, threads and what is in them. Of what is in a thread its head is always asked."""

from collections.abc import Collection, Mapping

from datalayer.records import ElementRecord, StepRecord, ThreadRecord, UserRecord
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import (
    Body,
    Claim,
    Head,
    Row,
    User,
    body_of,
    rows_in,
    text_of,
)
from datalayer.stores.dynamodb.format.keys import Key
from datalayer.stores.dynamodb.format.records import (
    by_creation,
    element_record,
    step_record,
    thread_record,
    user_record,
)
from datalayer.stores.dynamodb.requests import Items, get_many, made_whole, pages
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.values import Json, as_id


def is_id(name: str) -> bool:
    """Tell whether there may be anything with this id."""
    return as_id(name) == name


async def get_user(client: Client, user_id: str) -> UserRecord | None:
    """Return a user."""
    return user_record(await _get_user(client, user_id)) if is_id(user_id) else None


async def get_preferences(client: Client, user_id: str) -> Mapping[str, Json]:
    """Return the preferences of a user, empty for nobody."""
    user = await _get_user(client, user_id)
    return user.body.get("preferences", {}) if user and user.body else {}


async def _get_user(client: Client, user_id: str) -> User | None:
    key = keys.user(user_id)
    found = await get_many(client, [key])
    return User.of(found[key]) if found else None


# Threads


async def get_thread(client: Client, thread_id: str) -> ThreadRecord | None:
    """Return a thread whole."""
    found = await read_thread(client, thread_id) if is_id(thread_id) else None
    if found is None:
        return None
    return await client.compute(_whole_thread, *found)


def _whole_thread(head: Head, items: Items) -> ThreadRecord:
    return thread_record(head, said_in(items, head), rows_in(items, head))


async def read_thread(client: Client, thread_id: str) -> tuple[Head, Items] | None:
    """Return the head of a thread, which is read last, and all of its items, whole."""
    found: Items = {}
    async for page in pages(client, keys.partition(thread_id)):
        found |= {Key.of(item): item for item in page}
    head = head_in(found, thread_id)
    if head is None:
        return None
    items = {key: item for key, item in found.items() if not keys.is_part(key)}
    return head, await made_whole(client, items, found)


async def get_head(client: Client, thread_id: str) -> Head | None:
    """Return the head of a thread."""
    if not is_id(thread_id):
        return None
    return head_in(await get_many(client, [keys.head(thread_id)]), thread_id)


async def get_said(client: Client, thread_id: str) -> Body | None:
    """Return what a thread says of itself; None for no thread."""
    if not is_id(thread_id):
        return None
    found = await get_many(client, [keys.head(thread_id), keys.name(thread_id)])
    head = head_in(found, thread_id)
    return said_in(found, head) if head else None


def head_in(found: Items, thread_id: str) -> Head | None:
    """Return the head of a thread from among items; None where it is deleted or there is none."""
    item = found.get(keys.head(thread_id))
    head = Head.of(item) if item else None
    return head if head and head.is_there else None


def said_in(found: Items, head: Head) -> Body:
    """Return what a thread says of itself from among items."""
    item = found.get(keys.name(head.thread_id))
    return body_of(item) if item else head.said_first


# Steps and elements


async def get_step(client: Client, step_id: str) -> StepRecord | None:
    """Return a step."""
    found = await _get_rows(client, "step", await _homes(client, "step", [step_id]))
    return step_record(found[0]) if found else None


async def get_feedback_step(client: Client, feedback_id: str) -> StepRecord | None:
    """Return the step that a feedback belongs to."""
    claims = await _claims(client, "feedback", [feedback_id])
    homes = {it.step_id: it.thread_id for it in claims.values() if it.step_id and it.thread_id}
    for row in await _get_rows(client, "step", homes):
        if row.body.get("feedback", {}).get("id") == feedback_id:
            return step_record(row)
    return None


async def get_element(client: Client, thread_id: str, element_id: str) -> ElementRecord | None:
    """Return an element of that thread if it is ready."""
    if not is_id(thread_id) or not is_id(element_id):
        return None
    found = await _get_rows(client, "element", {element_id: thread_id})
    return element_record(found[0]) if found and found[0].body["ready"] else None


async def named_files(client: Client, element_ids: Collection[str]) -> set[str]:
    """Return the object keys that elements name."""
    rows = await _get_rows(client, "element", await _homes(client, "element", element_ids))
    return {row.body["objectKey"] for row in rows if "objectKey" in row.body}


async def get_favorites(client: Client, user_id: str) -> list[StepRecord]:
    """Return the favourites of a user, newest first."""
    if not is_id(user_id):
        return []
    hints = [hint async for page in pages(client, keys.favorites(user_id)) for hint in page]
    homes = {Key.of(hint).sk: text_of(hint, "thread") or "" for hint in hints}
    found = await _fetch_rows(client, "step", homes, keys.user(user_id))
    life = life_in(found, user_id)
    theirs = [
        row
        for row in _rows(found, "step", homes)
        if row.body.get("favorite") and _is_of(found, row, user_id, life)
    ]
    return by_creation(theirs)[::-1]


def life_in(found: Items, user_id: str) -> int | None:
    """Return which life a user is in from among items; None where they are not there."""
    item = found.get(keys.user(user_id))
    user = User.of(item) if item else None
    return user.life if user and user.body is not None else None


def _is_of(found: Items, row: Row, user_id: str, life: int | None) -> bool:
    head = head_in(found, row.thread_id)
    return head is not None and (head.user_id, head.life) == (user_id, life)


async def _claims(client: Client, kind: str, ids: Collection[str]) -> Mapping[str, Claim]:
    found = await get_many(client, [keys.claim(kind, name) for name in ids if is_id(name)])
    return {keys.id_of(key): Claim.of(item) for key, item in found.items()}


async def _homes(client: Client, kind: str, ids: Collection[str]) -> dict[str, str]:
    """Return the threads in which steps or elements are."""
    claims = await _claims(client, kind, ids)
    return {name: it.thread_id for name, it in claims.items() if it.thread_id and it.gone is None}


async def _get_rows(client: Client, kind: str, homes: Mapping[str, str]) -> list[Row]:
    return _rows(await _fetch_rows(client, kind, homes), kind, homes)


async def _fetch_rows(client: Client, kind: str, homes: Mapping[str, str], *more: Key) -> Items:
    wanted = [keys.row(kind, thread, name) for name, thread in homes.items()]
    heads = [keys.head(thread) for thread in homes.values()]
    return await get_many(client, [*wanted, *heads, *more]) if wanted else {}


def _rows(found: Items, kind: str, homes: Mapping[str, str]) -> list[Row]:
    """Return the rows that are there, each in a thread that is there and has not cut it off."""
    there = []
    for name, thread_id in homes.items():
        item, head = found.get(keys.row(kind, thread_id, name)), head_in(found, thread_id)
        if item and head and (kind, name) not in head.cut:
            there.append(Row.of(item))
    return there
