"""The contract of stores: steps, their order on the page, and favourites."""

from typing import Any

import pytest

from datalayer.records import Outcome
from datalayer.stores.base import Store
from datalayer.values import time_of_revision
from datalayer.writes import SetFavorite, Write
from tests.support.builders import (
    ALICE,
    BOB,
    clock,
    favorite,
    feedback,
    get_step,
    get_thread,
    get_user,
    ids,
    listed,
    new_id,
    outcome,
    outcomes,
    save,
    step,
    step_ids,
    thread,
    unchanged,
)

NOON = "2026-01-02T12:00:00.000000Z"
LATER = "2026-01-02T12:00:00.000001Z"


async def test_a_step_before_its_thread(store: Store) -> None:
    write = step(new_id(), output="x")
    await save(store, write)
    await save(store, thread(write.thread_id, name="A name"))
    found = await get_thread(store, write.thread_id)
    assert (found.name, step_ids(found)) == ("A name", [write.id])


async def test_a_step_before_its_thread_in_one_batch(store: Store) -> None:
    write = step(new_id(), output="x")
    await save(store, write, thread(write.thread_id, name="A name"))
    found = await get_thread(store, write.thread_id)
    assert (found.name, step_ids(found)) == ("A name", [write.id])


async def test_a_step_is_the_same_alone_and_in_its_thread(store: Store) -> None:
    write = step(new_id(), name="a", output="x", metadata={"b": 1}, later="kept")
    await save(store, write)
    alone = await get_step(store, write)
    assert alone.thread_id == write.thread_id
    assert alone.revision == write.revision
    assert (await get_thread(store, write.thread_id)).steps == (alone,)


async def test_an_update_before_its_create(store: Store) -> None:
    thread_id, step_id = new_id(), new_id()
    create = step(thread_id, step_id, name="bot", input="question", output="", createdAt=NOON)
    update = step(thread_id, step_id, output="answer")
    await save(store, update)
    assert await outcome(store, create) is Outcome.APPLIED
    fields = (await get_step(store, create)).fields
    assert (fields["name"], fields["input"]) == ("bot", "question")
    assert (fields["output"], fields["createdAt"]) == ("answer", NOON)


async def test_a_partial_update_of_a_step_erases_nothing(store: Store) -> None:
    create = step(new_id(), name="bot", output="x", metadata={"a": 1}, later="kept")
    await save(store, create)
    before = (await get_step(store, create)).fields
    await save(store, step(create.thread_id, create.id, isError=True))
    after = (await get_step(store, create)).fields
    assert after == {**before, "isError": True}


async def test_a_field_can_be_cleared(store: Store) -> None:
    create = step(new_id(), output="x", command="search", language="python")
    await save(store, create)
    await save(store, step(create.thread_id, create.id, output="", command=None))
    fields = (await get_step(store, create)).fields
    assert (fields["output"], fields["command"]) == ("", None)
    assert fields["language"] == "python"


async def test_fields_that_were_never_written_are_none(store: Store) -> None:
    write = step(new_id())
    await save(store, write)
    fields = dict((await get_step(store, write)).fields)
    assert fields.pop("createdAt") == time_of_revision(write.revision)
    assert set(fields.values()) == {None}


async def test_writing_a_step_again_changes_nothing(store: Store) -> None:
    write = step(new_id(), output="x", later="kept")
    await save(store, write)
    async with unchanged(store):
        assert await outcome(store, write) is Outcome.REPEATED


async def test_an_older_write_overwrites_nothing(store: Store) -> None:
    thread_id, step_id = new_id(), new_id()
    older = step(thread_id, step_id, createdAt=NOON, output="older", later="older")
    newer = step(thread_id, step_id, createdAt=NOON, output="newer", later="newer")
    await save(store, newer)
    async with unchanged(store):
        assert await outcome(store, older) is Outcome.STALE


async def test_an_older_write_does_not_fill_what_a_newer_one_has_emptied(store: Store) -> None:
    thread_id, step_id = new_id(), new_id()
    older = step(thread_id, step_id, command="search", end=NOON)
    newer = step(thread_id, step_id, command=None, end=None)
    await save(store, newer)
    await outcome(store, older)
    fields = (await get_step(store, newer)).fields
    assert (fields["command"], fields["end"]) == (None, None)


async def test_the_newest_of_two_late_writes_counts(store: Store) -> None:
    thread_id, step_id = new_id(), new_id()
    create = step(thread_id, step_id, name="bot", output="")
    update = step(thread_id, step_id, output="answer")
    latest = step(thread_id, step_id, isError=True)
    for write in (create, latest, update):
        await outcome(store, write)
    fields = (await get_step(store, create)).fields
    assert (fields["name"], fields["output"], fields["isError"]) == ("bot", "answer", True)


