"""A write is a value: one frozen dataclass for each change that a store can be asked to make.

Writes are clean by construction (ids canonical, text and JSON storable, times in one form), so a
store never cleans again. `revision` is microseconds of UTC, strictly increasing within a process;
`owner` names a user by identifier. The meaning of each is in `datalayer.stores.base`.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datalayer.fields import ELEMENT_FIELDS, STEP_FIELDS, clean_fields
from datalayer.values import Json, clean_json, clean_text, derived_id, require_id


class RevisionClock:
    """Hands out revisions: microseconds of UTC, never the same or a smaller one twice."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """Return the next revision."""
        self._last = max(self._last + 1, time.time_ns() // 1_000)
        return self._last


def _set(write: object, **values: object) -> None:
    """Replace fields of a frozen dataclass while it is being made."""
    for name, value in values.items():
        object.__setattr__(write, name, value)


def _clean(text: str | None) -> str | None:
    return None if text is None else clean_text(text)


@dataclass(frozen=True, kw_only=True, slots=True)
class SaveUser:
    """Create a user or replace their metadata."""

    identifier: str
    revision: int
    metadata: Mapping[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _set(self, identifier=clean_text(self.identifier), metadata=clean_json(self.metadata))

    @property
    def order_key(self) -> str:
        return self.identifier

    @property
    def id(self) -> str:
        """The id that the user gets when there is no row yet; the same on every replica."""
        return derived_id("user", self.identifier)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteUser:
    """Remove a user with all their threads."""

    identifier: str
    revision: int

    def __post_init__(self) -> None:
        _set(self, identifier=clean_text(self.identifier))

    @property
    def order_key(self) -> str:
        return self.identifier


@dataclass(frozen=True, kw_only=True, slots=True)
class SaveThread:
    """Create a thread or change what is named; `metadata` is merged, None removes a key."""

    id: str
    revision: int
    owner: str | None = None
    name: str | None = None
    tags: tuple[str, ...] | None = None
    metadata: Mapping[str, Json] | None = None
    creates: bool = True

    def __post_init__(self) -> None:
        _set(self, id=require_id(self.id, "a thread's id"), owner=_clean(self.owner))
        if self.name is not None:
            _set(self, name=clean_text(self.name))
        if self.tags is not None:
            _set(self, tags=tuple(clean_text(tag) for tag in self.tags))
        if self.metadata is not None:
            _set(self, metadata=clean_json(self.metadata))
        if self.name is None and self.tags is None and self.metadata is not None:
            _set(self, creates=False)

    @property
    def order_key(self) -> str:
        return self.id


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteThread:
    """Remove a thread and all below it, for ever."""

    id: str
    revision: int

    def __post_init__(self) -> None:
        _set(self, id=require_id(self.id, "a thread's id"))

    @property
    def order_key(self) -> str:
        return self.id


@dataclass(frozen=True, kw_only=True, slots=True)
class SaveStep:
    """Create a step or change the fields that are named."""

    id: str
    thread_id: str
    revision: int
    fields: Mapping[str, Any]
    owner: str | None = None

    def __post_init__(self) -> None:
        _set(
            self,
            id=require_id(self.id, "a step's id"),
            thread_id=require_id(self.thread_id, "a step's threadId"),
            owner=_clean(self.owner),
            fields=clean_fields(self.fields, STEP_FIELDS),
        )

    @property
    def order_key(self) -> str:
        return self.thread_id


@dataclass(frozen=True, kw_only=True, slots=True)
class SetFavorite:
    """Set or clear `metadata.favorite` of a step and leave the rest of it alone."""

    step_id: str
    thread_id: str
    favorite: bool
    revision: int

    def __post_init__(self) -> None:
        _set(
            self,
            step_id=require_id(self.step_id, "a step's id"),
            thread_id=require_id(self.thread_id, "a step's threadId"),
        )

    @property
    def order_key(self) -> str:
        return self.thread_id


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteStep:
    """Remove a step, its descendants and what hangs on them, for ever."""

    id: str
    thread_id: str
    revision: int

    def __post_init__(self) -> None:
        _set(
            self,
            id=require_id(self.id, "a step's id"),
            thread_id=require_id(self.thread_id, "a step's threadId"),
        )

    @property
    def order_key(self) -> str:
        return self.thread_id


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteStepsAfter:
    """Remove what was written in a thread after a step, which stays, and before this."""

    id: str
    thread_id: str
    revision: int

    def __post_init__(self) -> None:
        _set(
            self,
            id=require_id(self.id, "a step's id"),
            thread_id=require_id(self.thread_id, "a step's threadId"),
        )

    @property
    def order_key(self) -> str:
        return self.thread_id


@dataclass(frozen=True, kw_only=True, slots=True)
class SaveElement:
    """Create an element or change the fields that are named.

    With `ready` false its place is only reserved: it is shown once `FinishElement` says that its
    bytes are stored. An element that is ready stays so.
    """

    id: str
    thread_id: str
    revision: int
    fields: Mapping[str, Any]
    owner: str | None = None
    ready: bool = True

    def __post_init__(self) -> None:
        _set(
            self,
            id=require_id(self.id, "an element's id"),
            thread_id=require_id(self.thread_id, "an element's threadId"),
            owner=_clean(self.owner),
            fields=clean_fields(self.fields, ELEMENT_FIELDS),
        )

    @property
    def order_key(self) -> str:
        return self.thread_id


@dataclass(frozen=True, kw_only=True, slots=True)
class FinishElement:
    """Say that an element's bytes are stored under `object_key`; `size` is in bytes."""

    id: str
    thread_id: str
    object_key: str
    size: int
    sha256: str
    revision: int

    def __post_init__(self) -> None:
        _set(
            self,
            id=require_id(self.id, "an element's id"),
            thread_id=require_id(self.thread_id, "an element's threadId"),
        )

    @property
    def order_key(self) -> str:
        return self.thread_id


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteElement:
    """Remove an element and record its file for removal, for ever."""

    id: str
    thread_id: str
    revision: int

    def __post_init__(self) -> None:
        _set(
            self,
            id=require_id(self.id, "an element's id"),
            thread_id=require_id(self.thread_id, "an element's threadId"),
        )

    @property
    def order_key(self) -> str:
        return self.thread_id


