"""The contract of stores: elements, their files, and the list of files to remove."""

import pytest

from datalayer.records import Outcome
from datalayer.stores.base import Store
from datalayer.writes import FinishElement, ForgetRemovals, Write
from tests.support.builders import (
    clock,
    delete_element,
    delete_thread,
    element,
    element_ids,
    finish,
    get_element,
    get_thread,
    new_id,
    outcome,
    outcomes,
    save,
    step,
    thread,
    unchanged,
    upload,
)


async def test_an_element_before_its_step(store: Store) -> None:
    thread_id, step_id = new_id(), new_id()
    write = element(thread_id, name="a.txt", forId=step_id)
    await save(store, write)
    await save(store, step(thread_id, step_id, output="x"))
    found = await get_thread(store, thread_id)
    assert element_ids(found) == [write.id]
    assert found.elements[0].fields["forId"] == step_id


async def test_an_element_is_the_same_alone_and_in_its_thread(store: Store) -> None:
    write = element(new_id(), name="a.txt", props={"a": 1}, later="kept")
    await save(store, write)
    alone = await get_element(store, write)
    assert (alone.id, alone.thread_id) == (write.id, write.thread_id)
    assert (alone.size, alone.sha256) == (None, None)
    assert (await get_thread(store, write.thread_id)).elements == (alone,)


async def test_an_element_is_found_only_in_its_thread(store: Store) -> None:
    write, other = element(new_id(), name="a.txt"), thread()
    await save(store, write, other)
    assert await store.get_element(other.id, write.id) is None
    assert await store.get_element(write.thread_id, new_id()) is None


async def test_a_partial_update_of_an_element_erases_nothing(store: Store) -> None:
    write = element(new_id(), name="a.txt", props={"a": 1}, later="kept")
    await save(store, write)
    before = (await get_element(store, write)).fields
    await save(store, element(write.thread_id, write.id, props={"b": 2}))
    assert (await get_element(store, write)).fields == {**before, "props": {"b": 2}}


async def test_writing_an_element_again_changes_nothing(store: Store) -> None:
    write = element(new_id(), name="a.txt", later="kept")
    await save(store, write)
    async with unchanged(store):
        assert await outcome(store, write) is Outcome.REPEATED


async def test_an_older_element_fills_what_no_newer_one_gives(store: Store) -> None:
    thread_id, element_id = new_id(), new_id()
    older = element(thread_id, element_id, name="older", props={"a": 1}, mime="text/plain")
    newer = element(thread_id, element_id, name="newer", props={"a": 2})
    await save(store, newer)
    assert await outcome(store, older) is Outcome.APPLIED
    fields = (await get_element(store, newer)).fields
    assert (fields["name"], fields["props"]) == ("newer", {"a": 2})
    assert fields["mime"] == "text/plain"


async def test_elements_are_in_the_order_of_their_arrival(store: Store) -> None:
    thread_id = new_id()
    writes = [element(thread_id, name=str(number)) for number in range(12)]
    for write in writes:
        await save(store, write)
    expected = [write.id for write in writes]
    assert element_ids(await get_thread(store, thread_id)) == expected
    await save(store, element(thread_id, writes[0].id, name="again"))
    assert element_ids(await get_thread(store, thread_id)) == expected


# Files


async def test_an_element_is_seen_only_when_its_file_is_stored(store: Store) -> None:
    write = upload(new_id(), name="a.txt")
    await save(store, write)
    assert await store.get_element(write.thread_id, write.id) is None
    assert (await get_thread(store, write.thread_id)).elements == ()
    await save(store, finish(write))
    found = await get_element(store, write)
    assert (found.size, found.sha256) == (3, "ab" * 32)
    assert found.fields["objectKey"] == write.fields["objectKey"]
    assert element_ids(await get_thread(store, write.thread_id)) == [write.id]


async def test_reserving_and_finishing_in_one_batch(store: Store) -> None:
    write = upload(new_id(), name="a.txt")
    await save(store, write, finish(write))
    assert (await get_element(store, write)).size == 3


async def test_a_ready_element_stays_ready(store: Store) -> None:
    write = upload(new_id(), name="a.txt")
    await save(store, write, finish(write))
    await save(store, element(write.thread_id, write.id, ready=False, name="b.txt"))
    found = await get_element(store, write)
    assert (found.fields["name"], found.size) == ("b.txt", 3)


async def test_a_late_ready_element_is_ready(store: Store) -> None:
    thread_id, element_id = new_id(), new_id()
    older = element(thread_id, element_id, url="https://example.org/a")
    await save(store, element(thread_id, element_id, ready=False, name="a.txt"))
    await outcome(store, older)
    assert (await get_element(store, older)).fields["url"] == "https://example.org/a"


async def test_an_element_without_a_file_is_ready_at_once(store: Store) -> None:
    write = element(new_id(), url="https://example.org/a.png")
    await save(store, write)
    assert (await get_element(store, write)).fields["url"] == "https://example.org/a.png"


