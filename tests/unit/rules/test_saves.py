"""What saves make of what is there, without any store."""

import pytest

from datalayer.records import Outcome, Result
from datalayer.rules.loading import (
    Loaded,
    StoredFeedback,
)
from datalayer.values import derived_id, time_of_revision
from datalayer.writes import Write
from tests.support.rules import (
    ELEMENT,
    FEEDBACK,
    KEY,
    NOW,
    OTHER,
    SHA,
    STEP,
    THREAD,
    ann,
    finish_element,
    given_feedback,
    loaded,
    one,
    play,
    row,
    save_element,
    save_feedback,
    save_step,
    save_thread,
    save_user,
    set_favorite,
    there,
)

# Users


def test_a_new_user_is_made_with_the_metadata() -> None:
    outcome, changes = one(save_user(1, {"a": 1}), Loaded())
    [made] = changes.users
    assert outcome is Outcome.APPLIED
    assert (made.id, made.created_at) == (derived_id("user", "ann"), time_of_revision(NOW + 1))
    assert (made.metadata, made.metadata_revision) == ({"a": 1}, NOW + 1)


@pytest.mark.parametrize(
    ("at", "outcome"), [(-1, Outcome.STALE), (0, Outcome.REPEATED), (1, Outcome.APPLIED)]
)
def test_the_newest_metadata_of_a_user_count(at: int, outcome: Outcome) -> None:
    found, changes = one(save_user(at, {"a": 1}), Loaded(users=[ann()]))
    assert found is outcome
    assert [it.metadata for it in changes.users] == ([{"a": 1}] if at > 0 else [])


def test_a_user_who_was_deleted_may_be_made_again() -> None:
    gone = Loaded(tombstones={("user", "ann"): NOW})
    assert one(save_user(0), gone)[0] is Outcome.GONE
    assert one(save_user(1), gone)[0] is Outcome.APPLIED


# Threads


def test_a_new_thread_is_made_with_its_owner() -> None:
    outcome, changes = one(save_thread(1, name="x", tags=("t",)), Loaded(), Loaded())
    [made], [owner] = changes.threads, changes.users
    assert outcome is Outcome.APPLIED
    assert (made.is_new, made.owner, made.user_id) == (True, "ann", owner.id)
    assert (made.changed["name"], made.changed["tags"]) == ("x", ["t"])
    assert made.changed["createdAt"] == made.changed["updatedAt"] == time_of_revision(NOW + 1)
    assert (owner.created_at, owner.metadata) == (time_of_revision(NOW + 1), None)


def test_no_thread_is_made_for_metadata_alone_or_for_an_owner_who_is_gone() -> None:
    assert one(save_thread(1, metadata={"a": 1}), Loaded(), Loaded())[0] is Outcome.ABSENT
    gone = Loaded(tombstones={("user", "ann"): NOW + 1})
    outcome, changes = one(save_thread(1, name="x"), Loaded(), gone)
    assert outcome is Outcome.GONE
    assert (changes.threads, changes.users) == ([], [])


def test_each_name_of_a_thread_keeps_its_newest_value() -> None:
    known = there(**{"name": NOW + 2, "metadata.a": NOW, "metadata.b": NOW + 2})
    write = save_thread(1, name="late", metadata={"a": None, "b": 1, "c": 2})
    outcome, changes = one(write, Loaded(threads=[known._replace(metadata={"a": 1, "b": 5})]))
    [changed] = changes.threads
    assert outcome is Outcome.APPLIED
    assert "name" not in changed.changed
    assert changed.changed["metadata"] == {"b": 5, "c": 2}
    assert changed.removed == {"a"}
    assert changed.revisions == {
        **known.revisions,
        "metadata.a": NOW + 1,
        "metadata.c": NOW + 1,
    }


@pytest.mark.parametrize(("at", "outcome"), [(1, Outcome.STALE), (2, Outcome.REPEATED)])
def test_a_name_that_is_not_newer_changes_nothing(at: int, outcome: Outcome) -> None:
    played = play([save_thread(at, name="x")], Loaded(threads=[there(name=NOW + 2)]))
    assert played.results == [Result(outcome, newest=NOW + 2)]
    assert played.changes.threads == []


