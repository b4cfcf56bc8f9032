"""What a store gives back. Times are ISO 8601 UTC with microseconds and Z; sizes are bytes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from datalayer.values import Json, revision_of_time


@dataclass(frozen=True, kw_only=True, slots=True)
class UserRecord:
    """A user who has signed in at least once."""

    id: str
    identifier: str
    created_at: str
    metadata: Mapping[str, Json]


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedbackRecord:
    """The one feedback of a step."""

    id: str
    step_id: str
    thread_id: str
    value: int
    comment: str | None
    extra: Mapping[str, Json] = field(default_factory=dict)


class StepRecord(NamedTuple):
    """A step; `fields` holds Chainlit's names, those never written are None.

    A tuple, since a thread has hundreds: a frozen dataclass takes three times as long to make.
    """

    id: str
    thread_id: str
    revision: int
    fields: Mapping[str, Json]
    feedback: FeedbackRecord | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ElementRecord:
    """An element whose bytes, if it has any, are stored: `size` and `sha256` are theirs."""

    id: str
    thread_id: str
    revision: int
    fields: Mapping[str, Json]
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRecord:
    """What an element says of its file: where it is, and whether it is `ready` to be shown.

    `revision` is that of the element's newest write.
    """

    thread_id: str
    element_id: str
    object_key: str
    name: str | None
    ready: bool
    revision: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ThreadRecord:
    """A thread. In a list `steps` and `elements` are empty."""

    id: str
    created_at: str
    updated_at: str
    name: str | None
    user_id: str | None
    owner: str | None
    tags: Sequence[str]
    metadata: Mapping[str, Json]
    steps: Sequence[StepRecord] = ()
    elements: Sequence[ElementRecord] = ()

    @property
    def revision(self) -> int:
        """The newest revision that it shows; what the thread says of itself may be newer."""
        steps = max([step.revision for step in self.steps], default=0)
        elements = max([element.revision for element in self.elements], default=0)
        return max(revision_of_time(self.updated_at), steps, elements)


@dataclass(frozen=True, kw_only=True, slots=True)
class ThreadPage:
    """A page of a user's threads; `next_cursor` is None on the last one."""

    threads: Sequence[ThreadRecord]
    next_cursor: str | None


class Excerpt(NamedTuple):
    """A part of a text, on one line and spelt as it is there, with an ellipsis where it is cut.

    `marks` are where in it that stands which was looked for, from one character to another, in
    order and apart; characters are counted as Python does.
    """

    text: str
    marks: Sequence[tuple[int, int]]

    def parts(self) -> Iterator[tuple[str, bool]]:
        """Yield the text in parts, each with whether it is marked."""
        last = 0
        for start, end in self.marks:
            yield self.text[last:start], False
            yield self.text[start:end], True
            last = end
        yield self.text[last:], False


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchHit:
    """A thread that was found, and what of it shows that best.

    `step_id` is that of the step whose output has most of what was looked for, the oldest such one,
    and `at` when it was created. Without a step it is the thread's name, and `at` its last
    activity.
    """

    thread: ThreadRecord
    step_id: str | None
    at: str
    excerpt: Excerpt


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchPage:
    """Some of the threads that were found; `next_cursor` is None on the last page.

    `is_shortened` says that the beginning alone of what was asked for was looked for.
    """

    hits: Sequence[SearchHit]
    next_cursor: str | None
    is_shortened: bool = False


class Saving(Enum):
    """What becomes of what is written now."""

    SAVED = "saved"  # it is stored, and so is all before
    DELAYED = "delayed"  # it is accepted, or something before it is, and will be stored
    REFUSED = "refused"  # it is not taken: neither the store nor the journal can


class Outcome(Enum):
    """What became of a write. The last one the writer says, and never a store."""

    APPLIED = "applied"  # something changed
    REPEATED = (
        "repeated"  # nothing changed: this very write, or all that it says, was stored before
    )
    STALE = "stale"  # nothing changed: something newer is there
    GONE = "gone"  # what it names was deleted; nothing changed
    ABSENT = "absent"  # what it names never was, and it may not create it; nothing changed
    REFUSED = "refused"  # it would move a row or act on another's; nothing changed
    ACCEPTED = "accepted"  # it is in the journal: durable, and stored when the database is back


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one write; `id` is that of the row where the caller cannot know it.

    `newest` is the newest revision of what it names, 0 where that is not known: a write above it
    is not stale.
    """

    outcome: Outcome
    reason: str = ""
    id: str | None = None
    newest: int = 0


class MaintenanceState(Enum):
    """How far a store's maintenance is after a round of it."""

    MORE = "more"  # some was done, and there may be more to do
    HELD_UP = "held up"  # others are at it, or have locked what is left: to be tried again
    DONE = "done"  # nothing is left but what was written meanwhile
