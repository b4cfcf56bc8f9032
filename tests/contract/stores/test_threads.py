"""The contract of stores: how threads and their owners come into being and change."""

import pytest

from datalayer.records import Outcome
from datalayer.stores.base import Store
from datalayer.values import time_of_revision
from datalayer.writes import SaveThread, Write
from tests.support.builders import (
    ALICE,
    BOB,
    clock,
    delete_thread,
    element,
    feedback,
    get_thread,
    get_user,
    listed,
    new_id,
    outcome,
    outcomes,
    save,
    step,
    thread,
    unchanged,
    user,
)


async def test_what_was_never_written_is_absent(store: Store) -> None:
    some_id = new_id()
    assert await store.get_user(ALICE) is None
    assert await store.get_user_by_id(some_id) is None
    assert await store.get_thread(some_id) is None
    assert await store.get_thread_author(some_id) is None
    assert await store.get_thread_name(some_id) is None
    assert await store.get_thread_metadata(some_id) is None
    assert (await store.list_threads(some_id, first=5)).threads == []
    assert await store.get_step(some_id) is None
    assert await store.get_element(some_id, new_id()) is None
    assert await store.get_feedback_step(some_id) is None
    assert await store.get_favorites(some_id) == []
    assert await store.list_removals(5) == []


async def test_no_writes_have_no_results(store: Store) -> None:
    async with unchanged(store):
        assert await store.apply([]) == []


async def test_a_user_is_found_by_identifier_and_by_id(store: Store) -> None:
    write = user(metadata={"role": "admin", "logins": 3})
    await save(store, write)
    found = await get_user(store)
    assert found.identifier == ALICE
    assert found.metadata == {"role": "admin", "logins": 3}
    assert found.created_at == time_of_revision(write.revision)
    assert await store.get_user_by_id(found.id) == found


async def test_a_user_saved_again_has_new_metadata_and_the_old_id(store: Store) -> None:
    await save(store, user(metadata={"role": "admin", "old": True}))
    before = await get_user(store)
    await save(store, user(metadata={"role": "guest"}))
    after = await get_user(store)
    assert after.metadata == {"role": "guest"}
    assert (after.id, after.created_at) == (before.id, before.created_at)


async def test_an_older_write_does_not_replace_a_users_metadata(store: Store) -> None:
    older, newer = user(metadata={"role": "guest"}), user(metadata={"role": "admin"})
    await save(store, newer)
    assert await outcome(store, older) is Outcome.STALE
    assert (await get_user(store)).metadata == {"role": "admin"}


async def test_identifiers_are_compared_as_they_are(store: Store) -> None:
    await save(store, user("alice"), user("Alice"), user("alice "))
    found = {(await get_user(store, name)).id for name in ("alice", "Alice", "alice ")}
    assert len(found) == 3


async def test_a_new_thread_has_what_was_written(store: Store) -> None:
    write = thread(name="A name", tags=("one", "two"), metadata={"is_shared": True})
    await save(store, write)
    found = await get_thread(store, write.id)
    assert (found.name, found.tags, found.metadata) == (
        "A name",
        ("one", "two"),
        {"is_shared": True},
    )
    assert found.owner == ALICE
    assert found.user_id == (await get_user(store)).id
    moment = time_of_revision(write.revision)
    assert (found.created_at, found.updated_at) == (moment, moment)
    assert (found.steps, found.elements) == ((), ())
    assert await store.get_thread_author(write.id) == ALICE
    assert await store.get_thread_name(write.id) == "A name"
    assert await store.get_thread_metadata(write.id) == {"is_shared": True}


async def test_a_thread_is_created_by_its_owner_alone(store: Store) -> None:
    write = thread()
    await save(store, write)
    assert await store.get_thread_name(write.id) == ""
    assert await listed(store) == [write.id]


async def test_a_partial_update_of_a_thread_erases_nothing(store: Store) -> None:
    write = thread(name="A name", tags=("one",), metadata={"a": 1})
    await save(store, write)
    await save(store, thread(write.id, name="Another name"))
    await save(store, thread(write.id, tags=("two", "three")))
    await save(store, thread(write.id, metadata={"b": 2}))
    await outcome(store, thread(write.id))
    found = await get_thread(store, write.id)
    assert found.name == "Another name"
    assert found.tags == ("two", "three")
    assert found.metadata == {"a": 1, "b": 2}


async def test_tags_can_be_taken_away(store: Store) -> None:
    write = thread(tags=("one",))
    await save(store, write, thread(write.id, tags=()))
    assert (await get_thread(store, write.id)).tags == ()