async def test_finishing_again_changes_nothing(store: Store) -> None:
    write = upload(new_id(), name="a.txt")
    done = finish(write)
    await save(store, write, done)
    async with unchanged(store):
        assert await outcome(store, done) is Outcome.REPEATED
    assert await store.list_removals(5) == []


async def test_an_older_finish_does_not_replace_a_newer_one(store: Store) -> None:
    write = upload(new_id(), name="a.txt")
    older, newer = finish(write), finish(write, object_key="newer/key")
    await save(store, write, newer)
    async with unchanged(store):
        assert await outcome(store, older) is Outcome.STALE
    assert "newer/key" not in await store.list_removals(5)


@pytest.mark.parametrize("there", [True, False])
async def test_finishing_an_element_that_never_was(store: Store, there: bool) -> None:
    write, other = upload(new_id()), thread()
    await save(store, *([other] if there else []))
    wrong = finish(write, thread_id=other.id)
    async with unchanged(store):
        assert await outcome(store, wrong) is Outcome.ABSENT


@pytest.mark.parametrize("there", [True, False])
async def test_finishing_an_element_under_another_thread_is_refused(
    store: Store, there: bool
) -> None:
    write, other = upload(new_id(), name="a.txt"), thread()
    await save(store, write, finish(write), *([other] if there else []))
    wrong = finish(write, thread_id=other.id)
    async with unchanged(store):
        assert await outcome(store, wrong) is Outcome.REFUSED
    assert await store.list_removals(5) == []


@pytest.mark.parametrize("how", ["element", "thread"])
async def test_finishing_a_deleted_element_is_gone_and_its_file_is_recorded(
    store: Store, how: str
) -> None:
    write = upload(new_id(), name="a.txt")
    await save(store, write)
    await save(store, delete_element(write) if how == "element" else delete_thread(write.thread_id))
    keys = await store.list_removals(5)
    assert keys == [write.fields["objectKey"]]
    await store.apply([ForgetRemovals(object_keys=tuple(keys), revision=clock.next())])
    async with unchanged(store):
        assert await outcome(store, finish(write)) is Outcome.GONE
    assert await store.list_removals(5) == keys


async def test_the_file_that_a_late_finish_names_is_recorded(store: Store) -> None:
    write = upload(new_id(), name="a.txt")
    await save(store, write, delete_element(write))
    assert await outcome(store, finish(write, object_key="another/key")) is Outcome.GONE
    assert set(await store.list_removals(5)) == {write.fields["objectKey"], "another/key"}


async def test_deleting_and_finishing_in_one_batch(store: Store) -> None:
    write = upload(new_id(), name="a.txt")
    batch: list[Write] = [write, delete_element(write), finish(write)]
    assert await outcomes(store, *batch) == [Outcome.APPLIED, Outcome.APPLIED, Outcome.GONE]
    assert await store.list_removals(5) == [write.fields["objectKey"]]


# Files to remove


async def test_removals_are_listed_longest_waiting_first(store: Store) -> None:
    thread_id = new_id()
    writes = [element(thread_id, objectKey=f"key/{number}") for number in range(5)]
    await save(store, *writes)
    order = [3, 1, 4, 0, 2]
    for number in order:
        await save(store, delete_element(writes[number]))
    expected = [f"key/{number}" for number in order]
    assert await store.list_removals(10) == expected
    assert await store.list_removals(2) == expected[:2]
    assert await store.list_removals(2, skip=1) == expected[1:3]
    assert await store.list_removals(2, skip=10) == []


async def test_forgotten_removals_are_listed_no_more(store: Store) -> None:
    thread_id = new_id()
    writes = [element(thread_id, objectKey=f"key/{number}") for number in range(3)]
    await save(store, *writes, *[delete_element(write) for write in writes])
    await save(store, ForgetRemovals(object_keys=("key/0", "key/2"), revision=clock.next()))
    assert await store.list_removals(10) == ["key/1"]
    again = ForgetRemovals(object_keys=("key/0", "never/was"), revision=clock.next())
    assert await outcome(store, again) is Outcome.ABSENT
    assert await store.list_removals(10) == ["key/1"]


async def test_an_element_without_a_file_leaves_nothing_to_remove(store: Store) -> None:
    write = element(new_id(), url="https://example.org/a.png")
    await save(store, write, delete_element(write))
    assert await store.list_removals(5) == []


async def test_a_finish_says_size_and_hash_of_its_file(store: Store) -> None:
    write = upload(new_id(), name="a.txt")
    done = FinishElement(
        id=write.id,
        thread_id=write.thread_id,
        object_key="a/key",
        size=5 * 1024**3,
        sha256="cd" * 32,
        revision=clock.next(),
    )
    await save(store, write, done)
    found = await get_element(store, write)
    assert (found.fields["objectKey"], found.size, found.sha256) == (
        "a/key",
        5 * 1024**3,
        "cd" * 32,
    )