# Steps


def test_a_step_makes_its_thread_and_is_its_last_activity() -> None:
    outcome, changes = one(save_step(1, output="x"), Loaded(), Loaded(users=[ann()]))
    [step], [home] = changes.steps, changes.threads
    assert outcome is Outcome.APPLIED
    assert step.values()["output"] == "x"
    assert (step.sequence, step.revisions.newest) == (NOW + 1, NOW + 1)
    assert (home.id, home.updated_at, changes.users) == (THREAD, time_of_revision(NOW + 1), [])


def test_an_older_step_is_no_activity() -> None:
    known = there()._replace(updated_at=time_of_revision(NOW + 5))
    changes = one(save_step(1, output="x"), Loaded(threads=[known]))[1]
    assert (len(changes.steps), changes.threads) == (1, [])


def test_fields_keep_their_newest_value_in_any_order() -> None:
    older, newer = save_step(1, output="older", name="bot"), save_step(2, output="newer")
    for writes, outcomes in (
        ([older, newer], [Outcome.APPLIED, Outcome.APPLIED]),
        ([newer, older], [Outcome.APPLIED, Outcome.APPLIED]),  # its name is new
    ):
        played = play(writes, loaded())
        [step] = played.changes.steps
        assert played.outcomes == outcomes
        assert (step.changed["output"], step.changed["name"]) == ("newer", "bot")
        assert (step.revisions.newest, step.sequence) == (NOW + 2, NOW + 1)


def test_a_field_that_was_emptied_is_not_filled_again() -> None:
    played = play([save_step(2, command=None), save_step(1, command="search")], loaded())
    assert played.outcomes == [Outcome.APPLIED, Outcome.STALE]
    assert played.changes.steps[0].changed["command"] is None


def test_unknown_fields_are_as_good_as_others() -> None:
    create, update, empty = (
        save_step(1, later="red", other="kept"),
        save_step(2, later="blue"),
        save_step(3),
    )
    for writes in ([create, update, empty], [empty, update, create], [update, empty, create]):
        [step] = play(writes, loaded()).changes.steps
        assert step.changed["extra"] == {"later": "blue", "other": "kept"}


def test_unknown_fields_join_those_that_are_stored() -> None:
    stored = row(extra={"a": 1, "b": 1})
    [step] = one(save_step(1, b=2, c=3), loaded(steps=[stored]))[1].steps
    assert step.changed["extra"] == {"a": 1, "b": 2, "c": 3}
    assert step.revisions.of("extra.a") == NOW


def test_a_step_that_comes_again_changes_nothing() -> None:
    played = play([save_step(0, output="x")], loaded(steps=[row()]))
    assert played.results == [Result(Outcome.REPEATED, newest=NOW)]
    assert (played.changes.steps, played.changes.threads) == ([], [])


def test_an_older_step_changes_its_place_at_most() -> None:
    outcome, changes = one(save_step(-1, output="x"), loaded(steps=[row()]))
    assert outcome is Outcome.STALE
    [step] = changes.steps
    assert step.changed == {"sequence": NOW - 1}


def test_created_at_is_that_of_the_oldest_write() -> None:
    noon, later = "2026-01-02T12:00:00.000000Z", "2026-01-02T13:00:00.000000Z"
    create, update = save_step(1, createdAt=noon), save_step(2, createdAt=later)
    for writes in ([create, update], [update, create]):
        assert play(writes, loaded()).changes.steps[0].changed["createdAt"] == noon


def test_a_favourite_stays_when_the_metadata_does_not_name_it() -> None:
    create, mark, later = save_step(1, metadata={"a": 1}), set_favorite(2), save_step(3)
    update = save_step(4, metadata={"a": 2})
    orders: list[list[Write]] = [[create, mark, later, update], [create, update, mark]]
    for writes in orders:
        [step] = play(writes, loaded()).changes.steps
        assert step.changed["metadata"] == {"a": 2, "favorite": True}