async def test_within_a_batch_the_newest_revision_counts(store: Store) -> None:
    thread_id, step_id = new_id(), new_id()
    create = step(thread_id, step_id, name="bot", output="")
    update = step(thread_id, step_id, output="answer")
    assert await outcomes(store, update, create) == [Outcome.APPLIED, Outcome.APPLIED]
    fields = (await get_step(store, create)).fields
    assert (fields["name"], fields["output"]) == ("bot", "answer")


@pytest.mark.parametrize("together", [True, False])
async def test_the_creation_of_a_step_is_written_once(store: Store, together: bool) -> None:
    create = step(new_id(), output="x", createdAt=NOON)
    update = step(create.thread_id, create.id, output="y", createdAt=LATER)
    if together:
        await save(store, create, update)
    else:
        await save(store, create)
        await save(store, update)
    fields = (await get_step(store, create)).fields
    assert (fields["output"], fields["createdAt"]) == ("y", NOON)


# The order on the page


async def test_steps_are_ordered_by_creation(store: Store) -> None:
    thread_id = new_id()
    moments = [f"2026-01-02T12:00:00.{number:06}Z" for number in (3, 1, 4, 2, 0)]
    writes = [step(thread_id, output="x", createdAt=moment) for moment in moments]
    await save(store, *writes)
    in_order = sorted(writes, key=lambda write: str(write.fields["createdAt"]))
    assert step_ids(await get_thread(store, thread_id)) == [write.id for write in in_order]


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("moment", [NOON, None])
async def test_steps_of_one_moment_are_ordered_by_arrival(
    store: Store, moment: str | None, together: bool
) -> None:
    thread_id = new_id()
    given: dict[str, Any] = {} if moment is None else {"createdAt": moment}
    writes = [step(thread_id, **given) for _ in range(12)]
    for batch in [writes] if together else [[write] for write in writes]:
        await save(store, *batch)
    expected = [write.id for write in writes]
    assert step_ids(await get_thread(store, thread_id)) == expected
    await save(store, *[step(thread_id, name, output="x") for name in reversed(expected)])
    assert step_ids(await get_thread(store, thread_id)) == expected


async def test_times_of_all_kinds_are_ordered_as_moments(store: Store) -> None:
    thread_id = new_id()
    moments = [
        "2026-01-02T12:00:00+02:00",
        "2026-01-02T10:30:00",
        "2026-01-02T11:00:00.5Z",
        "2026-01-02T06:00:01-05:00",
    ]
    writes = [step(thread_id, createdAt=moment) for moment in moments]
    await save(store, *reversed(writes))
    expected = [write.id for write in writes]
    assert step_ids(await get_thread(store, thread_id)) == expected


async def test_a_child_before_its_parent(store: Store) -> None:
    thread_id, parent_id, child_id = new_id(), new_id(), new_id()
    child = step(thread_id, child_id, parentId=parent_id, createdAt=NOON)
    await save(store, child)
    [alone] = (await get_thread(store, thread_id)).steps
    assert alone.fields["parentId"] is None
    await save(store, step(thread_id, parent_id, createdAt=LATER))
    found = await get_thread(store, thread_id)
    assert step_ids(found) == [parent_id, child_id]
    assert found.steps[1].fields["parentId"] == parent_id


async def test_each_step_follows_its_parent(store: Store) -> None:
    thread_id, chain = new_id(), ids(6)
    writes = [
        step(thread_id, name, parentId=parent, createdAt=f"2026-01-02T12:00:0{9 - number}Z")
        for number, (name, parent) in enumerate(zip(chain, [None, *chain[:-1]], strict=True))
    ]
    await save(store, *writes)
    found = await get_thread(store, thread_id)
    assert step_ids(found) == chain
    assert [record.fields["parentId"] for record in found.steps] == [None, *chain[:-1]]


async def test_a_parent_in_another_thread_is_missing(store: Store) -> None:
    parent = step(new_id(), output="x")
    child = step(new_id(), output="y", parentId=parent.id)
    await save(store, parent, child)
    [found] = (await get_thread(store, child.thread_id)).steps
    assert found.fields["parentId"] is None


# Favourites


async def test_a_favourite_leaves_the_rest_of_the_metadata_alone(store: Store) -> None:
    write = step(new_id(), output="x", metadata={"location": "here", "n": 1})
    await save(store, write)
    before = await get_step(store, write)
    await save(store, favorite(write))
    after = (await get_step(store, write)).fields
    assert after == {
        **before.fields,
        "metadata": {"location": "here", "n": 1, "favorite": True},
    }
    await save(store, favorite(write, value=False))
    assert (await get_step(store, write)).fields["metadata"] == {
        "location": "here",
        "n": 1,
        "favorite": False,
    }


async def test_favourites_are_a_users_own_newest_first(store: Store) -> None:
    first, second = step(new_id(), createdAt=NOON), step(new_id(), createdAt=LATER)
    ordinary, other = step(first.thread_id, createdAt=NOON), step(new_id(), owner=BOB)
    await save(store, second, first, ordinary, other)
    await save(store, favorite(first), favorite(second), favorite(other))
    alice, bob = await get_user(store), await get_user(store, BOB)
    found = await store.get_favorites(alice.id)
    assert found == [await get_step(store, second), await get_step(store, first)]
    assert [record.id for record in await store.get_favorites(bob.id)] == [other.id]
    await save(store, favorite(second, value=False))
    assert [record.id for record in await store.get_favorites(alice.id)] == [first.id]