async def test_the_creation_of_a_thread_is_written_once(store: Store) -> None:
    write = thread(name="A name")
    await save(store, write)
    born = (await get_thread(store, write.id)).created_at
    await save(store, thread(write.id, name="Another"), step(write.id, output="x"))
    assert (await get_thread(store, write.id)).created_at == born


async def test_an_older_name_does_not_replace_a_newer_one(store: Store) -> None:
    write = thread()
    older, newer = thread(write.id, name="older"), thread(write.id, name="newer")
    await save(store, write, newer)
    async with unchanged(store):
        assert await outcome(store, older) is Outcome.STALE


async def test_older_tags_do_not_replace_newer_ones(store: Store) -> None:
    write = thread()
    older, newer = thread(write.id, tags=("older",)), thread(write.id, tags=("newer",))
    await save(store, write, newer)
    async with unchanged(store):
        await outcome(store, older)


@pytest.mark.parametrize(
    ("older", "newer"), [({"a": 1}, {"a": 2}), ({"a": 1}, {"a": None}), ({"a": None}, {"a": 2})]
)
async def test_older_metadata_does_not_replace_newer(
    store: Store, older: dict[str, int | None], newer: dict[str, int | None]
) -> None:
    write = thread(metadata={"kept": True}, name="A name")
    first, second = thread(write.id, metadata=older), thread(write.id, metadata=newer)
    await save(store, write, second)
    async with unchanged(store):
        await outcome(store, first)


async def test_older_metadata_fills_keys_that_nobody_has_given(store: Store) -> None:
    write = thread(name="A name")
    older, newer = thread(write.id, metadata={"a": 1}), thread(write.id, metadata={"b": 2})
    await save(store, write, newer)
    await outcome(store, older)
    assert (await get_thread(store, write.id)).metadata == {"a": 1, "b": 2}


async def test_writing_a_thread_again_changes_nothing(store: Store) -> None:
    write = thread(name="A name", tags=("one",), metadata={"a": 1})
    await save(store, write)
    async with unchanged(store):
        assert await outcome(store, write) is Outcome.REPEATED


@pytest.mark.parametrize("write", [user(), thread(metadata={"a": 1}, tags=("one",))])
async def test_writing_again_is_repeated(store: Store, write: Write) -> None:
    await save(store, write)
    async with unchanged(store):
        assert await outcome(store, write) is Outcome.REPEATED


# Metadata


async def test_metadata_merges_key_by_key(store: Store) -> None:
    write = thread(name="A name", metadata={"a": {"x": 1}, "b": 2})
    await save(store, write)
    await save(store, thread(write.id, metadata={"a": {"y": 2}, "c": [1, 2]}))
    found = await get_thread(store, write.id)
    assert found.metadata == {"a": {"y": 2}, "b": 2, "c": [1, 2]}


async def test_none_removes_a_key_of_the_metadata(store: Store) -> None:
    write = thread(name="A name", metadata={"a": 1, "b": 2})
    await save(store, write)
    await save(store, thread(write.id, metadata={"a": None, "never": None}))
    assert (await get_thread(store, write.id)).metadata == {"b": 2}
    await save(store, thread(write.id, metadata={"a": 3}))
    assert (await get_thread(store, write.id)).metadata == {"a": 3, "b": 2}


async def test_a_new_thread_has_no_keys_that_are_none(store: Store) -> None:
    write = thread(name="A name", metadata={"a": None, "b": {"inner": None}})
    await save(store, write)
    assert (await get_thread(store, write.id)).metadata == {"b": {"inner": None}}


async def test_metadata_merges_within_a_batch_too(store: Store) -> None:
    write = thread(name="A name", metadata={"a": 1})
    await save(
        store,
        write,
        thread(write.id, metadata={"b": 2}),
        thread(write.id, metadata={"a": None}),
        thread(write.id, metadata={"c": 3}),
    )
    assert (await get_thread(store, write.id)).metadata == {"b": 2, "c": 3}


@pytest.mark.parametrize("metadata", [{"a": 1}, {}])
async def test_metadata_alone_creates_no_thread(store: Store, metadata: dict[str, int]) -> None:
    async with unchanged(store):
        assert await outcome(store, thread(metadata=metadata)) is Outcome.ABSENT


async def test_a_write_that_does_not_create_creates_no_thread(store: Store) -> None:
    write = thread(name="A name", tags=("one",), creates=False)
    async with unchanged(store):
        assert await outcome(store, write) is Outcome.ABSENT


async def test_a_write_that_does_not_create_changes_what_is_there(store: Store) -> None:
    write = thread()
    await save(store, write)
    await save(store, thread(write.id, name="A name", creates=False))
    assert (await get_thread(store, write.id)).name == "A name"


