"""The contract of what replicas tell each other of running answers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from datalayer.errors import StoreUnavailable
from datalayer.stores.answers import AnswerBoard, Board, RunningAnswer
from datalayer.stores.base import Store
from tests.support.backends import Backend, DatabaseBackend, migrated
from tests.support.builders import ids, new_id

NOON = 1_767_268_800_000_000


def answer(**values: Any) -> RunningAnswer:
    given: dict[str, Any] = {
        "thread_id": new_id(),
        "replica": new_id(),
        "turn": new_id(),
        "owner": "Älice 爱",
        "step_ids": tuple(ids(3)),
        "version": NOON,
    }
    return RunningAnswer(**(given | values))


@pytest.fixture
def board(store: Store) -> AnswerBoard:
    return store.answers


@pytest.fixture
async def replica(backend: Backend, store: Store) -> AsyncIterator[AnswerBoard]:
    """The same board as another process has it."""
    opened = await migrated(backend.open())
    yield opened.answers
    await backend.assert_idle(opened)
    await opened.close()


async def rows(board: AnswerBoard) -> set[RunningAnswer]:
    """What the board says of answers, each row once."""
    found = (await board.read()).answers
    assert len({each.turn for each in found}) == len(found)
    return set(found)


async def the_row(board: AnswerBoard) -> RunningAnswer:
    [found] = (await board.read()).answers
    return found


async def test_a_board_on_which_nobody_wrote_is_empty(board: AnswerBoard) -> None:
    assert await board.read() == Board({}, [])


# Replicas


async def test_who_is_alive_is_read_by_all(board: AnswerBoard, replica: AnswerBoard) -> None:
    one, other = ids(2)
    await board.announce(one, NOON)
    await replica.announce(other, NOON + 1)
    for each in (board, replica):
        assert (await each.read()).replicas == {one: NOON, other: NOON + 1}


async def test_the_last_announcement_counts_also_where_it_says_less(board: AnswerBoard) -> None:
    name = new_id()
    for until_then in (NOON, NOON + 5, NOON - 5):
        await board.announce(name, until_then)
    assert (await board.read()).replicas == {name: NOON - 5}


async def test_who_withdraws_is_not_alive_and_their_answers_stay(board: AnswerBoard) -> None:
    ended = answer(ended=NOON)
    await board.announce(ended.replica, NOON)
    await board.post([ended])
    for _ in range(2):
        await board.withdraw(ended.replica)
        assert await board.read() == Board({}, [ended])


# Answers


async def test_an_answer_is_read_as_it_was_posted(board: AnswerBoard, replica: AnswerBoard) -> None:
    several = [answer(), answer(step_ids=()), answer(ended=NOON), answer(step_ids=tuple(ids(20)))]
    await board.post(several)
    assert await rows(replica) == set(several)


async def test_nothing_is_posted_of_no_answers(board: AnswerBoard) -> None:
    await board.post([])
    assert await board.read() == Board({}, [])


async def test_what_is_posted_takes_the_place_of_the_row_of_its_turn(board: AnswerBoard) -> None:
    first = answer()
    others = [replace(first, replica=new_id(), turn=new_id()), replace(first, turn=new_id())]
    await board.post([first, *others])
    grown = replace(first, step_ids=(*first.step_ids, new_id()), version=NOON + 1)
    for each in (grown, replace(grown, ended=NOON + 2)):
        await board.post([each])
        assert await rows(board) == {each, *others}


async def test_a_post_says_nothing_of_what_others_ask(board: AnswerBoard) -> None:
    given = answer()
    await board.post([replace(given, stop_asked=True, watched_until=NOON)])
    assert await the_row(board) == given


# What others ask


async def test_a_stop_is_asked_of_all_turns_that_run_in_a_thread(
    board: AnswerBoard, replica: AnswerBoard
) -> None:
    first, other = answer(), answer()
    elsewhere = replace(first, replica=new_id(), turn=new_id())
    over = replace(first, turn=new_id(), ended=NOON)
    await board.post([first, elsewhere, over, other])
    await replica.ask_stop(first.thread_id)
    later = replace(first, turn=new_id())
    await board.post([later])
    asked = {each.turn for each in await rows(board) if each.stop_asked}
    assert asked == {first.turn, elsewhere.turn}


async def test_a_stop_stays_whatever_is_posted_of_its_turn(
    board: AnswerBoard, replica: AnswerBoard
) -> None:
    given = answer()
    await board.post([given])
    await replica.ask_stop(given.thread_id)
    for each in (replace(given, version=NOON + 1), replace(given, ended=NOON)):
        await board.post([each])
        assert await the_row(board) == replace(each, stop_asked=True)


async def test_to_ask_of_what_is_not_there_leaves_nothing(board: AnswerBoard) -> None:
    await board.ask_stop(new_id())
    await board.watch([new_id()], NOON)
    await board.watch([], NOON)
    assert await board.read() == Board({}, [])


async def test_threads_are_watched_until_the_latest_time_that_was_said(
    board: AnswerBoard, replica: AnswerBoard
) -> None:
    first, second, other = answer(), answer(), answer()
    await board.post([first, second, other])
    await replica.watch([first.thread_id, second.thread_id, new_id()], NOON)
    await board.watch([first.thread_id], NOON + 1)
    await board.watch([second.thread_id], NOON - 1)
    await board.post([replace(first, version=NOON + 1)])
    found = {each.thread_id: each.watched_until for each in await rows(board)}
    assert found == {first.thread_id: NOON + 1, second.thread_id: NOON, other.thread_id: 0}


# What is over


async def test_what_is_over_is_forgotten(board: AnswerBoard) -> None:
    alive, late = ids(2)
    await board.announce(alive, NOON)
    await board.announce(late, NOON - 1)
    kept = [answer(replica=alive), answer(replica=alive, ended=NOON), answer(ended=NOON)]
    over = [answer(replica=late), answer(), answer(replica=alive, ended=NOON - 1)]
    await board.post([*kept, *over])
    await board.forget(NOON)
    found = await board.read()
    assert found.replicas == {alive: NOON}
    assert set(found.answers) == set(kept)


async def test_many_write_at_once(board: AnswerBoard, replica: AnswerBoard) -> None:
    several = [answer() for _ in range(12)]
    for each in several:
        await board.announce(each.replica, NOON)
    await board.post(several)
    threads = [each.thread_id for each in several]
    changed = [replace(each, version=NOON + 1) for each in reversed(several)]
    await asyncio.gather(
        board.post(changed),
        replica.watch(threads, NOON),
        replica.ask_stop(threads[0]),
        board.watch(threads[::-1], NOON + 1),
        replica.post([answer(replica=several[0].replica)]),
        replica.forget(0),
        *(board.announce(each.replica, NOON + 1) for each in several),
    )
    found = await rows(replica)
    assert len(found) == 13
    asked = {each.thread_id for each in found if each.stop_asked}
    assert asked == {threads[0]}
    posted = [each for each in found if each.thread_id in threads]
    assert {(each.version, each.watched_until) for each in posted} == {(NOON + 1, NOON + 1)}


# Waiting, and a database that is away


async def test_waiting_ends(board: AnswerBoard) -> None:
    assert not board.wakes
    await board.wait(0)


async def test_a_database_that_is_away(database: DatabaseBackend) -> None:
    store = database.unreachable()
    for work in (store.answers.read(), store.answers.post([answer()])):
        with pytest.raises(StoreUnavailable):
            await work
    await store.close()


async def test_a_closed_store(backend: Backend) -> None:
    store = await backend.open_migrated()
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.answers.read()
