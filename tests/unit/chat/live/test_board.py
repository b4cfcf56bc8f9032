"""What is said to other replicas, and what theirs means."""

from dataclasses import replace
from typing import Any

import pytest

from chat.live.board import (
    SECOND,
    Turns,
    has_others,
    mine_of,
    news,
    to_announce,
    to_forget,
    to_post,
    to_stop,
    to_watch,
)
from datalayer.stores.answers import Board, RunningAnswer

NOW = 1_767_268_800 * SECOND
NOBODY = Board({}, [])


def answer(turn: str = "turn", **values: Any) -> RunningAnswer:
    given: dict[str, Any] = {"thread_id": f"thread of {turn}", "owner": "anna", "step_ids": ("a",)}
    given["version"] = 1
    return RunningAnswer(turn=turn, **(given | values))


def board(*answers: RunningAnswer, **until_s: float) -> Board:
    """A board, and for how many more seconds its replicas are alive."""
    return Board({name: NOW + int(it * SECOND) for name, it in until_s.items()}, answers)


# Being alive


@pytest.mark.parametrize(
    ("there", "expected"),
    [(NOBODY, False), (board(me=9), False), (board(me=9, b=0), False), (board(b=0.1), True)],
)
def test_others_are_those_whose_time_is_not_over(there: Board, expected: bool) -> None:
    assert has_others(there, "me", NOW) is expected


@pytest.mark.parametrize(
    ("others", "works", "is_new", "left_s", "said_s"),
    [
        # alone: when it comes, and while it works
        (False, False, True, 0, 15),
        (False, False, False, 0, None),
        (False, False, False, -100, None),
        (False, True, False, 0, 15),
        (False, True, False, 10.1, None),
        (False, True, False, 10, 15),
        # with others, at rest
        (True, False, False, 10, 15),
        (True, False, False, 10.1, None),
        (True, False, True, 10.1, None),
        # with others, at work: for a shorter time, also where it was said for a longer one
        (True, True, False, 4.5, 6),
        (True, True, False, 4.6, None),
        (True, True, False, 6, None),
        (True, True, False, 10, 6),
    ],
)
def test_when_it_is_said_that_a_process_is_alive(
    others: bool, works: bool, is_new: bool, left_s: float, said_s: int | None
) -> None:
    found = to_announce(board(me=left_s), "me", others=others, works=works, is_new=is_new, now=NOW)
    assert found == (None if said_s is None else NOW + said_s * SECOND)


# What others answer


def test_what_is_new_of_others_is_told_once() -> None:
    theirs, over = answer("theirs", replica="b"), answer("over", replica="b", ended=NOW)
    there = board(theirs, over, answer("own", replica="me"), b=5)
    first = news({}, there, "me", NOW)
    assert first.changed == [theirs, over]
    assert set(first.theirs) == {"theirs", "over"}
    again = news(first.theirs, there, "me", NOW)
    assert (again.changed, again.expired) == ([], [])


@pytest.mark.parametrize(
    "change", [{"version": 2}, {"step_ids": ("a", "b")}, {"ended": NOW}], ids=str
)
def test_what_has_changed_is_told_again(change: dict[str, Any]) -> None:
    before = answer(replica="b")
    after = replace(before, **change)
    found = news({"turn": before}, board(after, b=5), "me", NOW)
    assert (found.changed, found.expired) == ([after], [])


@pytest.mark.parametrize("asked", [{"stop_asked": True}, {"watched_until": NOW}], ids=str)
def test_what_is_asked_of_them_is_no_news(asked: dict[str, Any]) -> None:
    before = answer(replica="b")
    assert news({"turn": before}, board(replace(before, **asked), b=5), "me", NOW).changed == []


@pytest.mark.parametrize(
    "later",
    [board(answer(replica="b"), b=0), board(answer(replica="b")), board(b=5)],
    ids=["its replica is dead", "its replica has gone", "it is not there any more"],
)
def test_what_ran_and_is_heard_of_no_more_has_expired_once(later: Board) -> None:
    before = news({}, board(answer(replica="b"), b=5), "me", NOW)
    found = news(before.theirs, later, "me", NOW)
    assert (found.changed, found.expired) == ([], [answer(replica="b")])
    assert news(found.theirs, later, "me", NOW).expired == []