# Owners


async def test_a_step_brings_thread_and_owner_into_being(store: Store) -> None:
    write = step(new_id(), output="x")
    await save(store, write)
    found = await get_thread(store, write.thread_id)
    assert (found.owner, found.user_id) == (ALICE, (await get_user(store)).id)
    assert found.created_at == time_of_revision(write.revision)
    assert await listed(store) == [write.thread_id]
    assert (await get_user(store)).metadata == {}


async def test_an_element_brings_thread_and_owner_into_being(store: Store) -> None:
    write = element(new_id(), name="a.txt")
    await save(store, write)
    assert await store.get_thread_author(write.thread_id) == ALICE
    assert await listed(store) == [write.thread_id]


async def test_a_user_made_by_a_step_keeps_the_id_when_they_are_saved(store: Store) -> None:
    await save(store, step(new_id()))
    before = await get_user(store)
    await save(store, user(metadata={"role": "admin"}))
    after = await get_user(store)
    assert (after.id, after.metadata) == (before.id, {"role": "admin"})


async def test_a_thread_without_owner_is_in_nobodys_list(store: Store) -> None:
    write = step(new_id(), owner=None)
    await save(store, user(), write)
    found = await get_thread(store, write.thread_id)
    assert (found.owner, found.user_id) == (None, None)
    assert await store.get_thread_author(write.thread_id) is None
    assert await listed(store) == []


def claims(thread_id: str) -> list[Write]:
    return [
        thread(thread_id, owner=BOB),
        thread(thread_id, owner=BOB, name="Bob's"),
        thread(thread_id, owner=BOB, metadata={"mine": True}),
        step(thread_id, owner=BOB, output="Bob's"),
        element(thread_id, owner=BOB, name="Bob's"),
    ]


@pytest.mark.parametrize("owner", [ALICE, None])
@pytest.mark.parametrize("number", range(len(claims(new_id()))))
async def test_a_thread_never_changes_its_owner(
    store: Store, owner: str | None, number: int
) -> None:
    write = thread(owner=owner, name="A name")
    await save(store, write, user(BOB))
    claim = claims(write.id)[number]
    async with unchanged(store):
        [result] = await store.apply([claim])
    assert result.outcome is Outcome.REFUSED
    assert result.reason
    assert await listed(store, BOB) == []


async def test_a_write_without_an_owner_is_not_checked_for_one(store: Store) -> None:
    write = thread()
    await save(store, write)
    await save(
        store,
        thread(write.id, owner=None, name="A name"),
        step(write.id, owner=None, output="x"),
        element(write.id, owner=None, name="y"),
    )
    found = await get_thread(store, write.id)
    assert (found.owner, found.name) == (ALICE, "A name")
    assert (len(found.steps), len(found.elements)) == (1, 1)


async def test_within_a_batch_the_first_owner_keeps_the_thread(store: Store) -> None:
    thread_id = new_id()
    first, second = step(thread_id, owner=BOB), step(thread_id, owner=ALICE)
    assert await outcomes(store, second, first) == [Outcome.APPLIED, Outcome.REFUSED]
    assert await store.get_thread_author(thread_id) == ALICE
    assert await store.get_step(first.id) is None


# Batches


async def test_the_results_are_in_the_order_of_the_writes(store: Store) -> None:
    mine = thread()
    await save(store, mine)
    write = step(mine.id, output="x")
    stale = step(mine.id, write.id, revision=write.revision, output="x")
    refused = step(mine.id, owner=BOB)
    absent = SaveThread(id=new_id(), metadata={"a": 1}, revision=clock.next())
    judged = feedback(write)
    found = await store.apply([refused, write, absent, judged, stale, delete_thread(new_id())])
    assert [result.outcome for result in found] == [
        Outcome.REFUSED,
        Outcome.APPLIED,
        Outcome.ABSENT,
        Outcome.APPLIED,
        Outcome.REPEATED,
        Outcome.ABSENT,
    ]
    assert found[3].id == judged.id


async def test_a_refused_write_does_not_keep_the_others_of_its_batch_away(store: Store) -> None:
    mine, fresh = thread(), new_id()
    await save(store, mine)
    first, last = step(mine.id, output="first"), step(fresh, output="last")
    batch: list[Write] = [first, step(mine.id, owner=BOB), thread(mine.id, name="A name"), last]
    found = await outcomes(store, *batch)
    assert found == [Outcome.APPLIED, Outcome.REFUSED, Outcome.APPLIED, Outcome.APPLIED]
    assert (await get_thread(store, mine.id)).name == "A name"
    assert await store.get_step(first.id) is not None
    assert await store.get_step(last.id) is not None
