"""A batch of writes on its way through the store: pure planning, no database."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from datalayer.records import Outcome, Result
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
    SaveStep,
    SaveThread,
    SetFavorite,
    Write,
)

_DELETES = (
    DeleteUser,
    DeleteThread,
    DeleteStep,
    DeleteStepsAfter,
    DeleteElement,
    DeleteFeedback,
    ForgetRemovals,
)


@dataclass(slots=True)
class Item:
    """A write of the batch and, once it is known, what became of it."""

    write: Any
    result: Result | None = None

    def resolve(self, outcome: Outcome, reason: str = "", row_id: str | None = None) -> None:
        """Say what became of the write."""
        self.result = Result(outcome, reason, row_id)


def segments(writes: Iterable[Write]) -> list[list[Item]]:
    """Cut a batch where a delete stands: saves commute among themselves, deletes do not."""
    items = [Item(write) for write in writes]
    runs = groupby(items, lambda item: _kind(item.write))
    return [list(run) for _, run in runs]


def _kind(write: Write) -> type | None:
    return type(write) if isinstance(write, _DELETES) else None


def thread_of(write: Any) -> str | None:
    """Return the thread that a save needs, None for a save outside threads."""
    if isinstance(write, SaveThread):
        return write.id
    if isinstance(write, SaveStep | SaveElement | FinishElement | SaveFeedback | SetFavorite):
        return write.thread_id
    return None


def creates_thread(write: Any) -> bool:
    """Tell whether a write brings its thread into being when there is none."""
    return isinstance(write, SaveStep | SaveElement) or (
        isinstance(write, SaveThread) and write.creates
    )


def row_of(write: Any) -> tuple[str, str] | None:
    """Return kind and id of the row in a thread that a save is about, None for other saves."""
    if isinstance(write, SaveStep):
        return ("step", write.id)
    if isinstance(write, SaveElement | FinishElement):
        return ("element", write.id)
    if isinstance(write, SetFavorite):
        return ("step", write.step_id)
    return None
