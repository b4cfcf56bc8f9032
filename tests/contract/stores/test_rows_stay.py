"""The contract of stores: a row never moves, and nobody touches what is another's."""

import pytest

from datalayer.records import Outcome
from datalayer.stores.base import Store
from datalayer.writes import Write
from tests.support.builders import (
    ALICE,
    BOB,
    clock,
    delete_step,
    element,
    favorite,
    finish,
    found_by,
    get_element,
    get_step,
    get_thread,
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


@pytest.mark.parametrize("owner", [ALICE, BOB, None])
@pytest.mark.parametrize("there", [True, False])
async def test_a_step_never_moves(store: Store, owner: str | None, there: bool) -> None:
    write, other = step(new_id(), output="x"), thread(owner=owner)
    await save(store, write, *([other] if there else []))
    async with unchanged(store):
        moved = step(other.id, write.id, owner=owner, output="moved")
        assert await outcome(store, moved) is Outcome.REFUSED


@pytest.mark.parametrize("owner", [ALICE, BOB, None])
@pytest.mark.parametrize("there", [True, False])
async def test_an_element_never_moves(store: Store, owner: str | None, there: bool) -> None:
    write, other = element(new_id(), name="x"), thread(owner=owner)
    await save(store, write, *([other] if there else []))
    async with unchanged(store):
        moved = element(other.id, write.id, owner=owner, name="moved")
        assert await outcome(store, moved) is Outcome.REFUSED


async def test_an_older_write_does_not_move_a_row_either(store: Store) -> None:
    older = clock.next()
    write, other = step(new_id(), output="x"), thread()
    await save(store, write, other)
    async with unchanged(store):
        moved = step(other.id, write.id, revision=older, output="moved", input="moved")
        assert await outcome(store, moved) is Outcome.REFUSED


async def test_a_row_does_not_move_within_its_own_batch(store: Store) -> None:
    write, other = step(new_id(), output="x"), thread()
    moved = step(other.id, write.id, output="moved")
    await save(store, other)
    assert await outcomes(store, write, moved) == [Outcome.APPLIED, Outcome.REFUSED]
    assert (await get_step(store, write)).thread_id == write.thread_id
    assert (await get_thread(store, other.id)).steps == ()


async def test_in_a_batch_the_first_write_says_where_a_row_is(store: Store) -> None:
    here, there, row_id = thread(), thread(), new_id()
    await save(store, here, there)
    older, newer = step(there.id, row_id, output="there"), step(here.id, row_id, output="here")
    assert await outcomes(store, newer, older) == [Outcome.APPLIED, Outcome.REFUSED]
    assert (await get_step(store, newer)).thread_id == here.id


async def test_a_refused_write_does_not_take_an_id(store: Store) -> None:
    theirs, mine = thread(owner=BOB), thread()
    await save(store, theirs, mine)
    refused = step(theirs.id, output="refused")
    write = step(mine.id, refused.id, output="mine")
    assert await outcomes(store, refused, write) == [Outcome.REFUSED, Outcome.APPLIED]
    assert (await get_step(store, write)).thread_id == mine.id


async def test_what_creates_no_row_does_not_take_an_id(store: Store) -> None:
    here, there = thread(), thread()
    await save(store, here, there)
    row, attached = step(here.id, output="x"), element(here.id, name="x", objectKey="x")
    batch: list[Write] = [
        favorite(step(there.id, row.id)),
        finish(attached, thread_id=there.id),
        row,
        attached,
    ]
    assert await outcomes(store, *batch) == [
        *(Outcome.ABSENT, Outcome.ABSENT),
        *(Outcome.APPLIED, Outcome.APPLIED),
    ]
    assert (await get_step(store, row)).thread_id == here.id
    assert (await get_element(store, attached)).thread_id == here.id


async def test_other_rows_of_the_batch_are_stored(store: Store) -> None:
    mine, theirs = step(new_id(), output="mine"), step(new_id(), owner=BOB, output="theirs")
    await save(store, mine, theirs)
    batch: list[Write] = [
        step(mine.thread_id, output="first"),
        step(mine.thread_id, theirs.id, output="stolen"),
        step(mine.thread_id, mine.id, output="changed"),
        element(mine.thread_id, name="last"),
    ]
    found = await outcomes(store, *batch)
    assert found == [Outcome.APPLIED, Outcome.REFUSED, Outcome.APPLIED, Outcome.APPLIED]
    assert (await get_step(store, theirs)).fields["output"] == "theirs"
    assert (await get_step(store, mine)).fields["output"] == "changed"
    assert len((await get_thread(store, mine.thread_id)).steps) == 2


async def test_a_refusal_names_a_reason(store: Store) -> None:
    write, other = element(new_id(), name="x"), thread()
    await save(store, write, other)
    [result] = await store.apply([element(other.id, write.id, name="moved")])
    assert write.id in result.reason
    assert (await get_element(store, write)).fields["name"] == "x"


async def test_a_refused_write_does_not_move_the_last_activity(store: Store) -> None:
    write, other = step(new_id(), output="x"), thread()
    await save(store, write, other)
    async with unchanged(store):
        await store.apply(
            [step(other.id, write.id, output="moved"), step(other.id, owner=BOB, output="y")]
        )


# Ids are chosen by clients: the same one in two roles must not mix them up.


async def test_a_step_and_an_element_may_have_the_id_of_their_thread(store: Store) -> None:
    name = new_id()
    await save(
        store,
        thread(name, name="a red thread"),
        step(name, name, output="a green step"),
        element(name, name, name="a blue element"),
    )
    found = await get_thread(store, name)
    assert step_ids(found) == [name]
    assert (await get_element(store, element(name, name))).fields["name"] == "a blue element"
    assert await found_by(store, "red") == [name]
    assert await found_by(store, "green") == [name]


async def test_a_step_with_the_id_of_anothers_thread_reaches_nothing_of_it(store: Store) -> None:
    theirs = thread(owner=BOB, name="the name that Bob gave")
    await save(store, theirs)
    mine = step(new_id(), theirs.id, output="what Alice wrote")
    await save(store, mine)
    assert await found_by(store, "Bob gave", BOB) == [theirs.id]
    assert await found_by(store, "Alice wrote", BOB) == []
    assert await found_by(store, "Alice wrote") == [mine.thread_id]
    await save(store, delete_step(mine))
    assert await found_by(store, "Bob gave", BOB) == [theirs.id]
    assert await listed(store, BOB) == [theirs.id]
