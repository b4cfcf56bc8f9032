"""Threads, one at a time."""

import pytest
from chainlit.session import WebsocketSession
from chainlit.types import Pagination, ThreadFilter

from datalayer.errors import WriteRefused
from datalayer.layer import KeepchatDataLayer
from tests.support.builders import ALICE, BOB, new_id
from tests.support.layers import TIME, Parts, enter, get, step_dict, thread_of, user


async def test_what_was_never_written(layer: KeepchatDataLayer) -> None:
    for unknown in (new_id(), "no id", "'; DROP TABLE threads"):
        assert await layer.get_thread(unknown) is None
        assert await layer.get_thread_author(unknown) == ""
        assert await layer.get_thread_name(unknown) is None
        assert await layer.get_thread_record(unknown) is None
        assert await layer.get_element(unknown, unknown) is None
        assert await layer.delete_feedback(unknown) is False


async def test_a_thread_comes_back(layer: KeepchatDataLayer) -> None:
    owner = await user(layer)
    thread_id = new_id()
    await layer.update_thread(
        thread_id, name="A name", user_id=owner.id, metadata={"a": 1}, tags=["one"]
    )
    found = await get(layer, thread_id)
    assert (found["name"], found["metadata"], found["tags"]) == ("A name", {"a": 1}, ["one"])
    assert (found["userId"], found["userIdentifier"]) == (owner.id, ALICE)
    assert await layer.get_thread_author(thread_id) == ALICE
    assert await layer.get_thread_name(thread_id) == "A name"
    record = await layer.get_thread_record(thread_id.upper())
    assert record
    assert (record.id, record.name, record.owner) == (thread_id, "A name", ALICE)


async def test_an_update_leaves_alone_what_it_does_not_name(layer: KeepchatDataLayer) -> None:
    owner = await user(layer)
    thread_id = await thread_of(layer, owner)
    await layer.update_thread(thread_id, metadata={"a": 1, "b": 2})
    await layer.update_thread(thread_id, name="Another")
    await layer.update_thread(thread_id, metadata={"b": None}, tags=["one"])
    found = await get(layer, thread_id)
    assert (found["name"], found["metadata"], found["tags"]) == ("Another", {"a": 1}, ["one"])


async def test_an_owner_whom_this_process_has_not_seen(parts: Parts) -> None:
    owner = await user(parts.layer)
    fresh = KeepchatDataLayer(parts.store, parts.storage)
    thread_id = await thread_of(fresh, owner)
    assert await parts.layer.get_thread_author(thread_id) == ALICE
    with pytest.raises(ValueError, match="create_user"):
        await fresh.update_thread(new_id(), user_id=new_id())
    await fresh.close()


async def test_an_update_of_anothers_thread_is_refused(layer: KeepchatDataLayer) -> None:
    alice, bob = await user(layer), await user(layer, BOB)
    thread_id = await thread_of(layer, alice)
    with pytest.raises(WriteRefused, match=thread_id):
        await layer.update_thread(thread_id, name="Bob's", user_id=bob.id)
    assert (await get(layer, thread_id))["name"] == "x"


async def test_metadata_after_the_deletion_creates_nothing(
    layer: KeepchatDataLayer, session: WebsocketSession
) -> None:
    owner = await user(layer)
    thread_id = await thread_of(layer, owner)
    enter(session)
    await layer.delete_thread(thread_id)
    await layer.update_thread(thread_id, metadata={"chat_settings": {}})
    await layer.update_thread(new_id(), metadata={"chat_settings": {}})
    session.has_first_interaction = True
    await layer.create_step(step_dict(thread_id))
    assert await layer.get_thread(thread_id) is None
    assert await layer.get_thread_author(thread_id) == ""
    page = await layer.list_threads(Pagination(first=5), ThreadFilter(userId=owner.id))
    assert page.data == []


async def test_a_share_that_is_taken_back_stays_so_when_the_page_is_left(
    layer: KeepchatDataLayer, session: WebsocketSession
) -> None:
    thread_id = await thread_of(layer, await user(layer))
    shared = {"is_shared": True, "shared_at": TIME, "chat_profile": "a"}
    await layer.update_thread(thread_id, metadata=shared)
    await layer.update_thread(thread_id, metadata={"is_shared": False, "chat_profile": "a"})
    enter(session)  # one that was opened while the thread was shared
    await layer.update_thread(thread_id, metadata={**shared, "chat_profile": "b"})
    thread = await get(layer, thread_id)
    assert thread["metadata"] == {"is_shared": False, "chat_profile": "b"}


async def test_a_place_in_the_sidebar_stays_so_when_the_page_is_left(
    layer: KeepchatDataLayer, session: WebsocketSession
) -> None:
    thread_id = await thread_of(layer, await user(layer))
    await layer.update_thread(thread_id, metadata={"pinned": True, "folder": "Work"})
    await layer.update_thread(thread_id, metadata={"pinned": None, "folder": "Art"})
    enter(session)  # one that was opened before
    old = {"pinned": True, "folder": "Work", "archived": True, "chat_profile": "b"}
    await layer.update_thread(thread_id, metadata=old)
    thread = await get(layer, thread_id)
    assert thread["metadata"] == {"folder": "Art", "chat_profile": "b"}
