"""What the rules ask of a store, and what it answers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from datalayer.values import Json

Tombstone = tuple[str, str]
"""Kind (`user`, `thread`, `step`, `element`, `feedback`) and id of what was deleted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """What has to be known before writes are judged; tombstones are needed of all that is named.

    Nobody else may change what is named until the changes are made, be it there or not.
    """

    users: frozenset[str] = frozenset()
    """Identifiers of users who are changed."""
    owners: frozenset[str] = frozenset()
    """Identifiers of users who are needed as they are, or made where they are not there."""
    preferences: frozenset[str] = frozenset()
    """Identifiers of users whose preferences are changed."""
    threads: frozenset[str] = frozenset()
    exclusive: frozenset[str] = frozenset()
    """Those of the threads in which something is deleted."""
    steps: frozenset[str] = frozenset()
    elements: frozenset[str] = frozenset()
    feedback_of: frozenset[str] = frozenset()
    """Steps whose feedback is needed."""
    feedbacks: frozenset[str] = frozenset()
    """Ids of feedback."""
    removals: frozenset[str] = frozenset()
    """Object keys of files that may be on the list of those to remove."""
    members_of: frozenset[str] = frozenset()
    """Threads whose steps and elements are needed, each with what it hangs on."""


class StoredUser(NamedTuple):
    """A user; `revision` is that of the newest write about them, 0 where none is known."""

    id: str
    identifier: str
    revision: int
    metadata_revision: int


class StoredPreferences(NamedTuple):
    """A user's preferences, with the revision of each key, of those that were removed, too."""

    identifier: str
    preferences: Mapping[str, Json]
    revisions: Mapping[str, int]


class StoredThread(NamedTuple):
    """A thread, with the revisions of its name, its tags and each key of its metadata."""

    id: str
    owner: str | None
    user_id: str | None
    updated_at: str | None
    metadata: Mapping[str, Json]
    revisions: Mapping[str, int]


class StoredRow(NamedTuple):
    """A step or an element, without the values of its fields.

    `revision` is that of the newest write, `others` those of the fields that are from another one,
    `sequence` that of the oldest. A step's `metadata` is without its favourite.
    """

    id: str
    thread_id: str
    revision: int
    others: Mapping[str, int]
    sequence: int
    extra: Mapping[str, Json]
    metadata: Mapping[str, Json] | None = None
    favorite: bool | None = None
    ready: bool = False
    object_key: str | None = None


class StoredFeedback(NamedTuple):
    """The one feedback of a step."""

    id: str
    step_id: str
    thread_id: str
    revision: int


class StepLink(NamedTuple):
    """Where a step stands in its thread."""

    id: str
    parent_id: str | None
    created_at: str | None
    sequence: int


class ElementLink(NamedTuple):
    """What an element hangs on, and where its file is."""

    id: str
    step_id: str | None
    object_key: str | None


@dataclass(frozen=True, slots=True)
class Members:
    """All steps and elements of a thread."""

    steps: Sequence[StepLink] = ()
    elements: Sequence[ElementLink] = ()


@dataclass(slots=True)
class Loaded:
    """What is there of a `Need`; what is not there is not in it."""

    users: Iterable[StoredUser] = ()
    preferences: Iterable[StoredPreferences] = ()
    threads: Iterable[StoredThread] = ()
    steps: Iterable[StoredRow] = ()
    elements: Iterable[StoredRow] = ()
    feedbacks: Iterable[StoredFeedback] = ()
    members: Mapping[str, Members] = field(default_factory=dict)
    removals: Collection[str] = ()
    tombstones: Mapping[Tombstone, int] = field(default_factory=dict)
    """The revisions of the deletes."""
