"""What a batch of writes means: what has to be known, what changes, and what became of each.

Decided once for all stores, without any of them. A store drives `process`:

    steps = process(writes)
    need = next(steps)            # a Need: lock and load it
    need = steps.send(loaded)     # maybe another one; at last the Changes
    ...                           # make them
    steps.send(None)              # StopIteration, whose value is a result for each write

Each write is judged on what those before it leave, so a batch equals its writes one by one.
"""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any

from datalayer.records import Result
from datalayer.rules import deletes, saves
from datalayer.rules.changes import Changes
from datalayer.rules.loading import Loaded, Need
from datalayer.rules.state import BatchState
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

Steps = Generator[Need | Changes, Loaded | None, list[Result]]
Rule = Callable[[BatchState, Any], Result]

RULES: Mapping[type, Rule] = {
    SaveUser: saves.save_user,
    SavePreferences: saves.save_preferences,
    SaveThread: saves.save_thread,
    SaveStep: saves.save_row,
    SaveElement: saves.save_row,
    SetFavorite: saves.change_row,
    FinishElement: saves.finish_element,
    SaveFeedback: saves.save_feedback,
    DeleteUser: deletes.delete_user,
    DeleteThread: deletes.delete_thread,
    DeleteStep: deletes.delete_step,
    DeleteStepsAfter: deletes.delete_steps_after,
    DeleteElement: deletes.delete_element,
    DeleteFeedback: deletes.delete_feedback,
    ForgetRemovals: deletes.forget_removals,
}

_IN_THREAD = ("threads", "thread_id")
_DELETED_IN = (_IN_THREAD, ("exclusive", "thread_id"))
NAMED: Mapping[type, Sequence[tuple[str, str]]] = {
    SaveUser: (("users", "identifier"),),
    SavePreferences: (("users", "identifier"), ("preferences", "identifier")),
    DeleteUser: (("users", "identifier"),),
    SaveThread: (("threads", "id"),),
    DeleteThread: (("threads", "id"), ("exclusive", "id")),
    SaveStep: (_IN_THREAD, ("steps", "id")),
    SetFavorite: (_IN_THREAD, ("steps", "step_id")),
    SaveElement: (_IN_THREAD, ("elements", "id")),
    FinishElement: (_IN_THREAD, ("elements", "id")),
    SaveFeedback: (
        _IN_THREAD,
        ("steps", "step_id"),
        ("feedback_of", "step_id"),
        ("feedbacks", "id"),
    ),
    DeleteStep: (*_DELETED_IN, ("steps", "id"), ("members_of", "thread_id")),
    DeleteStepsAfter: (*_DELETED_IN, ("steps", "id"), ("members_of", "thread_id")),
    DeleteElement: (*_DELETED_IN, ("elements", "id")),
    DeleteFeedback: (*_DELETED_IN, ("feedbacks", "id")),
    ForgetRemovals: (("removals", "object_keys"),),
}
"""What each kind of write names, and by which of its attributes."""


def process(writes: Sequence[Write]) -> Steps:
    """Yield what has to be known, receive it, yield what changes; return what became of each."""
    batch = BatchState()
    batch.learn((yield needed(writes)))
    if more := _needed_then(writes, batch):
        batch.learn((yield more))
    results = [RULES[type(write)](batch, write) for write in writes]
    yield batch.changes()
    return results


def needed(writes: Iterable[Write]) -> Need:
    """Return what has to be known of what writes name."""
    names: dict[str, set[str]] = {}
    for write in writes:
        for kind, attribute in NAMED[type(write)]:
            found = getattr(write, attribute)
            if found:
                names.setdefault(kind, set()).update((found,) if isinstance(found, str) else found)
    return Need(**{kind: frozenset(found) for kind, found in names.items()})


def _needed_then(writes: Sequence[Write], batch: BatchState) -> Need | None:
    """Return what has to be known once it is known what there is; None for nothing.

    That are the owners of threads that may have to be created, and, where a user goes with their
    threads, the threads of rows that are named under others.
    """
    owners = {
        write.owner
        for write in writes
        if isinstance(write, SaveThread | SaveStep | SaveElement)
        and write.owner is not None
        and (write.id if isinstance(write, SaveThread) else write.thread_id) not in batch.threads
    } - batch.users.keys()
    homes: set[str] = set()
    if any(isinstance(write, DeleteUser) for write in writes):
        homes = batch.homes() - batch.threads.keys()
    return Need(owners=frozenset(owners), threads=frozenset(homes)) if owners or homes else None


def drive(
    writes: Sequence[Write], load: Callable[[Need], Loaded], make: Callable[[Changes], None]
) -> list[Result]:
    """Process writes for a store that need not wait for what it is asked."""
    steps = process(writes)
    step = next(steps)
    while isinstance(step, Need):
        step = steps.send(load(step))
    make(step)
    return finish(steps)


def finish(steps: Steps) -> list[Result]:
    """Return the results of `process`, whose changes are made."""
    try:
        steps.send(None)
    except StopIteration as done:
        results: list[Result] = done.value
        return results
    message = "process has yielded its changes twice"
    raise AssertionError(message)
