"""The contract of stores: in whatever order and batches writes arrive, the end is the same."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalayer.records import Outcome
from datalayer.stores.base import Store
from datalayer.values import Json, time_of_revision
from datalayer.writes import SaveElement, SaveFeedback, SaveStep, Write
from tests.support.arrivals import Seeds, arrive, property_test
from tests.support.builders import (
    clock,
    element,
    feedback,
    found_by,
    get_element,
    get_step,
    get_thread,
    get_user,
    new_id,
    save,
    step,
    thread,
)

WORDS = st.sampled_from(["red", "green", "blue"])
FLAGS = st.booleans()
TEXTS: Mapping[str, st.SearchStrategy[Json]] = {
    "name": WORDS,
    "input": WORDS,
    "output": WORDS,
    "language": WORDS,
    "isError": FLAGS,
    "metadata": st.fixed_dictionaries({"favorite": FLAGS}),
    "tags": st.lists(WORDS, max_size=2),
    "later": WORDS,  # a field that we do not know
}
FULL = st.fixed_dictionaries(dict(TEXTS))
PARTIAL = st.fixed_dictionaries({}, optional=dict(TEXTS))
EMPTYING = st.fixed_dictionaries(
    {}, optional={name: st.none() | values for name, values in TEXTS.items() if name != "later"}
)
Fields = dict[str, Any]


def created(fields: Fields) -> Fields:
    return {**fields, "createdAt": "2026-01-02T12:00:00.000000Z"}


def steps_of(versions: Sequence[Fields]) -> list[SaveStep]:
    """A create and its updates, oldest first."""
    thread_id, step_id, owner = new_id(), new_id(), new_id()
    create, *updates = versions
    return [
        step(thread_id, step_id, owner=owner, **created(create)),
        *(step(thread_id, step_id, owner=owner, **update) for update in updates),
    ]


def newest(writes: Sequence[SaveStep | SaveElement]) -> Fields:
    """What the fields should be at the end: of each the value that was named last.

    A step's favourite is a field of its own.
    """
    fields: Fields = {}
    favorite: Fields = {}
    for write in writes:
        named = dict(write.fields)
        if isinstance(write, SaveStep) and isinstance(named.get("metadata"), dict):
            favorite = {"favorite": named["metadata"]["favorite"]}
        extra = named.pop("extra", None)
        fields |= named
        fields |= extra if isinstance(extra, dict) else {}
    return {**fields, "metadata": favorite} if favorite else fields


async def assert_newest(store: Store, writes: Sequence[SaveStep]) -> None:
    found = await get_step(store, writes[0])
    expected = newest(writes)
    assert {name: found.fields.get(name) for name in expected} == expected
    assert found.revision == max(write.revision for write in writes)
    owner = str(writes[0].owner)
    for word in ("red", "green", "blue"):
        assert bool(await found_by(store, word, owner)) == (expected.get("output") == word)
    favorites = await store.get_favorites((await get_user(store, owner)).id)
    metadata = expected.get("metadata")
    assert bool(favorites) == (isinstance(metadata, dict) and metadata["favorite"])


@property_test
@given(versions=st.lists(FULL, min_size=1, max_size=5), luck=Seeds)
async def test_full_saves_of_a_step_arrive_in_any_order(
    store: Store, versions: list[Fields], luck: random.Random
) -> None:
    writes = steps_of(versions)
    await arrive(store, writes, luck)
    await assert_newest(store, writes)


@property_test
@given(create=FULL, updates=st.lists(PARTIAL, max_size=4), luck=Seeds)
@pytest.mark.slow
async def test_a_create_and_partial_updates_arrive_in_any_order(
    store: Store, create: Fields, updates: list[Fields], luck: random.Random
) -> None:
    writes = steps_of([create, *updates])
    await arrive(store, writes, luck)
    await assert_newest(store, writes)


@property_test
@given(create=FULL, updates=st.lists(EMPTYING, max_size=3), luck=Seeds)
async def test_updates_that_empty_fields_arrive_in_any_order(
    store: Store, create: Fields, updates: list[Fields], luck: random.Random
) -> None:
    writes = steps_of([create, *updates])
    await arrive(store, writes, luck)
    await assert_newest(store, writes)


@property_test
@given(versions=st.lists(FULL, min_size=1, max_size=5), luck=Seeds)
async def test_saves_of_an_element_arrive_in_any_order(
    store: Store, versions: list[Fields], luck: random.Random
) -> None:
    thread_id, element_id = new_id(), new_id()
    writes = [
        element(thread_id, element_id, props=version["metadata"], name=version["name"])
        for version in versions
    ]
    await arrive(store, writes, luck)
    found = await get_element(store, writes[0])
    expected = newest(writes)
    assert {name: found.fields.get(name) for name in expected} == expected


@property_test
@given(values=st.lists(st.integers(0, 1), min_size=1, max_size=5), luck=Seeds)
async def test_feedback_arrives_in_any_order(
    store: Store, values: list[int], luck: random.Random
) -> None:
    target = step(new_id(), output="x")
    await save(store, target)
    writes: list[SaveFeedback] = [
        feedback(target, value, comment=str(number)) for number, value in enumerate(values)
    ]
    await arrive(store, writes, luck)
    found = (await get_step(store, target)).feedback
    assert found is not None
    assert (found.value, found.comment) == (writes[-1].value, writes[-1].comment)


@property_test
@given(count=st.integers(2, 5), luck=Seeds)
async def test_names_and_metadata_arrive_in_any_order(
    store: Store, count: int, luck: random.Random
) -> None:
    first = thread(name="born")
    await save(store, first)
    writes = [
        thread(first.id, name=f"name {number}", metadata={f"key {number}": number})
        for number in range(count)
    ]
    await arrive(store, writes, luck)
    found = await get_thread(store, first.id)
    assert found.name == f"name {count - 1}"
    assert found.metadata == {f"key {number}": number for number in range(count)}


@property_test
@given(count=st.integers(1, 6), luck=Seeds)
async def test_the_last_activity_is_the_latest_in_any_order(
    store: Store, count: int, luck: random.Random
) -> None:
    thread_id = new_id()
    writes = [step(thread_id, output=str(number)) for number in range(count)]
    await arrive(store, writes, luck)
    found = await get_thread(store, thread_id)
    assert found.updated_at == time_of_revision(writes[-1].revision)
    assert len(found.steps) == count


async def test_a_replayed_batch_changes_nothing(store: Store) -> None:
    parent = step(new_id(), output="question")
    batch: list[Write] = [
        parent,
        step(parent.thread_id, parentId=parent.id, output="answer"),
        element(parent.thread_id, name="a.txt", forId=parent.id),
        feedback(parent, 0, comment="no"),
        thread(parent.thread_id, name="A name"),
    ]
    await save(store, *batch)
    before = await get_thread(store, parent.thread_id)
    for arriving in (batch, batch[::-1]):
        results = await store.apply(arriving)
        assert {result.outcome for result in results} == {Outcome.REPEATED}
    assert await get_thread(store, parent.thread_id) == before


async def test_what_a_late_create_brings_is_found_by_the_search(store: Store) -> None:
    thread_id, step_id = new_id(), new_id()
    create = step(thread_id, step_id, output="needle")
    await save(store, step(thread_id, step_id, isError=True, revision=clock.next()))
    await store.apply([create])
    assert (await get_step(store, create)).fields["output"] == "needle"
    assert await found_by(store, "needle") == [thread_id]
