"""Steps: each comes back as it was when it was called."""

import asyncio
from contextlib import suppress
from typing import Any, cast

import pytest
from chainlit import Message, Step
from chainlit.session import HTTPSession
from chainlit.step import StepDict

from datalayer.errors import WriteRefused
from datalayer.layer import KeepchatDataLayer
from datalayer.siblings import to_show
from tests.support.builders import BOB, new_id
from tests.support.layers import TIME, Parts, enter, get, step_dict, text_element, thread_of, user


async def test_messages_and_steps_come_back_through_the_store(layer: KeepchatDataLayer) -> None:
    thread_id = new_id()
    enter(HTTPSession(id=new_id(), client_type="webapp", thread_id=thread_id))
    run = Step(name="on_message", type="run", metadata={"a": 1}, show_input=False)
    run.created_at = run.start = run.end = TIME
    message = Message(
        "hello", parent_id=run.id, created_at=TIME, tags=["one"], modes={"a": "b"}, command="c"
    )
    given: list[Any] = [dict(run.to_dict()), dict(message.to_dict())]
    for each in given:
        await layer.create_step(each)
    found = (await get(layer, thread_id))["steps"]
    for sent, stored in zip(given, found, strict=True):
        assert {name: cast(Any, stored)[name] for name in sent} == sent


async def test_a_dict_changed_after_the_call_changes_nothing(layer: KeepchatDataLayer) -> None:
    given = step_dict(new_id(), output="as it was", metadata={"list": [1]}, tags=["one"])
    task = asyncio.create_task(layer.create_step(given))
    await asyncio.sleep(0)
    cast(Any, given["metadata"])["list"].append(2)
    cast(Any, given["tags"]).append("two")
    given["output"] = "changed"
    await task
    [found] = (await get(layer, given["threadId"]))["steps"]
    assert (found["output"], found["metadata"]) == ("as it was", {"list": [1]})
    assert found["tags"] == ["one"]


async def test_the_call_changes_nothing_in_the_dict(layer: KeepchatDataLayer) -> None:
    given = step_dict(new_id(), output="x\x00", createdAt="2026-01-02", later=1)
    before = dict(given)
    await layer.create_step(given)
    await layer.update_step(given)
    assert given == before


@pytest.mark.drill
@pytest.mark.parametrize("attempt", range(3))
async def test_immediate_updates_win_under_concurrency(
    layer: KeepchatDataLayer, attempt: int, full_count: bool
) -> None:
    threads = [new_id() for _ in range(10)]
    tasks: list[asyncio.Task[None]] = []
    pairs = 5_000 if full_count else 150
    for number in range(pairs):
        given = step_dict(threads[number % 10], output="")
        tasks.append(asyncio.create_task(layer.create_step(given)))
        given = cast(StepDict, {**given, "output": f"answer {number}"})
        tasks.append(asyncio.create_task(layer.update_step(given)))
        if number % 5 == attempt:
            await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    found = [await get(layer, thread_id) for thread_id in threads]
    outputs = {step["output"] for thread in found for step in thread["steps"]}
    assert outputs == {f"answer {number}" for number in range(pairs)}


async def test_a_late_create_does_not_undo_an_update(layer: KeepchatDataLayer) -> None:
    given = step_dict(new_id(), output="new")
    await layer.update_step(given)
    assert (await get(layer, given["threadId"]))["steps"][0]["output"] == "new"


async def test_a_deleted_step_stays_deleted(layer: KeepchatDataLayer) -> None:
    thread_id = new_id()
    kept, gone = step_dict(thread_id, output="kept"), step_dict(thread_id, output="gone")
    await layer.create_step(kept)
    await layer.create_step(gone)
    await layer.delete_step(gone["id"])
    await layer.update_step(gone)
    assert [step["id"] for step in (await get(layer, thread_id))["steps"]] == [kept["id"]]


async def test_a_step_deleted_right_after_its_creation(layer: KeepchatDataLayer) -> None:
    thread_id = new_id()
    given = step_dict(thread_id, output="x")
    await layer.create_step(step_dict(thread_id, output="kept"))
    await asyncio.gather(
        asyncio.create_task(layer.create_step(given)),
        asyncio.create_task(layer.delete_step(given["id"])),
    )
    assert [step["output"] for step in (await get(layer, thread_id))["steps"]] == ["kept"]


async def test_favourites(layer: KeepchatDataLayer) -> None:
    owner = await user(layer)
    thread_id = await thread_of(layer, owner)
    given = step_dict(thread_id, output="x", metadata={"a": 1})
    await layer.create_step(given)
    partial = step_dict(thread_id, given["id"])
    assert (await layer.set_step_favorite(partial, True))["metadata"] == {"favorite": True}
    [found] = await layer.get_favorite_steps(owner.id)
    assert (found["id"], found["output"]) == (given["id"], "x")
    assert found["metadata"] == {"a": 1, "favorite": True}
    await layer.set_step_favorite(found, False)
    assert await layer.get_favorite_steps(owner.id) == []


