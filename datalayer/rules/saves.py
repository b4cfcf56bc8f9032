"""What a save means: who may make it, and what it changes."""

from datalayer.records import Outcome, Result
from datalayer.rules.pending import (
    PendingFeedback,
    PendingPreferences,
    PendingRow,
    PendingThread,
    PendingUser,
    RowWrite,
)
from datalayer.rules.state import BatchState
from datalayer.writes import (
    FinishElement,
    SaveElement,
    SaveFeedback,
    SavePreferences,
    SaveStep,
    SaveThread,
    SaveUser,
    SetFavorite,
)

ThreadWrite = SaveThread | SaveStep | SaveElement | FinishElement | SetFavorite | SaveFeedback
Creates = SaveThread | SaveStep | SaveElement


def save_user(batch: BatchState, write: SaveUser) -> Result:
    """Create a user or replace their metadata, unless they were deleted since."""
    user = _user(batch, write.identifier, write.revision)
    if user is None:
        return Result(Outcome.GONE, f"user {write.identifier!r} was deleted")
    return Result(user.take(write), newest=user.metadata_revision)


def save_preferences(batch: BatchState, write: SavePreferences) -> Result:
    """Change what is named of a user's preferences, if there is such a user."""
    user = batch.users.get(write.identifier)
    if user is None:
        deleted = batch.tombstones.get(("user", write.identifier), -1)
        no_user = _gone if deleted >= write.revision else _absent
        return no_user("user", repr(write.identifier))
    found = batch.preferences.setdefault(
        write.identifier, PendingPreferences(write.identifier, user.id)
    )
    return Result(found.take(write), newest=found.newest)


def save_thread(batch: BatchState, write: SaveThread) -> Result:
    """Create a thread or change what is named."""
    if refusal := _refusal(batch, write, write.id):
        return refusal
    is_there = write.id in batch.threads
    if not is_there and not write.creates:
        return _absent("thread", write.id)
    thread = _thread(batch, write, write.id)
    if thread is None:
        return _ownerless(write.id)
    outcome = thread.take(write)
    return Result(outcome if is_there else Outcome.APPLIED, newest=thread.newest)


def save_row(batch: BatchState, write: SaveStep | SaveElement) -> Result:
    """Create a step or an element, and its thread, or change the fields that are named."""
    kind = "step" if isinstance(write, SaveStep) else "element"
    if refusal := _refusal(batch, write, write.thread_id) or _row_refusal(batch, kind, write):
        return refusal
    thread = _thread(batch, write, write.thread_id)
    if thread is None:
        return _ownerless(write.thread_id)
    row = batch.rows[kind].setdefault(write.id, PendingRow(write.id, write.thread_id, kind))
    result = _taken(batch, row, write)
    if result.outcome is Outcome.APPLIED:
        thread.touch(write.revision)
    return result


def change_row(batch: BatchState, write: SetFavorite | FinishElement) -> Result:
    """Change a step or an element that is there."""
    kind = "step" if isinstance(write, SetFavorite) else "element"
    refusal = _refusal(batch, write, write.thread_id) or _row_refusal(batch, kind, write)
    row = batch.rows[kind].get(row_id(write))
    if not refusal and row is None:
        there = write.thread_id in batch.threads
        refusal = _absent(kind, row_id(write)) if there else _absent("thread", write.thread_id)
    if refusal or row is None:
        return refusal or _absent(kind, row_id(write))
    return _taken(batch, row, write)


def finish_element(batch: BatchState, write: FinishElement) -> Result:
    """Say that an element's bytes are stored; of one that was deleted they are removed."""
    result = change_row(batch, write)
    if result.outcome is Outcome.GONE:
        batch.remove_file(write.object_key, write.revision)
    return result


def save_feedback(batch: BatchState, write: SaveFeedback) -> Result:
    """Give a step its one feedback, unless a newer one is there or was taken back."""
    if refusal := _refusal(batch, write, write.thread_id):
        return refusal
    if ("step", write.step_id) in batch.tombstones:
        return _gone("step", write.step_id)
    step = batch.rows["step"].get(write.step_id)
    if step is None or step.thread_id != write.thread_id:
        message = f"there is no step {write.step_id} in thread {write.thread_id}"
        return Result(Outcome.REFUSED, message)
    known = batch.feedbacks.get(write.step_id)
    if known and known.revision >= write.revision:
        repeated = known.revision == write.revision
        outcome = Outcome.REPEATED if repeated else Outcome.STALE
        return Result(outcome, id=known.id, newest=known.revision)
    found = known or PendingFeedback(write.id, write.step_id, write.thread_id, write.revision)
    deleted = batch.tombstones.get(("feedback", found.id), -1)
    if deleted >= write.revision:
        message = f"the feedback of step {write.step_id} was taken back"
        return Result(Outcome.GONE, message, newest=deleted)
    found.revision, found.write = write.revision, write
    batch.feedbacks[write.step_id] = found
    batch.flag(write.thread_id)
    return Result(Outcome.APPLIED, id=found.id)


def row_id(write: RowWrite) -> str:
    """Return the id of the step or element that a write is about."""
    return write.step_id if isinstance(write, SetFavorite) else write.id


def _taken(batch: BatchState, row: PendingRow, write: RowWrite) -> Result:
    before = row.favorite
    outcome = row.take(write)
    if row.favorite != before:
        batch.flag(row.thread_id)
    return Result(outcome, newest=row.revisions.newest)


# Who is turned away


def _refusal(batch: BatchState, write: ThreadWrite, thread_id: str) -> Result | None:
    if ("thread", thread_id) in batch.tombstones:
        return _gone("thread", thread_id)
    thread, owner = batch.threads.get(thread_id), getattr(write, "owner", None)
    if thread and owner not in (None, thread.owner):
        return Result(Outcome.REFUSED, f"thread {thread_id} belongs to another user")
    if not thread and isinstance(write, SaveFeedback):
        return Result(Outcome.REFUSED, f"there is no thread {thread_id}")
    return None


def _row_refusal(batch: BatchState, kind: str, write: RowWrite) -> Result | None:
    name = row_id(write)
    if (kind, name) in batch.tombstones:
        return _gone(kind, name)
    row = batch.rows[kind].get(name)
    if row and row.thread_id != write.thread_id:
        return Result(Outcome.REFUSED, f"{kind} {name} belongs to another thread")
    return None


def _gone(kind: str, name: str) -> Result:
    return Result(Outcome.GONE, f"{kind} {name} was deleted")


def _absent(kind: str, name: str) -> Result:
    return Result(Outcome.ABSENT, f"there is no {kind} {name}")


def _ownerless(thread_id: str) -> Result:
    return Result(Outcome.GONE, f"the owner of thread {thread_id} was deleted")


# What is created


def _thread(batch: BatchState, write: Creates, thread_id: str) -> PendingThread | None:
    """Return a thread, created if need be; None where its owner was deleted."""
    if found := batch.threads.get(thread_id):
        return found
    user_id = None
    if write.owner is not None:
        user = _user(batch, write.owner, write.revision)
        if user is None:
            return None
        user_id = user.id
    made = PendingThread.new(thread_id, write.owner, user_id, write.revision)
    batch.threads[thread_id] = made
    return made


def _user(batch: BatchState, identifier: str, revision: int) -> PendingUser | None:
    """Return a user, created if need be; None where they were deleted since."""
    if found := batch.users.get(identifier):
        return found
    if batch.tombstones.get(("user", identifier), -1) >= revision:
        return None
    made = batch.users[identifier] = PendingUser.new(identifier, revision)
    return made
