"""Rows that theirs has changed since they were imported, and ours has not. Pure.

Chainlit's layers keep no time of a row's last change: what was streaming when it was first imported
would stay so. A row that was changed here has a revision of much later, all others one within a
millisecond of that of theirs, which moves there with the row's place among others of the same time.
A change in theirs takes the next.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from datalayer.migration.importing.revisions import SLOT
from datalayer.records import ElementRecord, FeedbackRecord, StepRecord, ThreadRecord
from datalayer.rules.revisions import next_within
from datalayer.values import Json
from datalayer.writes import SaveElement, SaveFeedback, SaveStep, SaveThread, Write


@dataclass(slots=True)
class KnownThread:
    """A thread as ours has it, with its rows by their ids."""

    thread: ThreadRecord
    rows: Mapping[str, StepRecord | ElementRecord] = field(init=False)

    def __post_init__(self) -> None:
        found: list[StepRecord | ElementRecord] = [*self.thread.steps, *self.thread.elements]
        self.rows = {row.id: row for row in found}

    def feedback(self, step_id: str) -> FeedbackRecord | None:
        """Return the feedback of a step."""
        row = self.rows.get(step_id)
        return row.feedback if isinstance(row, StepRecord) else None


def change(write: Write, stored: KnownThread, attempt: int) -> Write | None:
    """Return a later write of what theirs says otherwise, None when that is nothing.

    Of threads and feedback no revision is shown: the store takes the later write if ours has not
    changed, and if no attempt before has taken its revision.
    """
    if isinstance(write, SaveStep | SaveElement):
        return _of_row(write, stored.rows.get(write.id))
    if isinstance(write, SaveThread):
        found: SaveThread | SaveFeedback | None = _of_thread(write, stored.thread)
    elif isinstance(write, SaveFeedback):
        found = _of_feedback(write, stored.feedback(write.step_id))
    else:
        found = None
    return replace(found, revision=write.revision + attempt) if found else None


def is_there(write: Write, stored: KnownThread) -> bool:
    """Tell whether ours has a row of theirs, as it was imported or as it was changed since."""
    row = stored.rows.get(write.id) if isinstance(write, SaveStep | SaveElement) else None
    return row is not None and row.revision > write.revision - SLOT


def _of_row(
    write: SaveStep | SaveElement, stored: StepRecord | ElementRecord | None
) -> SaveStep | SaveElement | None:
    if stored is None or _says(write, stored.fields):
        return None
    following = next_within(stored.revision, write.revision - SLOT + 1, 2 * SLOT - 1)
    return replace(write, revision=following) if following else None


def _says(write: SaveStep | SaveElement, stored: Mapping[str, Json]) -> bool:
    """Tell whether all that a write gives is stored."""
    given = dict(write.fields)
    if stored.get("parentId") is None:
        given.pop("parentId", None)  # a store shows none where the parent is missing
    unknown = given.pop("extra", None)
    if isinstance(unknown, dict):
        given = {**unknown, **given}
    return not _missing(given, stored)


def _missing(given: Mapping[str, Json], stored: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in given.items() if stored.get(name) != value}


def _of_thread(write: SaveThread, stored: ThreadRecord) -> SaveThread | None:
    name = None if write.name == stored.name else write.name
    tags = None if list(write.tags or ()) == list(stored.tags) else write.tags
    metadata = _missing(write.metadata or {}, stored.metadata)
    if name is None and tags is None and not metadata:
        return None
    return replace(write, name=name, tags=tags, metadata=metadata or None)


def _of_feedback(write: SaveFeedback, stored: FeedbackRecord | None) -> SaveFeedback | None:
    if stored is None:
        return None
    is_same = (stored.value, stored.comment) == (write.value, write.comment)
    return None if is_same and not _missing(write.extra, stored.extra) else write
