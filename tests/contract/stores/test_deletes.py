"""The contract of stores: deleted means deleted, with all below, and nothing comes back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import pytest

from datalayer.records import Outcome
from datalayer.stores.base import Store
from datalayer.writes import (
    DeleteStepsAfter,
    DeleteUser,
    SaveElement,
    SaveFeedback,
    SaveStep,
    Write,
)
from tests.support.builders import (
    ALICE,
    BOB,
    clock,
    delete_after,
    delete_element,
    delete_step,
    delete_thread,
    delete_user,
    element,
    element_ids,
    favorite,
    feedback,
    finish,
    found_by,
    get_step,
    get_thread,
    get_user,
    listed,
    new_id,
    outcome,
    outcomes,
    save,
    step,
    step_ids,
    thread,
    unchanged,
    upload,
    user,
)

# Threads


@dataclass(frozen=True)
class Whole:
    """A thread with one of everything that it can hold."""

    thread_id: str = field(default_factory=new_id)
    owner: str = ALICE

    @cached_property
    def key(self) -> str:
        return f"{self.thread_id}/file"

    @cached_property
    def parent(self) -> SaveStep:
        return step(self.thread_id, owner=self.owner, output="question")

    @cached_property
    def answer(self) -> SaveStep:
        return step(self.thread_id, parentId=self.parent.id, owner=self.owner, output="answer")

    @cached_property
    def attached(self) -> SaveElement:
        return element(self.thread_id, owner=self.owner, forId=self.answer.id, objectKey=self.key)

    @cached_property
    def judged(self) -> SaveFeedback:
        return feedback(self.parent, 0)

    @cached_property
    def writes(self) -> list[Write]:
        return [
            thread(self.thread_id, owner=self.owner, name="name", metadata={"a": 1}),
            self.parent,
            self.answer,
            self.attached,
            self.judged,
            favorite(self.answer),
        ]


async def test_a_deleted_thread_is_gone_with_all_below(store: Store) -> None:
    mine, kept = Whole(), Whole()
    await save(store, *mine.writes, *kept.writes)
    await save(store, delete_thread(mine.thread_id))
    assert await store.get_thread(mine.thread_id) is None
    assert await store.get_thread_author(mine.thread_id) is None
    assert await store.get_step(mine.parent.id) is None
    assert await store.get_step(mine.answer.id) is None
    assert await store.get_element(mine.thread_id, mine.attached.id) is None
    assert await store.get_feedback_step(mine.judged.id) is None
    assert await store.list_removals(5) == [mine.key]


async def test_a_deleted_thread_is_in_no_list(store: Store) -> None:
    mine, kept = Whole(), Whole()
    await save(store, *mine.writes, *kept.writes)
    await save(store, delete_thread(mine.thread_id))
    assert await listed(store) == [kept.thread_id]
    assert await listed(store, feedback=0) == [kept.thread_id]
    for text in ("question", "answer", "name"):
        assert await found_by(store, text) == [kept.thread_id]
    favorites = await store.get_favorites((await get_user(store)).id)
    assert [found.thread_id for found in favorites] == [kept.thread_id]
    assert [found.id async for found in store.threads()] == [kept.thread_id]


async def test_nothing_recreates_a_deleted_thread(store: Store) -> None:
    whole = Whole()
    thread_id = whole.thread_id
    await save(store, *whole.writes)
    await save(store, delete_thread(thread_id))
    late: list[Write] = [
        *whole.writes,
        thread(thread_id, name="late"),
        thread(thread_id, metadata={"late": True}),
        thread(thread_id),
        step(thread_id, output="late"),
        step(thread_id, owner=None, output="late"),
        step(thread_id, owner=BOB, output="late"),
        element(thread_id, name="late"),
        finish(upload(thread_id)),
    ]
    async with unchanged(store):
        for write in late:
            assert await outcome(store, write) is Outcome.GONE, write
        assert set(await outcomes(store, *late)) == {Outcome.GONE}


async def test_a_deletion_precedes_what_it_deletes(store: Store) -> None:
    thread_id = new_id()
    async with unchanged(store):
        assert await outcome(store, delete_thread(thread_id)) is Outcome.ABSENT
        assert await outcome(store, step(thread_id, output="late")) is Outcome.GONE
        assert await outcome(store, thread(thread_id, name="late")) is Outcome.GONE


async def test_deleting_a_thread_again_is_absent(store: Store) -> None:
    write = thread()
    await save(store, write, delete_thread(write.id))
    async with unchanged(store):
        assert await outcome(store, delete_thread(write.id)) is Outcome.ABSENT


async def test_within_a_batch_the_order_of_the_deletes_counts(store: Store) -> None:
    first, second = thread(name="first"), thread(name="second")
    late = step(first.id, output="late")
    batch: list[Write] = [first, delete_thread(first.id), late, second]
    assert await outcomes(store, *batch) == [
        Outcome.APPLIED,
        Outcome.APPLIED,
        Outcome.GONE,
        Outcome.APPLIED,
    ]
    assert await listed(store) == [second.id]


async def test_in_a_batch_what_went_with_its_thread_may_come_elsewhere(store: Store) -> None:
    gone = step(new_id(), output="gone", input="gone")
    await save(store, gone, feedback(gone))
    again = step(new_id(), gone.id, output="again")
    await save(store, delete_thread(gone.thread_id), again)
    found = await get_thread(store, again.thread_id)
    assert step_ids(found) == [gone.id]
    fields = found.steps[0].fields
    assert (fields["output"], fields["input"], found.steps[0].feedback) == ("again", None, None)


# Steps


async def test_a_deleted_step_is_gone_with_all_below(store: Store) -> None:
    thread_id = new_id()
    root = step(thread_id, output="root")
    child = step(thread_id, parentId=root.id, output="child")
    leaf = step(thread_id, parentId=child.id, output="leaf", metadata={"favorite": True})
    kept = step(thread_id, output="kept")
    files = [
        element(thread_id, forId=owner.id, objectKey=f"key/{owner.fields['output']}")
        for owner in (root, leaf, kept)
    ]
    loose = element(thread_id, objectKey="key/loose")
    judged = feedback(leaf, 0)
    await save(store, root, child, leaf, kept, *files, loose, judged, feedback(kept, 1))
    await save(store, delete_step(root))
    found = await get_thread(store, thread_id)
    assert step_ids(found) == [kept.id]
    assert element_ids(found) == [files[2].id, loose.id]
    assert found.steps[0].feedback is not None
    assert await store.get_feedback_step(judged.id) is None
    assert await store.get_favorites((await get_user(store)).id) == []
    assert sorted(await store.list_removals(5)) == ["key/leaf", "key/root"]
    for text, expected in (("root", []), ("child", []), ("leaf", []), ("kept", [thread_id])):
        assert await found_by(store, text) == expected


async def test_what_follows_a_step_is_gone_with_all_below(store: Store) -> None:
    thread_id = new_id()
    first = step(thread_id, output="first")
    edited = step(thread_id, output="edited")
    mine = element(thread_id, forId=edited.id)
    run = step(thread_id, parentId=edited.id, output="run")
    below = step(thread_id, parentId=run.id, output="below")
    shown = element(thread_id, forId=below.id, objectKey=f"{thread_id}/shown")
    judged = feedback(run)
    await save(store, first, edited, mine, run, below, shown, judged)
    await save(store, delete_after(edited))
    assert step_ids(await get_thread(store, thread_id)) == [first.id, edited.id]
    assert element_ids(await get_thread(store, thread_id)) == [mine.id]
    assert await store.list_removals(5) == [f"{thread_id}/shown"]
    assert await found_by(store, "below") == []
    assert await found_by(store, "edited") == [thread_id]
    again: list[Write] = [step(thread_id, below.id), element(thread_id, shown.id)]
    assert await outcomes(store, *again) == [Outcome.GONE] * 2
    assert await outcome(store, feedback(run)) is Outcome.GONE
    assert await outcome(store, delete_after(edited)) is Outcome.ABSENT


async def test_what_was_written_after_the_deletion_stays(store: Store) -> None:
    thread_id = new_id()
    edited = step(thread_id)
    old = step(thread_id)
    revision = clock.next()
    answer = step(thread_id)
    await save(store, edited, old, answer, delete_after(edited, revision=revision))
    assert step_ids(await get_thread(store, thread_id)) == [edited.id, answer.id]


async def test_what_follows_a_step_elsewhere_stays(store: Store) -> None:
    kept, follows, other = (step(new_id()) for _ in range(3))
    follows = step(kept.thread_id)
    await save(store, kept, follows, other)
    wrong = DeleteStepsAfter(id=kept.id, thread_id=other.thread_id, revision=clock.next())
    assert await outcome(store, wrong) is Outcome.REFUSED
    assert await outcome(store, delete_after(step(other.thread_id))) is Outcome.ABSENT
    assert step_ids(await get_thread(store, kept.thread_id)) == [kept.id, follows.id]


async def test_steps_that_are_each_others_parents_can_be_deleted(store: Store) -> None:
    thread_id, first, second = new_id(), new_id(), new_id()
    one, two = step(thread_id, first, parentId=second), step(thread_id, second, parentId=first)
    await save(store, one, two)
    await save(store, delete_step(one))
    assert (await get_thread(store, thread_id)).steps == ()


async def test_nothing_recreates_a_deleted_step(store: Store) -> None:
    parent = step(new_id(), output="x")
    child = step(parent.thread_id, parentId=parent.id, output="y")
    attached = element(parent.thread_id, forId=child.id, name="z")
    await save(store, parent, child, attached)
    await save(store, delete_step(parent))
    late: list[Write] = [
        parent,
        child,
        attached,
        step(parent.thread_id, parent.id, output="late"),
        step(parent.thread_id, child.id, owner=None, isError=True),
        favorite(parent),
    ]
    async with unchanged(store):
        for write in late:
            assert await outcome(store, write) is Outcome.GONE, write


async def test_a_deletion_precedes_the_step(store: Store) -> None:
    write = step(new_id(), output="late")
    await save(store, thread(write.thread_id))
    async with unchanged(store):
        assert await outcome(store, delete_step(write)) is Outcome.ABSENT
        assert await outcome(store, write) is Outcome.GONE


async def test_a_deletion_precedes_the_step_and_its_thread(store: Store) -> None:
    write = step(new_id(), output="late")
    async with unchanged(store):
        assert await outcome(store, delete_step(write)) is Outcome.ABSENT
        assert await outcome(store, write) is Outcome.GONE


async def test_a_deletion_takes_what_came_before_its_step(store: Store) -> None:
    absent = step(new_id(), output="never came")
    child = step(absent.thread_id, parentId=absent.id, output="child")
    attached = element(absent.thread_id, forId=absent.id, objectKey="a/key")
    kept = step(absent.thread_id, output="kept")
    await save(store, child, attached, kept)
    await outcome(store, delete_step(absent))
    found = await get_thread(store, absent.thread_id)
    assert (step_ids(found), element_ids(found)) == ([kept.id], [])
    assert await store.list_removals(5) == ["a/key"]


@pytest.mark.parametrize("there", [True, False])
async def test_deleting_a_step_under_another_thread_is_refused(store: Store, there: bool) -> None:
    write, other = step(new_id(), output="x"), thread()
    await save(store, write, *([other] if there else []))
    wrong = delete_step(step(other.id, write.id))
    async with unchanged(store):
        assert await outcome(store, wrong) is Outcome.REFUSED
    await save(store, step(write.thread_id, write.id, output="y"))
    assert (await get_step(store, write)).fields["output"] == "y"


# Elements


async def test_a_deleted_element_is_gone(store: Store) -> None:
    write = element(new_id(), name="a.txt", objectKey="a/key")
    kept = element(write.thread_id, name="b.txt", objectKey="b/key")
    await save(store, write, kept)
    await save(store, delete_element(write))
    assert await store.get_element(write.thread_id, write.id) is None
    assert element_ids(await get_thread(store, write.thread_id)) == [kept.id]
    assert await store.list_removals(5) == ["a/key"]


async def test_the_file_of_an_element_that_was_not_ready_is_recorded(store: Store) -> None:
    write = upload(new_id(), name="a.txt")
    await save(store, write, delete_element(write))
    assert await store.list_removals(5) == [write.fields["objectKey"]]


async def test_nothing_recreates_a_deleted_element(store: Store) -> None:
    write = element(new_id(), name="a.txt")
    await save(store, write, delete_element(write))
    async with unchanged(store):
        assert await outcome(store, write) is Outcome.GONE
        late = element(write.thread_id, write.id, owner=None, name="late")
        assert await outcome(store, late) is Outcome.GONE
        assert await outcome(store, delete_element(write)) is Outcome.ABSENT


@pytest.mark.parametrize("there", [True, False])
async def test_a_deletion_precedes_the_element(store: Store, there: bool) -> None:
    write = element(new_id(), name="a.txt")
    await save(store, *([thread(write.thread_id)] if there else []))
    async with unchanged(store):
        assert await outcome(store, delete_element(write)) is Outcome.ABSENT
        assert await outcome(store, write) is Outcome.GONE


async def test_deleting_an_element_under_another_thread_is_refused(store: Store) -> None:
    write, other = element(new_id(), name="x", objectKey="a/key"), thread()
    await save(store, write, other)
    async with unchanged(store):
        wrong = delete_element(element(other.id, write.id))
        assert await outcome(store, wrong) is Outcome.REFUSED
    assert await store.list_removals(5) == []


# Users


async def test_a_deleted_user_is_gone_with_all_below(store: Store) -> None:
    mine, kept = [Whole(), Whole()], Whole(owner=BOB)
    for whole in (*mine, kept):
        await save(store, *whole.writes)
    before = await get_user(store)
    await save(store, delete_user())
    assert await store.get_user(ALICE) is None
    assert await store.get_user_by_id(before.id) is None
    assert [found.id async for found in store.threads()] == [kept.thread_id]
    assert [found.identifier async for found in store.users()] == [BOB]
    assert (await store.list_threads(before.id, first=5)).threads == []
    assert await store.get_favorites(before.id) == []
    assert sorted(await store.list_removals(5)) == sorted(whole.key for whole in mine)


@pytest.mark.parametrize("together", [True, False])
async def test_threads_of_a_deleted_user_do_not_come_back(store: Store, together: bool) -> None:
    write, gone = step(new_id(), output="x"), delete_user()
    batches: list[list[Write]] = [[write, gone]] if together else [[write], [gone]]
    for batch in batches:
        await save(store, *batch)
    async with unchanged(store):
        late: list[Write] = [
            write,
            step(write.thread_id, output="late"),
            thread(write.thread_id, name="late"),
        ]
        assert await outcomes(store, *late) == [Outcome.GONE] * 3


@pytest.mark.parametrize("user_first", [True, False])
async def test_a_thread_deleted_with_its_user_and_by_itself_remembers_the_later(
    store: Store, user_first: bool
) -> None:
    write = step(new_id(), output="x")
    await save(store, write)
    both: list[Write] = [delete_user(), delete_thread(write.thread_id)]
    await outcomes(store, *(both if user_first else both[::-1]))
    assert await outcome(store, both[1]) is Outcome.REPEATED


Maker = Callable[[int], Write]
REVIVALS: dict[str, Maker] = {
    "user": lambda revision: user(ALICE, {"again": True}, revision=revision),
    "thread": lambda revision: thread(revision=revision),
    "step": lambda revision: step(new_id(), output="x", revision=revision),
    "element": lambda revision: element(new_id(), name="x", revision=revision),
}


@pytest.mark.parametrize("kind", REVIVALS)
@pytest.mark.parametrize("first", [True, False])
async def test_a_deleted_user_is_made_again_only_by_a_newer_write(
    store: Store, kind: str, first: bool
) -> None:
    if not first:
        await save(store, user(metadata={"role": "admin"}))
    gone = delete_user()
    expected = Outcome.ABSENT if first else Outcome.APPLIED
    assert await outcome(store, gone) is expected
    async with unchanged(store):
        for revision in (gone.revision, gone.revision - 1):
            assert await outcome(store, REVIVALS[kind](revision)) is Outcome.GONE
    await save(store, REVIVALS[kind](clock.next()))
    assert (await get_user(store)).metadata == ({"again": True} if kind == "user" else {})


async def test_an_older_deletion_leaves_a_user_that_was_made_again(store: Store) -> None:
    gone = delete_user()
    await save(store, user(metadata={"again": True}))
    async with unchanged(store):
        assert await outcome(store, gone) is Outcome.STALE


async def test_an_older_deletion_leaves_a_user_whom_a_step_made_again(store: Store) -> None:
    gone = delete_user()
    write = step(new_id(), output="x")
    await save(store, write)
    async with unchanged(store):
        assert await outcome(store, gone) is Outcome.STALE


@pytest.mark.parametrize("older_first", [True, False])
@pytest.mark.parametrize("kind", ["user", "step"])
async def test_in_a_batch_the_newer_write_makes_a_deleted_user_again(
    store: Store, kind: str, older_first: bool
) -> None:
    older: Write = REVIVALS[kind](clock.next())
    await outcome(store, delete_user())
    newer = REVIVALS[kind](clock.next())
    batch = [older, newer] if older_first else [newer, older]
    found = await outcomes(store, *batch)
    assert found[batch.index(newer)] is Outcome.APPLIED
    assert (await get_user(store)).identifier == ALICE


async def test_deleting_a_user_that_never_was(store: Store) -> None:
    await save(store, step(new_id(), owner=BOB))
    async with unchanged(store):
        write = DeleteUser(identifier="nobody", revision=clock.next())
        assert await outcome(store, write) is Outcome.ABSENT
