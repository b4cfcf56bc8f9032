"""The contract of stores: lists of threads, by last activity, page by page."""

import base64
import json

import pytest

from datalayer.records import ThreadRecord
from datalayer.stores.base import Store
from datalayer.values import time_of_revision
from tests.support.builders import (
    BOB,
    clock,
    delete_step,
    delete_thread,
    element,
    favorite,
    feedback,
    finish,
    get_thread,
    get_user,
    listed,
    new_id,
    outcome,
    save,
    step,
    thread,
    upload,
    user,
)


async def pages(store: Store, first: int, **filters: str | int) -> list[list[str]]:
    """All pages of Alice's threads, as ids."""
    owner = await get_user(store)
    found: list[list[str]] = []
    cursor: str | None = None
    while not found or cursor is not None:
        page = await store.list_threads(owner.id, first=first, after=cursor, **filters)  # type: ignore[arg-type]
        found.append([record.id for record in page.threads])
        cursor = page.next_cursor
    return found


async def many(store: Store, count: int) -> list[str]:
    """Save threads and return their ids, latest activity first."""
    writes = [thread(name=f"number {number}") for number in range(count)]
    await save(store, *writes)
    return [write.id for write in reversed(writes)]


async def test_a_list_has_threads_without_what_is_in_them(store: Store) -> None:
    write = thread(name="A name", tags=("one",), metadata={"is_shared": True})
    await save(store, write, step(write.id, output="x"), element(write.id, name="y"))
    owner = await get_user(store)
    page = await store.list_threads(owner.id, first=5)
    [found] = page.threads
    whole = await get_thread(store, write.id)
    assert found == ThreadRecord(
        id=write.id,
        created_at=whole.created_at,
        updated_at=whole.updated_at,
        name="A name",
        user_id=owner.id,
        owner=owner.identifier,
        tags=("one",),
        metadata={"is_shared": True},
    )
    assert page.next_cursor is None


async def test_the_latest_activity_comes_first(store: Store) -> None:
    first, second, third = [thread(), thread(), thread()]
    await save(store, first, second, third)
    assert await listed(store) == [third.id, second.id, first.id]
    await save(store, step(first.id, output="x"))
    assert await listed(store) == [first.id, third.id, second.id]
    await save(store, element(second.id, name="x"))
    assert await listed(store) == [second.id, first.id, third.id]


async def test_the_last_activity_is_the_moment_of_the_revision(store: Store) -> None:
    write = thread()
    await save(store, write)
    for activity in (step(write.id, output="x"), element(write.id, name="x")):
        await save(store, activity)
        found = await get_thread(store, write.id)
        assert found.updated_at == time_of_revision(activity.revision)


async def test_what_is_late_does_not_move_a_thread_back(store: Store) -> None:
    late = clock.next()
    write = thread()
    await save(store, write, step(write.id, output="x"))
    before = (await get_thread(store, write.id)).updated_at
    await save(store, step(write.id, output="late", revision=late))
    assert (await get_thread(store, write.id)).updated_at == before


async def test_only_steps_and_elements_are_activity(store: Store) -> None:
    write = thread(name="A name")
    target, attached = step(write.id, output="x"), upload(write.id, name="a.txt")
    await save(store, write, target, attached)
    await save(store, thread())
    before, order = (await get_thread(store, write.id)).updated_at, await listed(store)
    for change in (
        thread(write.id, name="Another name"),
        thread(write.id, metadata={"a": 1}),
        thread(write.id, tags=("one",)),
        feedback(target),
        favorite(target),
        finish(attached),
        user(metadata={"a": 1}),
    ):
        await save(store, change)
        assert (await get_thread(store, write.id)).updated_at == before, change
    assert await listed(store) == order
    assert await outcome(store, thread(write.id)) is not None
    assert (await get_thread(store, write.id)).updated_at == before


async def test_threads_of_one_moment_are_ordered_by_id(store: Store) -> None:
    revision = clock.next()
    writes = [thread(revision=revision) for _ in range(20)]
    await save(store, *writes)
    expected = sorted((write.id for write in writes), reverse=True)
    assert await listed(store) == expected
    assert await pages(store, 3) == [expected[at : at + 3] for at in range(0, 20, 3)]


# Pages


