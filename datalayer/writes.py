"""A write is a value: one frozen dataclass for each change that a store can be asked to make.

Each field is in its domain (`datalayer.domains`), or the write cannot be made: a `ValueError` names
the write, the field and what that must be. So a store never checks or cleans again: ids are
canonical, texts and JSON can be stored everywhere and are copies, the fields of steps and elements
have their types, numbers their range. What is too much for a database only the database knows.
`revision` is microseconds of UTC, strictly increasing within a process; `owner` names a user by
identifier. The meaning of each is in `datalayer.stores.base`.
"""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from datalayer.domains import DOMAINS, Domain, element_fields, step_fields
from datalayer.values import Json, derived_id


def wall_clock() -> int:
    """Return the time in microseconds since 1970, UTC."""
    return time.time_ns() // 1_000


class RevisionClock:
    """Hands out revisions: microseconds of UTC, never the same or a smaller one twice."""

    def __init__(self, now: Callable[[], int] = wall_clock) -> None:
        self.now = now
        self._last = 0

    def next(self) -> int:
        """Return the next revision."""
        self._last = max(self._last + 1, self.now())
        return self._last


class _Value:
    """Puts each field into its domain while the write is being made."""

    __slots__ = ()

    def __post_init__(self) -> None:
        kind: Any = type(self)  # which mypy does not take for hashable
        for name, domain, optional in _domains(kind):
            value = getattr(self, name)
            if value is None and optional:
                continue
            try:
                object.__setattr__(self, name, domain(value))
            except ValueError as exc:
                message = f"{describe(self)}: {name} {exc}."
                raise ValueError(message) from None


@cache
def _domains(kind: Any) -> list[tuple[str, Domain, bool]]:
    """Return the name and domain of each field, and whether it may be None."""
    return [
        (each.name, each.metadata.get("domain") or DOMAINS[each.name], each.default is None)
        for each in dataclasses.fields(kind)
    ]


class _InThread(_Value):
    """A write that is stored in order with all others of its thread."""

    __slots__ = ()
    thread_id: str

    @property
    def order_key(self) -> str:
        return self.thread_id


@dataclass(frozen=True, kw_only=True, slots=True)
class SaveUser(_Value):
    """Create a user or replace their metadata."""

    identifier: str
    revision: int
    metadata: Mapping[str, Json] = field(default_factory=dict)

    @property
    def order_key(self) -> str:
        return self.identifier

    @property
    def id(self) -> str:
        """The id that the user gets when there is no row yet; the same on every replica."""
        return derived_id("user", self.identifier)


@dataclass(frozen=True, kw_only=True, slots=True)
class SavePreferences(_Value):
    """Change what is named of a user's preferences; None removes a key. It creates no user."""

    identifier: str
    revision: int
    preferences: Mapping[str, Json]

    @property
    def order_key(self) -> str:
        return self.identifier


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteUser(_Value):
    """Remove a user with all their threads."""

    identifier: str
    revision: int

    @property
    def order_key(self) -> str:
        return self.identifier


@dataclass(frozen=True, kw_only=True, slots=True)
class SaveThread(_Value):
    """Create a thread or change what is named; `metadata` is merged, None removes a key.

    With nothing but metadata it creates none, whatever `creates` says.
    """

    id: str
    revision: int
    owner: str | None = None
    name: str | None = None
    tags: Sequence[str] | None = None
    metadata: Mapping[str, Json] | None = None
    creates: bool = True

    def __post_init__(self) -> None:
        _Value.__post_init__(self)  # by name: `slots` makes the class anew
        if self.name is None and self.tags is None and self.metadata is not None:
            object.__setattr__(self, "creates", False)

    @property
    def order_key(self) -> str:
        return self.id


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteThread(_Value):
    """Remove a thread and all below it, for ever."""

    id: str
    revision: int

    @property
    def order_key(self) -> str:
        return self.id


@dataclass(frozen=True, kw_only=True, slots=True)
class SaveStep(_InThread):
    """Create a step or change the fields that are named."""

    id: str
    thread_id: str
    revision: int
    fields: Mapping[str, Any] = field(metadata={"domain": step_fields})
    owner: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SetFavorite(_InThread):
    """Set or clear `metadata.favorite` of a step and leave the rest of it alone."""

    step_id: str
    thread_id: str
    favorite: bool
    revision: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteStep(_InThread):
    """Remove a step, its descendants and what hangs on them, for ever."""

    id: str
    thread_id: str
    revision: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteStepsAfter(_InThread):
    """Remove what was written in a thread after a step, which stays, and before this."""

    id: str
    thread_id: str
    revision: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SaveElement(_InThread):
    """Create an element or change the fields that are named.

    With `ready` false its place is only reserved: it is shown once `FinishElement` says that its
    bytes are stored. An element that is ready stays so.
    """

    id: str
    thread_id: str
    revision: int
    fields: Mapping[str, Any] = field(metadata={"domain": element_fields})
    owner: str | None = None
    ready: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class FinishElement(_InThread):
    """Say that an element's bytes are stored under `object_key`; `size` is in bytes."""

    id: str
    thread_id: str
    object_key: str
    size: int
    sha256: str
    revision: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteElement(_InThread):
    """Remove an element and record its file for removal, for ever."""

    id: str
    thread_id: str
    revision: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SaveFeedback(_InThread):
    """Give a step its one feedback: `value` 0 or 1, with an optional comment."""

    step_id: str
    thread_id: str
    value: int
    revision: int
    comment: str | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id that the feedback gets when the step has none yet."""
        return derived_id("feedback", self.step_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteFeedback(_Value):
    """Take a feedback back, named by its own id; `thread_id` only keeps it in order."""

    id: str
    revision: int
    thread_id: str | None = None

    @property
    def order_key(self) -> str:
        return self.thread_id or self.id


@dataclass(frozen=True, kw_only=True, slots=True)
class ForgetRemovals(_Value):
    """Strike files off the list of those to remove, because their bytes are gone."""

    object_keys: tuple[str, ...]
    revision: int

    @property
    def order_key(self) -> str:
        return "removals"


Write = (
    SaveUser
    | SavePreferences
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


def describe(write: object) -> str:
    """Name a write for a log: its kind and its id, never its content."""
    for name in ("step_id", "identifier", "id"):
        if hasattr(write, name):
            return f"{type(write).__name__} {getattr(write, name)}"
    return type(write).__name__
