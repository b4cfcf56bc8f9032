"""What a delete means: all below it goes, and a tombstone stays."""

from collections import defaultdict
from collections.abc import Iterable

from datalayer.records import Outcome, Result
from datalayer.rules.loading import StepLink
from datalayer.rules.ordering import creation_order
from datalayer.rules.state import BatchState
from datalayer.writes import (
    DeleteElement,
    DeleteFeedback,
    DeleteStep,
    DeleteStepsAfter,
    DeleteThread,
    DeleteUser,
    ForgetRemovals,
)


def delete_user(batch: BatchState, write: DeleteUser) -> Result:
    """Delete a user with all their threads, unless they were made again since."""
    repeated = _is_repeated(batch, "user", write.identifier, write.revision)
    batch.leave("user", [write.identifier], write.revision)
    user = batch.users.get(write.identifier)
    if user and user.revision > write.revision:
        message = f"user {write.identifier!r} was made again"
        return Result(Outcome.STALE, message, newest=user.revision)
    if user:
        batch.drop_user(user, write.revision)
    return _result(user is not None, repeated=repeated)


def delete_thread(batch: BatchState, write: DeleteThread) -> Result:
    """Delete a thread with all that is in it."""
    repeated = _is_repeated(batch, "thread", write.id, write.revision)
    batch.leave("thread", [write.id], write.revision)
    thread = batch.threads.get(write.id)
    if thread:
        batch.drop_thread(thread, write.revision)
    return _result(thread is not None, repeated=repeated)


def delete_step(batch: BatchState, write: DeleteStep) -> Result:
    """Delete a step with its descendants and what hangs on them."""
    if refusal := _elsewhere(batch, "step", write):
        return refusal
    repeated = _is_repeated(batch, "step", write.id, write.revision)
    family = descendants(batch.steps_of(write.thread_id), [write.id])
    return _result(batch.drop_steps(write.thread_id, family, write.revision), repeated=repeated)


def delete_steps_after(batch: BatchState, write: DeleteStepsAfter) -> Result:
    """Delete what was created after a step and written before this, with all below it."""
    if refusal := _elsewhere(batch, "step", write):
        return refusal
    links = batch.steps_of(write.thread_id)
    order = {it.id: creation_order(it.created_at, it.sequence, it.id) for it in links}
    if write.id not in order:
        return Result(Outcome.ABSENT, f"there is no step {write.id}")
    later = [
        it.id for it in links if order[it.id] > order[write.id] and it.sequence < write.revision
    ]
    if not later:
        return Result(Outcome.ABSENT, f"nothing follows step {write.id}")
    batch.drop_steps(write.thread_id, descendants(links, later), write.revision)
    return Result(Outcome.APPLIED)


def delete_element(batch: BatchState, write: DeleteElement) -> Result:
    """Delete an element, and its file."""
    if refusal := _elsewhere(batch, "element", write):
        return refusal
    repeated = _is_repeated(batch, "element", write.id, write.revision)
    found = batch.drop_elements(write.thread_id, [write.id], write.revision)
    return _result(found, repeated=repeated)


def delete_feedback(batch: BatchState, write: DeleteFeedback) -> Result:
    """Take a feedback back, unless it was given again since."""
    repeated = _is_repeated(batch, "feedback", write.id, write.revision)
    batch.leave("feedback", [write.id], write.revision)
    found = next((it for it in batch.feedbacks.values() if it.id == write.id), None)
    if found and found.revision > write.revision:
        message = f"feedback {write.id} was given again"
        return Result(Outcome.STALE, message, newest=found.revision)
    if found:
        batch.drop_feedback(found)
    return _result(found is not None, repeated=repeated)


def forget_removals(batch: BatchState, write: ForgetRemovals) -> Result:
    """Strike files off the list of those to remove."""
    return _result(batch.forget_removals(write.object_keys), repeated=False)


def descendants(links: Iterable[StepLink], roots: Iterable[str]) -> list[str]:
    """Return the roots, be they there or not, and all steps below them."""
    children: dict[str, list[str]] = defaultdict(list)
    for link in links:
        if link.parent_id:
            children[link.parent_id].append(link.id)
    found: dict[str, None] = {}
    waiting = list(roots)
    while waiting:
        current = waiting.pop()
        if current not in found:
            found[current] = None
            waiting += children[current]
    return list(found)


def _elsewhere(
    batch: BatchState, kind: str, write: DeleteStep | DeleteStepsAfter | DeleteElement
) -> Result | None:
    row = batch.rows[kind].get(write.id)
    if row is None or row.thread_id == write.thread_id:
        return None
    return Result(Outcome.REFUSED, f"{kind} {write.id} belongs to another thread")


def _is_repeated(batch: BatchState, kind: str, name: str, revision: int) -> bool:
    return batch.tombstones.get((kind, name)) == revision


def _result(found: bool, *, repeated: bool) -> Result:
    if found:
        return Result(Outcome.APPLIED)
    return Result(Outcome.REPEATED if repeated else Outcome.ABSENT)
