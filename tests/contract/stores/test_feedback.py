"""The contract of stores: a step has one feedback, the newest."""

import pytest

from datalayer.records import Outcome
from datalayer.stores.base import Store
from datalayer.writes import SaveFeedback, Write
from tests.support.builders import (
    clock,
    delete_feedback,
    delete_step,
    delete_thread,
    feedback,
    get_step,
    get_thread,
    listed,
    new_id,
    outcome,
    outcomes,
    save,
    step,
    thread,
    unchanged,
)


async def test_feedback_comes_back_with_its_step(store: Store) -> None:
    target, other = step(new_id(), output="x"), step(new_id(), output="y")
    write = feedback(target, 0, comment="too long")
    await save(store, target, other, write)
    found = (await get_step(store, target)).feedback
    assert found is not None
    assert (found.value, found.comment) == (0, "too long")
    assert (found.step_id, found.thread_id) == (target.id, target.thread_id)
    assert (await get_thread(store, target.thread_id)).steps[0].feedback == found
    assert await store.get_feedback_step(found.id) == await get_step(store, target)
    assert (await get_step(store, other)).feedback is None


async def test_the_result_says_the_feedbacks_id(store: Store) -> None:
    target = step(new_id(), output="x")
    await save(store, target)
    first, again = feedback(target, 1), feedback(target, 0)
    older = feedback(target, 1, revision=first.revision - 1)
    for write in (first, again, older):
        [result] = await store.apply([write])
        found = (await get_step(store, target)).feedback
        assert found is not None
        assert result.id == found.id


async def test_a_step_has_one_feedback(store: Store) -> None:
    target = step(new_id(), output="x")
    await save(store, target, feedback(target, 1, comment="good"))
    await save(store, feedback(target, 0))
    found = await get_thread(store, target.thread_id)
    assert len(found.steps) == 1
    assert found.steps[0].feedback is not None
    assert (found.steps[0].feedback.value, found.steps[0].feedback.comment) == (0, None)


async def test_the_newest_of_a_batch_counts(store: Store) -> None:
    target = step(new_id(), output="x")
    older, newer = feedback(target, 0), feedback(target, 1)
    assert await outcomes(store, target, newer, older) == [
        Outcome.APPLIED,
        Outcome.APPLIED,
        Outcome.STALE,
    ]
    found = (await get_step(store, target)).feedback
    assert found is not None
    assert found.value == 1


async def test_older_feedback_changes_nothing(store: Store) -> None:
    target = step(new_id(), output="x")
    older, newer = feedback(target, 0, comment="no"), feedback(target, 1)
    await save(store, target, newer)
    async with unchanged(store):
        assert await outcome(store, older) is Outcome.STALE
        assert await outcome(store, newer) is Outcome.REPEATED


@pytest.mark.parametrize("there", [True, False])
async def test_feedback_on_an_absent_step_is_refused(store: Store, there: bool) -> None:
    target = step(new_id(), output="x")
    await save(store, *([thread(target.thread_id)] if there else []))
    async with unchanged(store):
        assert await outcome(store, feedback(target)) is Outcome.REFUSED


@pytest.mark.parametrize("there", [True, False])
async def test_feedback_under_another_thread_is_refused(store: Store, there: bool) -> None:
    target, other = step(new_id(), output="x"), thread()
    await save(store, target, *([other] if there else []))
    async with unchanged(store):
        wrong = feedback(target, thread_id=other.id)
        assert await outcome(store, wrong) is Outcome.REFUSED


async def test_refused_feedback_does_not_keep_the_others_of_its_batch_away(store: Store) -> None:
    target, absent = step(new_id(), output="x"), step(new_id(), output="y")
    batch: list[Write] = [target, feedback(absent), feedback(target, 0)]
    assert await outcomes(store, *batch) == [Outcome.APPLIED, Outcome.REFUSED, Outcome.APPLIED]
    assert (await get_step(store, target)).feedback is not None


async def test_feedback_is_taken_back(store: Store) -> None:
    target = step(new_id(), output="x")
    write = feedback(target, 0)
    [_, result] = await store.apply([target, write])
    assert result.id is not None
    await save(store, delete_feedback(result.id))
    assert (await get_step(store, target)).feedback is None
    assert await store.get_feedback_step(result.id) is None
    assert await listed(store, feedback=0) == []
    async with unchanged(store):
        assert await outcome(store, delete_feedback(result.id)) is Outcome.ABSENT


async def test_feedback_that_was_taken_back_returns_only_by_a_newer_write(store: Store) -> None:
    target = step(new_id(), output="x")
    write, late = feedback(target, 0), feedback(target, 0, comment="late")
    await save(store, target, write)
    await save(store, delete_feedback(write.id))
    async with unchanged(store):
        assert await outcomes(store, write, late) == [Outcome.GONE, Outcome.GONE]
    await save(store, feedback(target, 1))
    found = (await get_step(store, target)).feedback
    assert found is not None
    assert found.value == 1


async def test_feedback_taken_back_before_it_arrives(store: Store) -> None:
    target = step(new_id(), output="x")
    write = feedback(target, 0)
    await save(store, target)
    assert await outcome(store, delete_feedback(write.id)) is Outcome.ABSENT
    async with unchanged(store):
        assert await outcome(store, write) is Outcome.GONE


async def test_taking_back_an_older_feedback_leaves_a_newer_one(store: Store) -> None:
    target = step(new_id(), output="x")
    first = feedback(target, 0)
    taken_back = delete_feedback(first.id)
    second = feedback(target, 1)
    for write in (target, first, taken_back, second):
        await save(store, write)
    async with unchanged(store):
        assert await outcome(store, taken_back) is Outcome.STALE


async def test_fields_of_a_feedback_that_we_do_not_know_come_back(store: Store) -> None:
    target = step(new_id(), output="x")
    write = SaveFeedback(
        step_id=target.id,
        thread_id=target.thread_id,
        value=1,
        extra={"strategy": "stars", "n": 5},
        revision=clock.next(),
    )
    await save(store, target, write)
    found = (await get_step(store, target)).feedback
    assert found is not None
    assert found.extra == {"strategy": "stars", "n": 5}


async def test_feedback_goes_with_its_step(store: Store) -> None:
    target = step(new_id(), output="x")
    write = feedback(target, 0)
    await save(store, target, write, delete_step(target))
    assert await store.get_feedback_step(write.id) is None
    assert await listed(store, feedback=0) == []
    async with unchanged(store):
        assert await outcome(store, feedback(target)) in {Outcome.GONE, Outcome.REFUSED}


async def test_feedback_goes_with_its_thread(store: Store) -> None:
    target = step(new_id(), output="x")
    write = feedback(target, 0)
    await save(store, target, write, delete_thread(target.thread_id))
    assert await store.get_feedback_step(write.id) is None
    async with unchanged(store):
        assert await outcome(store, feedback(target)) is Outcome.GONE


async def test_feedback_survives_an_update_of_its_step(store: Store) -> None:
    target = step(new_id(), output="x")
    await save(store, target, feedback(target, 0, comment="no"))
    await save(store, step(target.thread_id, target.id, output="y"))
    found = await get_step(store, target)
    assert found.fields["output"] == "y"
    assert found.feedback is not None
    assert found.feedback.comment == "no"
