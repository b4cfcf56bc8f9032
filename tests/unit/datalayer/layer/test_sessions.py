"""What is called in a session: it waits for the first message, and is of the session's user."""

from typing import cast

import pytest
from chainlit import CustomElement, Image
from chainlit.element import Element
from chainlit.session import HTTPSession, WebsocketSession
from chainlit.step import StepDict
from chainlit.user import User

from datalayer.errors import WriteRefused
from datalayer.layer import KeepchatDataLayer
from datalayer.writes import DeleteElement, DeleteStep, SaveElement, SaveStep
from tests.support.builders import ALICE, BOB, new_id
from tests.support.layers import (
    Parts,
    enter,
    eventually,
    first_message,
    get,
    nothing_is_left,
    step_dict,
    text_element,
    thread_of,
    user,
)


async def call_all_five(layer: KeepchatDataLayer, thread_id: str) -> tuple[StepDict, Element]:
    """Call every method that Chainlit queues, mixed, and return what should be left."""
    kept, gone = step_dict(thread_id, output="old"), step_dict(thread_id, output="gone")
    attached = Image(thread_id=thread_id, name="kept", url="https://example.org/1")
    loose = Image(thread_id=thread_id, name="loose", url="https://example.org/2")
    await layer.create_step(kept)
    await layer.create_element(attached)
    await layer.create_element(loose)
    await layer.create_step(gone)
    await layer.delete_element(loose.id, thread_id)
    await layer.update_step(cast(StepDict, {**kept, "output": "new"}))
    await layer.delete_step(gone["id"])
    return kept, attached


ORDER = [SaveStep, SaveElement, SaveElement, SaveStep, DeleteElement, SaveStep, DeleteStep]


async def assert_five_are_stored(parts: Parts, kept: StepDict, attached: Element) -> None:
    assert [type(write) for write in parts.store.applied] == ORDER
    found = await get(parts.layer, kept["threadId"])
    assert [(step["id"], step["output"]) for step in found["steps"]] == [(kept["id"], "new")]
    assert [element["id"] for element in found["elements"] or []] == [attached.id]


async def test_before_the_first_message_all_five_wait_in_order(
    parts: Parts, session: WebsocketSession
) -> None:
    enter(session)
    kept, attached = await call_all_five(parts.layer, session.thread_id)
    await parts.layer.flush(session.thread_id)
    assert parts.store.applied == []
    await first_message(session)
    await assert_five_are_stored(parts, kept, attached)


async def test_after_the_first_message_all_five_are_stored_at_once(
    parts: Parts, session: WebsocketSession
) -> None:
    enter(session)
    session.has_first_interaction = True
    kept, attached = await call_all_five(parts.layer, session.thread_id)
    await assert_five_are_stored(parts, kept, attached)
    assert session.thread_queues == {}


async def test_without_a_browser_all_five_are_stored_at_once(parts: Parts) -> None:
    http = HTTPSession(id=new_id(), client_type="webapp", user=User(identifier=ALICE))
    enter(http)
    kept, attached = await call_all_five(parts.layer, http.thread_id)
    await assert_five_are_stored(parts, kept, attached)


async def test_what_waits_is_as_it_was_when_it_was_called(
    parts: Parts, session: WebsocketSession
) -> None:
    enter(session)
    step = step_dict(session.thread_id, output="as it was")
    element = text_element(session.thread_id)
    await parts.layer.create_step(step)
    await parts.layer.create_element(element)
    step["output"], element.name, element.content = "changed", "changed", "changed"
    await first_message(session)
    found = await get(parts.layer, session.thread_id)
    assert found["steps"][0]["output"] == "as it was"
    [stored] = found["elements"] or []
    assert stored["name"] == "a.txt"
    async with parts.storage.open(f"{session.thread_id}/{element.id}") as opened:
        assert b"".join([piece async for piece in opened.body]) == b"some text"


async def test_what_waits_does_not_undo_what_comes_later(
    parts: Parts, session: WebsocketSession
) -> None:
    enter(session)
    step = step_dict(session.thread_id, output="welcome")
    await parts.layer.create_step(step)
    session.has_first_interaction = True
    await parts.layer.update_step(cast(StepDict, {**step, "output": "changed"}))
    await session.flush_method_queue()
    found = await get(parts.layer, session.thread_id)
    assert [each["output"] for each in found["steps"]] == ["changed"]


async def test_a_file_that_waits_and_is_deleted_leaves_nothing(
    parts: Parts, session: WebsocketSession
) -> None:
    enter(session)
    element = text_element(session.thread_id)
    await parts.layer.create_element(element)
    await parts.layer.delete_element(element.id)
    await first_message(session)
    await eventually(lambda: nothing_is_left(parts))
    assert await parts.layer.get_element(session.thread_id, element.id) is None


async def test_a_thread_is_born_with_the_sessions_user(
    parts: Parts, session: WebsocketSession
) -> None:
    enter(session)
    session.has_first_interaction = True
    await parts.layer.create_step(step_dict(session.thread_id))
    assert await parts.layer.get_thread_author(session.thread_id) == ALICE
    other = new_id()
    await parts.layer.create_element(CustomElement(thread_id=other, name="x", props={}))
    assert await parts.layer.get_thread_author(other) == ALICE


async def test_the_sessions_user_writes_into_no_others_thread(
    parts: Parts, session: WebsocketSession
) -> None:
    thread_id = await thread_of(parts.layer, await user(parts.layer, BOB))
    step = step_dict(thread_id, output="Bob's")
    await parts.layer.create_step(step)
    enter(session)
    session.has_first_interaction = True
    mine = Image(thread_id=thread_id, name="x", url="https://example.org")
    for call in (
        parts.layer.create_step(step_dict(thread_id)),
        parts.layer.update_step(step_dict(session.thread_id, step["id"])),
        parts.layer.create_element(mine),
        parts.layer.update_thread(thread_id, metadata={"a": 1}),
        parts.layer.delete_step(step["id"]),
    ):
        with pytest.raises(WriteRefused):
            await call
    found = await get(parts.layer, thread_id)
    assert [each["output"] for each in found["steps"]] == ["Bob's"]
    assert (found["elements"], found["metadata"]) == ([], {})