def test_what_the_dead_left_is_not_told_of_but_how_it_ended_is() -> None:
    ended = answer("ended", replica="b", ended=NOW)
    found = news({}, board(answer(replica="b"), ended), "me", NOW)
    assert (found.changed, found.expired) == ([ended], [])
    assert news(found.theirs, NOBODY, "me", NOW).expired == []


def test_who_was_taken_for_dead_is_told_of_again() -> None:
    there = board(answer(replica="b"), b=5)
    alive = news({}, there, "me", NOW)
    dead = news(alive.theirs, there, "me", NOW + 5 * SECOND)
    assert news(dead.theirs, there, "me", NOW).changed == [answer(replica="b")]


# What is answered here


def posted(*answers: RunningAnswer) -> Turns:
    return mine_of(Board({}, answers), "")


def test_what_begins_is_posted_once() -> None:
    assert to_post({}, [answer()], [], NOW) == [answer()]
    assert to_post({}, [answer()], [answer()], NOW) == [answer()]
    assert to_post(posted(answer()), [answer()], [answer()], NOW) == []


def test_what_grows_is_posted_while_somebody_looks() -> None:
    grown = answer(version=2)
    for until, expected in ((NOW, []), (NOW + 1, [grown])):
        assert to_post(posted(answer(watched_until=until)), [grown], [], NOW) == expected
    assert to_post(posted(answer(watched_until=NOW + 1)), [answer()], [], NOW) == []


def test_what_runs_no_more_has_ended() -> None:
    ended = answer(ended=NOW)
    assert to_post(posted(answer()), [], [], NOW) == [ended]
    assert to_post(posted(answer()), [answer("next")], [], NOW) == [answer("next"), ended]
    assert to_post(posted(ended), [], [answer()], NOW + 1) == []


def test_what_has_ended_before_it_was_posted_is_told_of() -> None:
    assert to_post({}, [], [answer()], NOW) == [answer(ended=NOW)]


def test_what_others_post_is_not_ours() -> None:
    assert mine_of(board(answer(replica="b")), "me") == {}


def test_who_is_asked_to_stop() -> None:
    asked = posted(answer(stop_asked=True), answer("other"), answer("gone", stop_asked=True))
    running = [answer(), answer("other"), answer("new")]
    assert to_stop(asked, running) == [answer()]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, {"thread of turn"}),
        ({"watched_until": NOW + 4 * SECOND - 1}, {"thread of turn"}),
        ({"watched_until": NOW + 4 * SECOND}, set()),
        ({"ended": NOW}, set()),
        ({"thread_id": "another"}, set()),
    ],
    ids=str,
)
def test_what_is_looked_at_here_is_said_again_before_it_runs_out(
    change: dict[str, Any], expected: set[str]
) -> None:
    theirs = {"turn": answer(**change)}
    assert to_watch(theirs, ["thread of turn", "x"], NOW) == (expected, NOW + 6 * SECOND)


# What is over


def test_what_is_over_is_forgotten_by_one_of_those_alive() -> None:
    there = board(answer(ended=NOW - 31 * SECOND, replica="a"), a=5, b=5)
    assert to_forget(there, "a", NOW) == NOW - 15 * SECOND
    assert to_forget(there, "b", NOW) is None
    assert to_forget(there, "a", NOW + 6 * SECOND) is not None
    assert to_forget(there, "b", NOW + 6 * SECOND) is not None


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (NOBODY, False),
        (board(me=-30), False),
        (board(b=-31), True),
        (board(answer(ended=NOW - 30 * SECOND)), False),
        (board(answer(ended=NOW - 31 * SECOND)), True),
        (board(answer(replica="b"), b=5, me=5), False),
        (board(answer(replica="b"), me=5), True),
    ],
)
def test_when_there_is_something_to_forget(there: Board, expected: bool) -> None:
    assert (to_forget(there, "B", NOW) is not None) is expected