async def test_a_step_saved_as_a_favourite_is_one(store: Store) -> None:
    write = step(new_id(), metadata={"favorite": True})
    await save(store, write)
    owner = await get_user(store)
    assert [record.id for record in await store.get_favorites(owner.id)] == [write.id]
    await save(store, step(write.thread_id, write.id, output="x"))
    assert len(await store.get_favorites(owner.id)) == 1
    await save(store, step(write.thread_id, write.id, metadata={"kept": True}))
    assert (await get_step(store, write)).fields["metadata"] == {"kept": True, "favorite": True}
    await save(store, step(write.thread_id, write.id, metadata={"favorite": False}))
    assert await store.get_favorites(owner.id) == []


async def test_a_favourite_that_arrives_late_is_one(store: Store) -> None:
    thread_id, step_id = new_id(), new_id()
    older = step(thread_id, step_id, metadata={"favorite": True})
    await save(store, step(thread_id, step_id, output="x"))
    await outcome(store, older)
    owner = await get_user(store)
    assert [record.id for record in await store.get_favorites(owner.id)] == [step_id]


async def test_a_favourite_is_applied_in_the_order_of_the_batch(store: Store) -> None:
    write = step(new_id(), output="x")
    await save(store, write)
    batch: list[Write] = [
        favorite(write),
        step(write.thread_id, write.id, metadata={"favorite": False}),
    ]
    await store.apply(batch)
    assert (await get_step(store, write)).fields["metadata"] == {"favorite": False}


async def test_setting_a_favourite_again_changes_nothing(store: Store) -> None:
    write = step(new_id(), output="x")
    mark = favorite(write)
    await save(store, write, mark)
    async with unchanged(store):
        assert await outcome(store, mark) is Outcome.REPEATED


async def test_an_older_favourite_does_not_replace_a_newer_one(store: Store) -> None:
    write = step(new_id(), output="x")
    older, newer = favorite(write, value=False), favorite(write)
    await save(store, write, newer)
    async with unchanged(store):
        assert await outcome(store, older) is Outcome.STALE


async def test_an_older_step_does_not_take_a_favourite_away(store: Store) -> None:
    write = step(new_id(), output="x", metadata={})
    update = step(write.thread_id, write.id, output="y", metadata={})
    mark = favorite(write)
    await save(store, write, mark)
    await outcome(store, update)
    assert (await get_step(store, write)).fields["metadata"] == {"favorite": True}


async def test_a_favourite_of_an_absent_step(store: Store) -> None:
    write = step(new_id(), output="x")
    await save(store, write)
    absent = SetFavorite(
        step_id=new_id(), thread_id=write.thread_id, favorite=True, revision=clock.next()
    )
    nowhere = SetFavorite(
        step_id=new_id(), thread_id=new_id(), favorite=True, revision=clock.next()
    )
    async with unchanged(store):
        assert await outcomes(store, absent, nowhere) == [Outcome.ABSENT, Outcome.ABSENT]


@pytest.mark.parametrize("there", [True, False])
async def test_a_favourite_under_another_thread_is_refused(store: Store, there: bool) -> None:
    write, other = step(new_id(), output="x"), thread()
    await save(store, write, *([other] if there else []))
    wrong = SetFavorite(step_id=write.id, thread_id=other.id, favorite=True, revision=clock.next())
    async with unchanged(store):
        assert await outcome(store, wrong) is Outcome.REFUSED
    if there:
        assert await store.get_favorites((await get_user(store, ALICE)).id) == []


async def test_hidden_steps_are_read_as_others_are(store: Store) -> None:
    thread_id = new_id()
    said = step(thread_id, output="x", hidden=True, metadata={"favorite": True})
    await save(store, said, step(thread_id, output="y"), feedback(said))
    record = await get_thread(store, thread_id)
    assert [found.fields["hidden"] for found in record.steps] == [True, None]
    assert await get_step(store, said) == record.steps[0]
    user = await get_user(store)
    assert await store.get_favorites(user.id) == [record.steps[0]]
    assert await listed(store, feedback=1) == [thread_id]
    assert [found async for found in store.threads()] == [record]


async def test_a_step_that_is_saved_stays_hidden(store: Store) -> None:
    said = step(new_id(), output="x", hidden=True)
    await save(store, said, step(said.thread_id, said.id, output="y", metadata={}))
    assert (await get_step(store, said)).fields["hidden"] is True
    await save(store, step(said.thread_id, said.id, hidden=False))
    found = await get_step(store, said)
    assert (found.fields["hidden"], found.fields["output"]) == (False, "y")