@dataclass(frozen=True, kw_only=True, slots=True)
class SaveFeedback:
    """Give a step its one feedback: `value` 0 or 1, with an optional comment."""

    step_id: str
    thread_id: str
    value: int
    revision: int
    comment: str | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _set(
            self,
            step_id=require_id(self.step_id, "a feedback's forId"),
            thread_id=require_id(self.thread_id, "a feedback's threadId"),
            comment=_clean(self.comment),
            extra=clean_json(self.extra),
        )

    @property
    def order_key(self) -> str:
        return self.thread_id

    @property
    def id(self) -> str:
        """The id that the feedback gets when the step has none yet."""
        return derived_id("feedback", self.step_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteFeedback:
    """Take a feedback back, named by its own id; `thread_id` only keeps it in order."""

    id: str
    revision: int
    thread_id: str | None = None

    def __post_init__(self) -> None:
        _set(self, id=require_id(self.id, "a feedback's id"))

    @property
    def order_key(self) -> str:
        return self.thread_id or self.id


@dataclass(frozen=True, kw_only=True, slots=True)
class ForgetRemovals:
    """Strike files off the list of those to remove, because their bytes are gone."""

    object_keys: tuple[str, ...]
    revision: int

    @property
    def order_key(self) -> str:
        return "removals"


Write = (
    SaveUser
    | DeleteUser
    | SaveThread
    | DeleteThread
    | SaveStep
    | SetFavorite
    | DeleteStep
    | DeleteStepsAfter
    | SaveElement
    | FinishElement
    | DeleteElement
    | SaveFeedback
    | DeleteFeedback
    | ForgetRemovals
)


def describe(write: Write) -> str:
    """Name a write for a log: its kind and its id, never its content."""
    for name in ("id", "step_id", "identifier"):
        if hasattr(write, name):
            return f"{type(write).__name__} {getattr(write, name)}"
    return type(write).__name__