def test_flags_follow_from_a_favourite_that_changes_alone() -> None:
    starred = loaded(steps=[row(favorite=True)])
    assert one(set_favorite(1), starred)[1].flagged == []
    assert one(set_favorite(1, False), starred)[1].flagged == [THREAD]
    assert one(save_step(1, metadata={"favorite": False}), starred)[1].flagged == [THREAD]


def test_a_favourite_makes_nothing() -> None:
    for answer in (Loaded(), loaded()):
        outcome, changes = one(set_favorite(1), answer)
        assert outcome is Outcome.ABSENT
        assert (changes.steps, changes.threads) == ([], [])


# Elements


def test_an_element_is_ready_from_the_first_write_that_says_so() -> None:
    reserved = save_element(2, ready=False, objectKey=KEY)
    assert one(reserved, loaded())[1].elements[0].changed["ready"] is False
    for then in (finish_element(3), save_element(1), save_element(3)):
        played = play([reserved, then, save_element(4, ready=False)], loaded())
        assert played.outcomes == [Outcome.APPLIED] * 3
        assert played.changes.elements[0].changed["ready"] is True


def test_a_finished_element_knows_its_bytes() -> None:
    outcome, changes = one(finish_element(1), loaded(elements=[row(ELEMENT)]))
    assert outcome is Outcome.APPLIED
    [element] = changes.elements
    assert (element.changed["contentLength"], element.changed["sha256"]) == (3, SHA)
    assert element.key == KEY


@pytest.mark.parametrize(
    ("found", "outcome", "removals"),
    [
        (loaded(), Outcome.ABSENT, {}),
        (Loaded(), Outcome.ABSENT, {}),
        (loaded(tombstones={("element", ELEMENT): NOW}), Outcome.GONE, {KEY: NOW + 1}),
        (Loaded(tombstones={("thread", THREAD): NOW}), Outcome.GONE, {KEY: NOW + 1}),
    ],
)
def test_bytes_of_an_element_that_was_deleted_are_removed(
    found: Loaded, outcome: Outcome, removals: dict[str, int]
) -> None:
    got, changes = one(finish_element(1), found)
    assert got is outcome
    assert (changes.removals, changes.elements) == (removals, [])


# Feedback


def test_a_feedback_keeps_the_id_that_it_has() -> None:
    known = StoredFeedback(OTHER, STEP, THREAD, NOW)
    played = play([save_feedback(1)], loaded(steps=[row()], feedbacks=[known]))
    assert played.results == [Result(Outcome.APPLIED, id=OTHER)]
    assert [it.id for it in played.changes.feedbacks] == [OTHER]
    assert played.changes.flagged == [THREAD]


@pytest.mark.parametrize(("at", "outcome"), [(-1, Outcome.STALE), (0, Outcome.REPEATED)])
def test_a_feedback_that_is_not_newer_changes_nothing(at: int, outcome: Outcome) -> None:
    answer = loaded(steps=[row()], feedbacks=[given_feedback()])
    played = play([save_feedback(at)], answer)
    assert played.results == [Result(outcome, id=FEEDBACK, newest=NOW)]
    assert (played.changes.feedbacks, played.changes.flagged) == ([], [])


def test_a_feedback_needs_its_step() -> None:
    for answer in (Loaded(), loaded(), loaded(steps=[row(home=OTHER)])):
        assert one(save_feedback(1), answer)[0] is Outcome.REFUSED
    assert play([save_step(1), save_feedback(2)], loaded()).outcomes == [Outcome.APPLIED] * 2


def test_a_feedback_of_what_was_deleted_is_gone() -> None:
    for deleted in (("step", STEP), ("thread", THREAD)):
        assert one(save_feedback(1), loaded(tombstones={deleted: NOW}))[0] is Outcome.GONE


def test_a_feedback_that_was_taken_back_may_be_given_again() -> None:
    answer = loaded(steps=[row()], tombstones={("feedback", FEEDBACK): NOW})
    assert one(save_feedback(0), answer)[0] is Outcome.GONE
    assert one(save_feedback(1), answer)[0] is Outcome.APPLIED