@pytest.mark.parametrize(("count", "first"), [(0, 3), (2, 3), (3, 3), (4, 3), (6, 3), (7, 1)])
async def test_a_page_has_as_many_as_asked_while_there_are_so_many(
    store: Store, count: int, first: int
) -> None:
    await save(store, user())
    expected = await many(store, count)
    found = await pages(store, first)
    assert [name for page in found for name in page] == expected
    assert all(len(page) == first for page in found[:-1])
    assert len(found) == max(1, -(-count // first))


async def test_a_page_of_search_and_feedback_is_as_full(store: Store) -> None:
    expected: list[str] = []
    for number in range(30):
        write = step(new_id(), output="needle" if number % 3 == 0 else "hay")
        await save(store, write, feedback(write, number % 2))
        if number % 6 == 0:
            expected.insert(0, write.thread_id)
    found = await pages(store, 2, search="needle", feedback=0)
    assert found == [expected[0:2], expected[2:4], expected[4:]]


async def test_a_cursor_is_stable_while_threads_are_added(store: Store) -> None:
    expected = await many(store, 9)
    owner = await get_user(store)
    seen: list[str] = []
    cursor: str | None = None
    while not seen or cursor is not None:
        page = await store.list_threads(owner.id, first=3, after=cursor)
        seen += [record.id for record in page.threads]
        cursor = page.next_cursor
        await many(store, 2)
    assert seen == expected


async def test_a_cursor_is_stable_while_its_thread_is_deleted_or_moves(store: Store) -> None:
    expected = await many(store, 6)
    owner = await get_user(store)
    cursor = (await store.list_threads(owner.id, first=3)).next_cursor
    await save(store, delete_thread(expected[2]), step(expected[1], output="x"))
    page = await store.list_threads(owner.id, first=3, after=cursor)
    assert [record.id for record in page.threads] == expected[3:]


def packed(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


SOME_ID = "0c5e1d4e-8f0b-4c55-9d5a-3b1b7f1d2a10"
NO_CURSORS = [
    "nonsense",
    "'; DROP TABLE threads; --",
    "\x00",
    "ü",
    "e30=",
    packed([]),
    packed(["2026-01-02T12:00:00.000000Z"]),
    packed(["2026-01-02T12:00:00.000000Z", "no uuid"]),
    packed(["no time", SOME_ID]),
    packed([1, 2]),
    packed("ab"),
    packed({"a": 1, "b": 2}),
]


@pytest.mark.parametrize("cursor", NO_CURSORS)
async def test_a_cursor_that_no_page_gave_is_an_error(store: Store, cursor: str) -> None:
    await many(store, 3)
    owner = await get_user(store)
    with pytest.raises(ValueError, match="cursor"):
        await store.list_threads(owner.id, first=3, after=cursor)


# Whose threads, and which


async def test_a_list_has_only_a_users_own_threads(store: Store) -> None:
    mine, theirs = thread(name="A name"), thread(name="A name", owner=BOB)
    await save(store, mine, theirs, thread(name="A name", owner=None))
    assert await listed(store) == [mine.id]
    assert await listed(store, BOB) == [theirs.id]
    page = await store.list_threads(new_id(), first=5)
    assert (list(page.threads), page.next_cursor) == ([], None)


async def test_the_feedback_filter(store: Store) -> None:
    down, up, both, none = [step(new_id(), output="x") for _ in range(4)]
    also = step(both.thread_id, output="y")
    await save(
        store,
        *(down, up, both, also, none),
        *(feedback(down, 0), feedback(up, 1), feedback(both, 0), feedback(also, 1)),
    )
    assert await listed(store, feedback=0) == [both.thread_id, down.thread_id]
    assert await listed(store, feedback=1) == [both.thread_id, up.thread_id]
    await save(store, feedback(down, 1))
    assert await listed(store, feedback=0) == [both.thread_id]
    assert len(await listed(store)) == 4


async def test_the_feedback_filter_knows_what_is_left(store: Store) -> None:
    one, other = step(new_id(), output="x"), step(new_id(), output="x")
    more = step(one.thread_id, output="y")
    child = step(other.thread_id, output="z", parentId=other.id)
    await save(
        store,
        *(one, more, other, child),
        *(feedback(one, 1), feedback(more, 1), feedback(child, 1)),
    )
    assert await listed(store, feedback=1) == [other.thread_id, one.thread_id]
    await save(store, delete_step(one))
    assert await listed(store, feedback=1) == [other.thread_id, one.thread_id]
    await save(store, delete_step(other))
    assert await listed(store, feedback=1) == [one.thread_id]
    await save(store, delete_step(more))
    assert await listed(store, feedback=1) == []


async def test_no_thread_has_a_feedback_that_is_neither_good_nor_bad(store: Store) -> None:
    good, bad = step(new_id(), output="x"), step(new_id(), output="x")
    await save(store, good, feedback(good, 1), bad, feedback(bad, 0))
    assert await listed(store, feedback=5) == []
