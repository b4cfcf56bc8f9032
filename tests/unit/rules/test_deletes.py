"""What deletes take with them and leave behind, without any store."""

from datalayer.records import Outcome
from datalayer.rules.changes import DropThread, DropUser
from datalayer.rules.loading import (
    ElementLink,
    Loaded,
    Members,
)
from datalayer.writes import Write
from tests.support.rules import (
    CHILD,
    ELEMENT,
    FEEDBACK,
    KEY,
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
    given_feedback,
    link,
    loaded,
    one,
    play,
    row,
    save_element,
    save_feedback,
    save_step,
    save_user,
)

# Users


def test_a_user_is_dropped_with_the_threads_that_the_batch_knows() -> None:
    first = loaded(users=[ann()], elements=[row(ELEMENT, object_key=KEY)])
    played = play([finish_element(1), delete_user(2)], first)
    changes = played.changes
    assert played.outcomes == [Outcome.APPLIED, Outcome.APPLIED]
    assert changes.dropped_users == [DropUser(ann().id, NOW + 2)]
    assert changes.dropped_threads == [DropThread(THREAD, NOW + 2)]
    assert changes.tombstones == {("user", "ann"): NOW + 2, ("thread", THREAD): NOW + 2}
    assert changes.removals == {KEY: NOW + 2}
    assert (changes.users, changes.threads, changes.elements) == ([], [], [])


def test_a_user_who_was_made_again_stays() -> None:
    outcome, changes = one(delete_user(-1), Loaded(users=[ann()]))
    assert outcome is Outcome.STALE
    assert changes.dropped_users == []
    assert changes.tombstones == {("user", "ann"): NOW - 1}


def test_a_user_whom_the_batch_makes_needs_no_drop() -> None:
    played = play([save_user(1), delete_user(2)], Loaded())
    assert played.outcomes == [Outcome.APPLIED, Outcome.APPLIED]
    assert (played.changes.users, played.changes.dropped_users) == ([], [])


# Threads


def test_a_thread_is_dropped_with_all_that_the_batch_knows_of_it() -> None:
    saves: list[Write] = [save_step(1), save_element(2, objectKey=KEY), save_feedback(3)]
    played = play([*saves, delete_thread(4), save_step(5)], loaded())
    changes = played.changes
    assert played.outcomes == [Outcome.APPLIED] * 4 + [Outcome.GONE]
    assert changes.dropped_threads == [DropThread(THREAD, NOW + 4)]
    assert changes.removals == {KEY: NOW + 4}
    assert changes.flagged == []
    assert (changes.steps, changes.elements, changes.feedbacks) == ([], [], [])


def test_a_thread_that_was_deleted_is_deleted_again() -> None:
    gone = Loaded(tombstones={("thread", THREAD): NOW})
    assert one(delete_thread(0), gone)[0] is Outcome.REPEATED
    outcome, changes = one(delete_thread(1), gone)
    assert outcome is Outcome.ABSENT
    assert changes.tombstones == {("thread", THREAD): NOW + 1}
    assert one(delete_thread(-1), gone)[1].tombstones == {("thread", THREAD): NOW}


# Steps


def test_a_step_is_deleted_with_its_family_and_what_hangs_on_it() -> None:
    elements = [ElementLink(ELEMENT, CHILD, KEY), ElementLink(OTHER, None, "stays")]
    members = {THREAD: Members([link(STEP), link(CHILD, STEP), link(THREAD, OTHER)], elements)}
    outcome, changes = one(delete_step(1), loaded(steps=[row()], members=members))
    assert outcome is Outcome.APPLIED
    assert changes.dropped_steps == {STEP: THREAD, CHILD: THREAD}
    assert changes.dropped_elements == {ELEMENT: THREAD}
    assert changes.removals == {KEY: NOW + 1}
    assert changes.flagged == [THREAD]
    gone = {("step", STEP), ("step", CHILD), ("element", ELEMENT)}
    assert changes.tombstones == dict.fromkeys(gone, NOW + 1)


def test_a_family_that_leads_in_a_circle_ends() -> None:
    members = {THREAD: Members([link(STEP, CHILD), link(CHILD, STEP)])}
    changes = one(delete_step(1), loaded(steps=[row()], members=members))[1]
    assert changes.dropped_steps == {STEP: THREAD, CHILD: THREAD}


