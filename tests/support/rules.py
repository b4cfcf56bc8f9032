"""Plays writes on the rules alone: what they are told, and what they make of it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from datalayer.records import Outcome, Result
from datalayer.rules.changes import Changes
from datalayer.rules.loading import (
    Loaded,
    Need,
    StepLink,
    StoredFeedback,
    StoredRow,
    StoredThread,
    StoredUser,
)
from datalayer.rules.process import finish, process
from datalayer.values import derived_id, time_of_revision
from datalayer.writes import (
    DeleteElement,
    DeleteFeedback,
    DeleteStep,
    DeleteStepsAfter,
    DeleteThread,
    DeleteUser,
    FinishElement,
    ForgetRemovals,
    SaveElement,
    SaveFeedback,
    SavePreferences,
    SaveStep,
    SaveThread,
    SaveUser,
    SetFavorite,
    Write,
)
from tests.support.builders import ids

THREAD, OTHER, STEP, CHILD, ELEMENT = ids(5)
KEY = f"{THREAD}/{ELEMENT}"
SHA = "ab" * 32
NOW = 1_700_000_000_000_000  # a revision; those of the tests are a few microseconds from it


class Played(NamedTuple):
    """All that a batch needed, what it changes, and its results."""

    needs: list[Need]
    changes: Changes
    results: list[Result]

    @property
    def outcomes(self) -> list[Outcome]:
        return [result.outcome for result in self.results]


def play(writes: Sequence[Write], *answers: Loaded) -> Played:
    """Process writes; each need is answered by one of the answers."""
    steps, needs, waiting = process(writes), [], [*answers]
    step = next(steps)
    while isinstance(step, Need):
        needs.append(step)
        step = steps.send(waiting.pop(0))
    assert waiting == []
    return Played(needs, step, finish(steps))


def one(write: Write, *answers: Loaded) -> tuple[Outcome, Changes]:
    played = play([write], *answers)
    [outcome] = played.outcomes
    return outcome, played.changes


# What is written


def save_user(at: int, metadata: Any = None) -> SaveUser:
    return SaveUser(identifier="ann", revision=NOW + at, metadata=metadata or {})


def save_preferences(at: int, **preferences: Any) -> SavePreferences:
    return SavePreferences(identifier="ann", revision=NOW + at, preferences=preferences)


def save_step(at: int, step_id: str = STEP, **fields: Any) -> SaveStep:
    return SaveStep(id=step_id, thread_id=THREAD, revision=NOW + at, owner="ann", fields=fields)


def save_element(at: int, *, ready: bool = True, **fields: Any) -> SaveElement:
    return SaveElement(
        id=ELEMENT, thread_id=THREAD, revision=NOW + at, owner="ann", ready=ready, fields=fields
    )


def finish_element(at: int) -> FinishElement:
    return FinishElement(
        id=ELEMENT, thread_id=THREAD, object_key=KEY, size=3, sha256=SHA, revision=NOW + at
    )


def save_thread(at: int, **changes: Any) -> SaveThread:
    return SaveThread(id=THREAD, revision=NOW + at, owner="ann", **changes)


def set_favorite(at: int, favorite: bool = True) -> SetFavorite:
    return SetFavorite(step_id=STEP, thread_id=THREAD, favorite=favorite, revision=NOW + at)


def save_feedback(at: int, value: int = 1) -> SaveFeedback:
    return SaveFeedback(step_id=STEP, thread_id=THREAD, value=value, revision=NOW + at)


FEEDBACK = save_feedback(0).id


def delete_user(at: int) -> DeleteUser:
    return DeleteUser(identifier="ann", revision=NOW + at)


def delete_thread(at: int) -> DeleteThread:
    return DeleteThread(id=THREAD, revision=NOW + at)


def delete_step(at: int, step_id: str = STEP) -> DeleteStep:
    return DeleteStep(id=step_id, thread_id=THREAD, revision=NOW + at)


def delete_after(at: int) -> DeleteStepsAfter:
    return DeleteStepsAfter(id=STEP, thread_id=THREAD, revision=NOW + at)


def delete_element(at: int) -> DeleteElement:
    return DeleteElement(id=ELEMENT, thread_id=THREAD, revision=NOW + at)


def delete_feedback(at: int) -> DeleteFeedback:
    return DeleteFeedback(id=FEEDBACK, revision=NOW + at, thread_id=THREAD)


def forget(*keys: str) -> ForgetRemovals:
    return ForgetRemovals(object_keys=keys, revision=NOW)


# What is there; all of it is of the revision `NOW`


def ann(revision: int = NOW) -> StoredUser:
    return StoredUser(derived_id("user", "ann"), "ann", revision, revision)


def there(**revisions: int) -> StoredThread:
    user_id, updated = derived_id("user", "ann"), time_of_revision(NOW)
    return StoredThread(THREAD, "ann", user_id, updated, {}, revisions)


def row(row_id: str = STEP, *, home: str = THREAD, **changes: Any) -> StoredRow:
    return StoredRow(row_id, home, NOW, {}, NOW, {})._replace(**changes)


def given_feedback() -> StoredFeedback:
    return StoredFeedback(FEEDBACK, STEP, THREAD, NOW)


def link(step_id: str, parent: str | None = None, *, at: int = 0) -> StepLink:
    return StepLink(step_id, parent, time_of_revision(NOW + at), NOW + at)


def loaded(**found: Any) -> Loaded:
    """Ann's thread, and what else is there."""
    return Loaded(**{"threads": [there()], **found})