async def twice_answered(layer: KeepchatDataLayer) -> tuple[str, list[str]]:
    """A question with two answers, of which the first is hidden, and the ids of its steps."""
    thread_id, names = new_id(), [new_id() for _ in range(5)]
    question, first, said, second, other = names
    for name, fields in (
        (question, {"type": "user_message", "output": "why"}),
        (first, {"name": "on_message", "parentId": question, "hidden": True}),
        (said, {"type": "assistant_message", "output": "so", "parentId": first, "hidden": True}),
        (second, {"name": "on_message", "parentId": question}),
        (other, {"type": "assistant_message", "output": "not", "parentId": second}),
    ):
        await layer.create_step(step_dict(thread_id, name, **fields))
    return thread_id, names


async def test_what_is_shown_of_a_thread(layer: KeepchatDataLayer) -> None:
    thread_id, [question, first, said, second, other] = await twice_answered(layer)
    for of in (said, other, None, new_id()):
        element = text_element(thread_id)
        element.for_id = of
        await layer.create_element(element)
    found = await get(layer, thread_id)
    assert [step["id"] for step in found["steps"]] == [question, second, other]
    metadata = [step["metadata"] for step in found["steps"]]
    assert metadata == [{}, {"siblings": [first, second]}, {}]
    assert not any("hidden" in step for step in found["steps"])
    assert said not in [element["forId"] for element in found["elements"] or []]
    assert len(found["elements"] or []) == 3
    record = await layer.get_thread_record(thread_id)
    assert record is not None
    assert [step.id for step in record.steps] == [question, first, said, second, other]
    assert len(layer.whole_thread(record)["elements"] or []) == 4
    assert len(layer.whole_thread(record)["steps"]) == 5


async def test_another_answer_is_shown_by_writes_of_one_batch(parts: Parts) -> None:
    thread_id, names = await twice_answered(parts.layer)
    record = await parts.layer.get_thread_record(thread_id)
    assert record is not None
    parts.store.applied.clear()
    parts.store.batches = 0
    await parts.layer.show(thread_id, to_show(record.steps, names[1]))
    assert (len(parts.store.applied), parts.store.batches) == (4, 1)
    shown = [step["id"] for step in (await get(parts.layer, thread_id))["steps"]]
    assert shown == names[:3]
    await parts.layer.show(thread_id, {})


async def test_hiding_does_not_wait(parts: Parts) -> None:
    thread_id, names = await twice_answered(parts.layer)
    parts.store.gate.clear()
    parts.layer.hide(thread_id, names[3:])
    await parts.layer.show(thread_id, {})
    parts.store.gate.set()
    await parts.layer.flush(thread_id)
    record = await parts.layer.get_thread_record(thread_id)
    assert record is not None
    assert [step.fields["hidden"] for step in record.steps] == [None, True, True, True, True]


async def test_a_thread_that_is_gone_shows_nothing(layer: KeepchatDataLayer) -> None:
    thread_id, names = await twice_answered(layer)
    await layer.delete_thread(thread_id)
    await layer.show(thread_id, {names[0]: False})
    assert await layer.get_thread(thread_id) is None


async def test_what_was_told_of_alternatives_is_not_stored(layer: KeepchatDataLayer) -> None:
    thread_id, _ = await twice_answered(layer)
    for step in (await get(layer, thread_id))["steps"]:
        await layer.update_step(step)
    record = await layer.get_thread_record(thread_id)
    assert record is not None
    assert [step.fields["metadata"] for step in record.steps] == [{}, None, None, {}, {}]
    assert [step.fields["hidden"] for step in record.steps] == [None, True, True, None, None]


async def test_a_checkpoint_does_not_wait(parts: Parts) -> None:
    given = step_dict(new_id(), output="half of it")
    parts.store.gate.clear()
    parts.layer.checkpoint(given)
    given["output"] = "changed"
    flushing = asyncio.create_task(parts.layer.flush(given["threadId"]))
    await asyncio.sleep(0)
    assert not flushing.done()
    parts.store.gate.set()
    await flushing
    [found] = (await get(parts.layer, given["threadId"]))["steps"]
    assert found["output"] == "half of it"


async def test_a_flush_raises_the_error_of_its_thread(layer: KeepchatDataLayer) -> None:
    alice, bob = await user(layer), await user(layer, BOB)
    good, bad = await thread_of(layer, alice), await thread_of(layer, bob)
    step = step_dict(good)
    layer.checkpoint(step)
    layer.checkpoint(step_dict(bad, step["id"]))
    flushes = [layer.flush(good), layer.flush(bad)]
    found = await asyncio.gather(*flushes, return_exceptions=True)
    assert [type(each) for each in found] == [type(None), WriteRefused]


async def test_a_cancelled_caller_loses_no_write(parts: Parts) -> None:
    given = step_dict(new_id(), output="x")
    parts.store.gate.clear()
    task = asyncio.create_task(parts.layer.create_step(given))
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    parts.store.gate.set()
    await parts.layer.flush(given["threadId"])
    assert (await get(parts.layer, given["threadId"]))["steps"][0]["output"] == "x"


async def test_what_follows_a_step_is_deleted_in_the_order_of_the_calls(
    layer: KeepchatDataLayer,
) -> None:
    thread_id, ids = new_id(), [new_id() for _ in range(4)]
    for step_id in ids[:3]:
        await layer.create_step(step_dict(thread_id, step_id))
    layer.delete_steps_after(thread_id, ids[0])
    await layer.create_step(step_dict(thread_id, ids[3]))
    thread = await get(layer, thread_id)
    assert [step["id"] for step in thread["steps"] or []] == [ids[0], ids[3]]