def test_a_family_is_what_the_batch_makes_of_it() -> None:
    """A child that comes with the batch goes as well; one that moved away stays."""
    members = {THREAD: Members([link(STEP), link(CHILD, STEP)])}
    writes = [save_step(1, CHILD, parentId=None), save_step(2, OTHER, parentId=STEP)]
    played = play(
        [*writes, delete_step(3), save_step(4, OTHER, output="late")],
        loaded(steps=[row(), row(CHILD)], members=members),
    )
    assert played.outcomes == [Outcome.APPLIED] * 3 + [Outcome.GONE]
    assert {*played.changes.dropped_steps} == {STEP, OTHER}
    assert [step.id for step in played.changes.steps] == [CHILD]


def test_a_step_that_is_absent_leaves_a_tombstone() -> None:
    outcome, changes = one(delete_step(1), loaded())
    assert outcome is Outcome.ABSENT
    assert changes.tombstones == {("step", STEP): NOW + 1}
    repeated = loaded(tombstones={("step", STEP): NOW + 1})
    assert one(delete_step(1), repeated)[0] is Outcome.REPEATED


def test_what_follows_a_step_is_deleted_with_its_families() -> None:
    steps = [link(ELEMENT), link(STEP, at=1), link(CHILD, at=2), link(OTHER, CHILD, at=0)]
    played = play([delete_after(9)], loaded(steps=[row()], members={THREAD: Members(steps)}))
    assert played.outcomes == [Outcome.APPLIED]
    assert {*played.changes.dropped_steps} == {CHILD, OTHER}


def test_what_was_written_after_the_delete_stays() -> None:
    members = {THREAD: Members([link(STEP, at=1), link(CHILD, at=9), link(OTHER, at=10)])}
    outcome, changes = one(delete_after(9), loaded(steps=[row()], members=members))
    assert outcome is Outcome.ABSENT
    assert (changes.dropped_steps, changes.tombstones) == ({}, {})


def test_nothing_follows_a_step_that_is_not_there() -> None:
    members = {THREAD: Members([link(CHILD, at=2)])}
    outcome, changes = one(delete_after(9), loaded(members=members))
    assert outcome is Outcome.ABSENT
    assert changes.dropped_steps == {}


# Elements


def test_an_element_that_the_batch_stores_is_deleted_with_its_file() -> None:
    played = play([save_element(1, objectKey=KEY), delete_element(2)], loaded())
    changes = played.changes
    assert played.outcomes == [Outcome.APPLIED, Outcome.APPLIED]
    assert (changes.removals, changes.elements) == ({KEY: NOW + 2}, [])
    assert changes.tombstones == {("element", ELEMENT): NOW + 2}


def test_a_stored_element_is_deleted_with_its_file() -> None:
    outcome, changes = one(delete_element(1), loaded(elements=[row(ELEMENT, object_key=KEY)]))
    assert outcome is Outcome.APPLIED
    assert (changes.removals, changes.dropped_elements) == ({KEY: NOW + 1}, {ELEMENT: THREAD})
    assert one(delete_element(1), loaded())[0] is Outcome.ABSENT


# Feedback


def test_a_feedback_is_taken_back_unless_it_was_given_again() -> None:
    answer = loaded(feedbacks=[given_feedback()])
    outcome, changes = one(delete_feedback(1), answer)
    assert outcome is Outcome.APPLIED
    assert (changes.dropped_feedbacks, changes.flagged) == ([FEEDBACK], [THREAD])
    outcome, changes = one(delete_feedback(-1), answer)
    assert outcome is Outcome.STALE
    assert (changes.dropped_feedbacks, changes.flagged) == ([], [])
    assert one(delete_feedback(1), loaded())[0] is Outcome.ABSENT


# Files


def test_files_that_are_waiting_are_forgotten() -> None:
    outcome, changes = one(forget("a", "b"), Loaded(removals={"a"}))
    assert outcome is Outcome.APPLIED
    assert changes.forgotten == ["a"]
    assert one(forget("a"), Loaded())[0] is Outcome.ABSENT


def test_a_file_that_the_batch_records_is_forgotten_before_it_is_stored() -> None:
    played = play([delete_element(1), forget(KEY)], loaded(elements=[row(ELEMENT, object_key=KEY)]))
    assert played.outcomes == [Outcome.APPLIED, Outcome.APPLIED]
    assert (played.changes.removals, played.changes.forgotten) == ({}, [KEY])
