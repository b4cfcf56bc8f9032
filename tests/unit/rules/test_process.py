"""What a batch needs to know before it is judged, and who is turned away."""

from typing import get_args

import pytest

from datalayer.records import Outcome
from datalayer.rules.changes import Changes
from datalayer.rules.loading import (
    Loaded,
    Need,
)
from datalayer.rules.process import RULES, drive, process
from datalayer.writes import (
    SetFavorite,
    Write,
)
from tests.support.builders import thread
from tests.support.rules import (
    CHILD,
    ELEMENT,
    FEEDBACK,
    NOW,
    OTHER,
    STEP,
    THREAD,
    ann,
    delete_after,
    delete_element,
    delete_feedback,
    delete_step,
    delete_thread,
    delete_user,
    finish_element,
    forget,
    loaded,
    one,
    play,
    row,
    save_element,
    save_feedback,
    save_preferences,
    save_step,
    save_thread,
    save_user,
    set_favorite,
    there,
)

# What has to be known

IN_THREAD = {"threads": {THREAD}}
DELETED_IN = {"threads": {THREAD}, "exclusive": {THREAD}}
NEEDS: list[tuple[Write, dict[str, set[str]]]] = [
    (save_user(1), {"users": {"ann"}}),
    (save_preferences(1), {"users": {"ann"}, "preferences": {"ann"}}),
    (delete_user(1), {"users": {"ann"}}),
    (save_thread(1, name="x"), IN_THREAD),
    (delete_thread(1), DELETED_IN),
    (save_step(1), {**IN_THREAD, "steps": {STEP}}),
    (set_favorite(1), {**IN_THREAD, "steps": {STEP}}),
    (delete_step(1), {**DELETED_IN, "steps": {STEP}, "members_of": {THREAD}}),
    (delete_after(1), {**DELETED_IN, "steps": {STEP}, "members_of": {THREAD}}),
    (save_element(1), {**IN_THREAD, "elements": {ELEMENT}}),
    (finish_element(1), {**IN_THREAD, "elements": {ELEMENT}}),
    (delete_element(1), {**DELETED_IN, "elements": {ELEMENT}}),
    (
        save_feedback(1),
        {**IN_THREAD, "steps": {STEP}, "feedback_of": {STEP}, "feedbacks": {FEEDBACK}},
    ),
    (delete_feedback(1), {**DELETED_IN, "feedbacks": {FEEDBACK}}),
    (forget("a", "b"), {"removals": {"a", "b"}}),
]
every_kind = pytest.mark.parametrize(
    "write", [write for write, _ in NEEDS], ids=lambda write: type(write).__name__
)


@pytest.mark.parametrize(("write", "need"), NEEDS, ids=[type(write).__name__ for write, _ in NEEDS])
def test_what_a_write_needs_to_know(write: Write, need: dict[str, set[str]]) -> None:
    asked = next(process([write]))
    assert asked == Need(**{name: frozenset(found) for name, found in need.items()})


def test_there_is_a_rule_and_a_need_for_every_kind() -> None:
    assert {type(write) for write, _ in NEEDS} == set(get_args(Write)) == set(RULES)


def test_a_batch_asks_for_all_at_once() -> None:
    writes: list[Write] = [save_step(1), save_step(2, CHILD), delete_element(3), save_user(4)]
    assert next(process(writes)) == Need(
        users=frozenset({"ann"}),
        threads=frozenset({THREAD}),
        exclusive=frozenset({THREAD}),
        steps=frozenset({STEP, CHILD}),
        elements=frozenset({ELEMENT}),
    )


def test_owners_are_asked_for_where_a_thread_is_absent_alone() -> None:
    other = thread(OTHER, owner="bob", name="x")
    assert play([save_step(1)], loaded()).needs[1:] == []
    asked = play([save_step(1), other], loaded(), Loaded()).needs[1:]
    assert asked == [Need(owners=frozenset({"bob"}))]


def test_an_owner_who_is_known_is_not_asked_for_again() -> None:
    assert play([save_user(1), save_step(2)], Loaded(users=[ann()])).outcomes == [
        Outcome.APPLIED,
        Outcome.APPLIED,
    ]


def test_threads_of_named_rows_are_asked_for_where_a_user_goes() -> None:
    elsewhere = SetFavorite(step_id=STEP, thread_id=OTHER, favorite=True, revision=1)
    writes: list[Write] = [delete_user(1), elsewhere]
    first = Loaded(users=[ann()], steps=[row()])
    assert play(writes, first, loaded()).needs[1] == Need(threads=frozenset({THREAD}))


def test_a_store_has_to_answer() -> None:
    steps = process([save_user(1)])
    next(steps)
    with pytest.raises(TypeError, match="has to answer"):
        steps.send(None)


@every_kind
def test_nothing_that_was_deleted_comes_back(write: Write) -> None:
    names = {"user": "ann", "thread": THREAD, "step": STEP, "element": ELEMENT}
    newer = dict.fromkeys({**names, "feedback": FEEDBACK}.items(), NOW + 9)
    made: list[Changes] = []
    [result] = drive([write], lambda _: Loaded(tombstones=newer), made.append)
    saves = not type(write).__name__.startswith(("Delete", "Forget"))
    assert result.outcome is (Outcome.GONE if saves else Outcome.ABSENT)
    [changes] = made
    put = (changes.users, changes.threads, changes.steps, changes.elements, changes.feedbacks)
    assert [*map(list, put)] == [[]] * 5


@pytest.mark.parametrize(
    "write",
    [save_thread(1, name="x"), save_step(1), save_element(1)],
    ids=lambda write: type(write).__name__,
)
def test_a_thread_of_somebody_else_is_left_alone(write: Write) -> None:
    theirs = there()._replace(owner="bob")
    outcome, changes = one(write, Loaded(threads=[theirs]))
    assert outcome is Outcome.REFUSED
    assert (changes.threads, changes.steps, changes.elements) == ([], [], [])


@pytest.mark.parametrize(
    "write",
    [
        *(save_step(1), set_favorite(1), delete_step(1), delete_after(1)),
        *(save_element(1), finish_element(1), delete_element(1)),
    ],
    ids=lambda write: type(write).__name__,
)
def test_a_row_of_another_thread_is_left_alone(write: Write) -> None:
    answer = loaded(steps=[row(home=OTHER)], elements=[row(ELEMENT, home=OTHER)])
    outcome, changes = one(write, answer)
    assert outcome is Outcome.REFUSED
    assert (changes.steps, changes.elements, changes.tombstones) == ([], [], {})
