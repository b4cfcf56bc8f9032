"""The contract of stores: writes of several kinds to one row end the same in any order."""

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from datalayer.records import Outcome
from datalayer.stores.base import Store
from datalayer.writes import DeleteUser, SaveFeedback, Write
from tests.support.arrivals import Seeds, arrive, property_test
from tests.support.builders import (
    delete_feedback,
    delete_user,
    favorite,
    feedback,
    found_by,
    get_step,
    get_thread,
    get_user,
    new_id,
    save,
    step,
    thread,
    user,
)

WORDS = st.sampled_from(["red", "green", "blue"])
KEYS = st.sampled_from(["a", "b", "c"])
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "name": WORDS,
        "tags": st.lists(WORDS, max_size=2).map(tuple),
        "metadata": st.dictionaries(KEYS, st.none() | st.integers(0, 3), max_size=3),
    },
)
Changes = dict[str, Any]


@property_test
@given(changes=st.lists(CHANGES, min_size=1, max_size=5), luck=Seeds)
async def test_changes_of_a_thread_arrive_in_any_order(
    store: Store, changes: list[Changes], luck: random.Random
) -> None:
    owner = new_id()
    first = thread(owner=owner, name="born", tags=("born",), metadata={"born": 1})
    writes = [first, *(thread(first.id, owner=owner, **change) for change in changes)]
    expected: Changes = {}
    metadata: Changes = {}
    for change in [{"name": "born", "tags": ("born",), "metadata": {"born": 1}}, *changes]:
        expected |= change
        metadata |= change.get("metadata") or {}
    metadata = {key: value for key, value in metadata.items() if value is not None}
    await arrive(store, writes, luck, allowed=frozenset({Outcome.ABSENT}))
    await arrive(store, writes, luck)
    found = await get_thread(store, first.id)
    assert (found.name, found.tags) == (expected["name"], expected["tags"])
    assert found.metadata == metadata
    assert await found_by(store, expected["name"], owner) == [first.id]


@property_test
@given(
    events=st.lists(st.booleans() | st.dictionaries(KEYS, st.booleans()), max_size=5),
    luck=Seeds,
)
async def test_favourites_and_saves_of_a_step_arrive_in_any_order(
    store: Store, events: list[bool | Changes], luck: random.Random
) -> None:
    owner = new_id()
    first = step(new_id(), owner=owner, output="x", metadata={"born": True})
    await save(store, first)
    writes: list[Write] = [first]
    marked, rest = None, {"born": True}
    for event in events:
        if isinstance(event, bool):
            writes.append(favorite(first, event))
            marked = event
        else:
            given = {**event, "favorite": event["a"]} if "a" in event else event
            writes.append(step(first.thread_id, first.id, owner=owner, metadata=given))
            marked, rest = event.get("a", marked), event
    await arrive(store, writes, luck)
    expected = rest if marked is None else {**rest, "favorite": marked}
    assert (await get_step(store, first)).fields["metadata"] == expected
    favorites = await store.get_favorites((await get_user(store, owner)).id)
    assert [found.id for found in favorites] == ([first.id] if marked else [])


@property_test
@given(values=st.lists(st.none() | st.integers(0, 1), min_size=1, max_size=6), luck=Seeds)
async def test_feedback_given_and_taken_back_arrives_in_any_order(
    store: Store, values: list[int | None], luck: random.Random
) -> None:
    target = step(new_id(), output="x")
    await save(store, target)
    name = feedback(target).id
    writes: list[Write] = [
        delete_feedback(name) if value is None else feedback(target, value, comment=str(number))
        for number, value in enumerate(values)
    ]
    await arrive(store, writes, luck, allowed=frozenset({Outcome.ABSENT, Outcome.GONE}))
    found = (await get_step(store, target)).feedback
    last = writes[-1]
    if isinstance(last, SaveFeedback):
        assert found is not None
        assert (found.value, found.comment) == (last.value, last.comment)
    else:
        assert found is None


@property_test
@given(events=st.lists(st.none() | st.integers(0, 9), min_size=1, max_size=6), luck=Seeds)
async def test_users_made_and_deleted_arrive_in_any_order(
    store: Store, events: list[int | None], luck: random.Random
) -> None:
    name = new_id()
    writes: list[Write] = [
        delete_user(name) if event is None else user(name, {"n": event}) for event in events
    ]
    await arrive(store, writes, luck, allowed=frozenset({Outcome.ABSENT, Outcome.GONE}))
    found = await store.get_user(name)
    if isinstance(writes[-1], DeleteUser):
        assert found is None
    else:
        assert found is not None
        assert found.metadata == {"n": events[-1]}


@property_test
@given(seconds=st.lists(st.none() | st.integers(0, 59), min_size=1, max_size=5), luck=Seeds)
async def test_a_step_was_created_when_its_oldest_write_says(
    store: Store, seconds: list[int | None], luck: random.Random
) -> None:
    thread_id, step_id = new_id(), new_id()
    moments = [None if at is None else f"2026-01-02T12:00:{at:02}.000000Z" for at in seconds]
    given: list[Changes] = [{} if moment is None else {"createdAt": moment} for moment in moments]
    writes = [step(thread_id, step_id, output="x", **fields) for fields in given]
    await arrive(store, writes, luck)
    expected = next((moment for moment in moments if moment is not None), None)
    found = (await get_step(store, writes[0])).fields["createdAt"]
    assert expected in (None, found)
