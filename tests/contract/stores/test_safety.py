"""The contract of stores: nothing that a client sends is ever taken for a statement."""

from typing import Any

import pytest

from datalayer.records import Outcome
from datalayer.stores.base import Store
from tests.support.builders import (
    delete_element,
    delete_user,
    element,
    found_by,
    get_element,
    get_step,
    get_thread,
    get_user,
    listed,
    new_id,
    outcome,
    save,
    step,
    thread,
    unchanged,
    user,
)

HOSTILE = [
    "'; DROP TABLE threads; --",
    "' OR '1'='1",
    '" OR ""="',
    "x') UNION SELECT * FROM users --",
    "%' OR 1=1 --",
    "\\'; DELETE FROM steps; --",
    ":id ?1 $1 %(id)s {id}",
    "../../etc/passwd",
    "THREAD#x::STEP#y",
    '{"$ne": null}',
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_ids_are_of_nothing(store: Store, text: str) -> None:
    await save(store, step(new_id(), output="x"))
    async with unchanged(store):
        assert await store.get_user(text) is None
        assert await store.get_user_by_id(text) is None
        assert await store.get_thread(text) is None
        assert await store.get_thread_author(text) is None
        assert await store.get_thread_name(text) is None
        assert await store.get_thread_metadata(text) is None
        assert (await store.list_threads(text, first=5)).threads == []
        assert await store.get_step(text) is None
        assert await store.get_element(text, text) is None
        assert await store.get_feedback_step(text) is None
        assert await store.get_favorites(text) == []


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_texts_are_texts(store: Store, text: str) -> None:
    other = thread(name="somebody else's", owner="bob")
    write = step(new_id(), owner=text, name=text, output=text, metadata={text: text})
    attached = element(write.thread_id, owner=text, name=text, objectKey=text, props={text: text})
    await save(store, other, user(text, {text: text}), write, attached)
    await save(
        store, thread(write.thread_id, owner=text, name=text, tags=(text,), metadata={text: text})
    )
    fields = (await get_step(store, write)).fields
    assert (fields["name"], fields["output"], fields["metadata"]) == (text, text, {text: text})
    found = await get_thread(store, write.thread_id)
    assert (found.name, found.owner, found.tags) == (text, text, (text,))
    assert found.metadata == {text: text}
    assert (await get_element(store, attached)).fields["props"] == {text: text}
    assert (await get_user(store, text)).metadata == {text: text}
    assert (await get_thread(store, other.id)).name == "somebody else's"


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_names_of_unknown_fields_are_names(store: Store, text: str) -> None:
    unknown: dict[str, Any] = {text: text}
    write, attached = step(new_id(), **unknown), element(new_id(), **unknown)
    await save(store, write, attached)
    assert (await get_step(store, write)).fields[text] == text
    assert (await get_element(store, attached)).fields[text] == text


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_searches_find_themselves_only(store: Store, text: str) -> None:
    hit, miss = step(new_id(), output=f"a {text} b"), step(new_id(), output="something else")
    await save(store, hit, miss)
    assert await found_by(store, text) == [hit.thread_id]
    assert len(await listed(store)) == 2


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_identifiers_and_keys_delete_themselves_only(store: Store, text: str) -> None:
    kept = thread(owner="bob")
    attached = element(new_id(), owner=text, objectKey=text)
    await save(store, kept, attached, delete_element(attached))
    assert await store.list_removals(5) == [text]
    await save(store, delete_user(text))
    assert [record.identifier async for record in store.users()] == ["bob"]
    assert [record.id async for record in store.threads()] == [kept.id]
    assert await outcome(store, delete_user(text)) is Outcome.ABSENT
