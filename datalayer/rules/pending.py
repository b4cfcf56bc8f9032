"""Users, threads, rows and feedback on their way: what is stored of each, and what changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datalayer.fields import ELEMENT_FIELDS, STEP_FIELDS
from datalayer.records import Outcome
from datalayer.rules.loading import (
    StoredFeedback,
    StoredPreferences,
    StoredRow,
    StoredThread,
    StoredUser,
)
from datalayer.rules.revisions import (
    CREATED_AT,
    NEVER,
    FieldRevisions,
    outcome_of_unchanged,
)
from datalayer.sections import PLACEMENT, is_pinned, section_of
from datalayer.values import Json, derived_id, time_of_revision
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

RowWrite = SaveStep | SetFavorite | SaveElement | FinishElement

# `favorite` is a field of its own, so that a step saved without it does not take it away.
COLUMNS = {
    "step": frozenset({*STEP_FIELDS, "favorite"}),
    "element": frozenset({*ELEMENT_FIELDS, "contentLength", "sha256"}),
}
_PLAIN = {kind: names - {"metadata", "favorite"} for kind, names in COLUMNS.items()}
_METADATA = "metadata."  # how the revisions of the keys of a thread's metadata are named
_EXTRA = "extra."  # how the revisions of fields without a column are named


@dataclass(slots=True)
class PendingUser:
    """A user; `created_at` is None unless they are new, `metadata` unless it changes."""

    id: str
    identifier: str
    revision: int
    metadata_revision: int = NEVER
    created_at: str | None = None
    metadata: Mapping[str, Json] | None = None

    @classmethod
    def stored(cls, user: StoredUser) -> "PendingUser":
        """Return a user as they are."""
        return cls(user.id, user.identifier, user.revision, user.metadata_revision)

    @classmethod
    def new(cls, identifier: str, revision: int) -> "PendingUser":
        """Return a user that a write of this revision makes."""
        moment = time_of_revision(revision)
        return cls(derived_id("user", identifier), identifier, revision, created_at=moment)

    def take(self, write: SaveUser) -> Outcome:
        """Merge a write."""
        if write.revision <= self.metadata_revision:
            return outcome_of_unchanged([self.metadata_revision], write.revision)
        self.metadata, self.metadata_revision = dict(write.metadata), write.revision
        self.revision = max(self.revision, write.revision)
        return Outcome.APPLIED


@dataclass(slots=True)
class PendingPreferences:
    """A user's preferences; each key is a field, and has its own revision."""

    identifier: str
    user_id: str
    preferences: dict[str, Json] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    is_changed: bool = False

    @classmethod
    def stored(cls, found: StoredPreferences, user_id: str) -> "PendingPreferences":
        """Return preferences as they are."""
        return cls(found.identifier, user_id, dict(found.preferences), dict(found.revisions))

    def take(self, write: SavePreferences) -> Outcome:
        """Merge a write: each of its keys, if it is newer."""
        known = {name: self.revisions.get(name, NEVER) for name in write.preferences}
        newer = [name for name, revision in known.items() if revision < write.revision]
        if not newer:
            return outcome_of_unchanged(known.values(), write.revision)
        for name in newer:
            self.revisions[name] = write.revision
            self.preferences.pop(name, None)
            if (value := write.preferences[name]) is not None:
                self.preferences[name] = value
        self.is_changed = True
        return Outcome.APPLIED

    @property
    def newest(self) -> int:
        """The newest revision of any of them."""
        return max(self.revisions.values(), default=NEVER)


@dataclass(slots=True)
class PendingThread:
    """A thread; `changed` has the columns that change, `removed` keys of the metadata that go.

    `pinned` and `section`, its place in the sidebar, follow from the metadata.
    """

    id: str
    owner: str | None
    user_id: str | None
    updated_at: str | None = None
    metadata: dict[str, Json] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    is_new: bool = False
    changed: dict[str, Any] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)

    @classmethod
    def stored(cls, thread: StoredThread) -> "PendingThread":
        """Return a thread as it is."""
        return cls(
            thread.id,
            thread.owner,
            thread.user_id,
            thread.updated_at,
            dict(thread.metadata),
            dict(thread.revisions),
        )

    @classmethod
    def new(
        cls, thread_id: str, owner: str | None, user_id: str | None, revision: int
    ) -> "PendingThread":
        """Return a thread that a write of this revision makes."""
        moment = time_of_revision(revision)
        return cls(
            thread_id,
            owner,
            user_id,
            moment,
            is_new=True,
            changed={"createdAt": moment, "updatedAt": moment, "metadata": {}},
        )

    def take(self, write: SaveThread) -> Outcome:
        """Merge a write: its name, its tags and each key of its metadata if they are newer."""
        given = _given_of_thread(write)
        newer = {
            name: value
            for name, value in given.items()
            if self.revisions.get(name, NEVER) < write.revision
        }
        if not newer:
            known = [self.revisions.get(name, NEVER) for name in given]
            return outcome_of_unchanged(known, write.revision)
        for name, value in newer.items():
            self.revisions[name] = write.revision
            self._set(name, value)
        self.changed["fieldRevisions"] = self.revisions
        return Outcome.APPLIED

    def touch(self, revision: int) -> None:
        """Make the moment of a revision the last activity, if it is the latest."""
        moment = time_of_revision(revision)
        if self.updated_at is None or self.updated_at < moment:
            self.updated_at = self.changed["updatedAt"] = moment

    @property
    def newest(self) -> int:
        """The newest revision of what the thread says of itself."""
        return max(self.revisions.values(), default=NEVER)

    def _set(self, name: str, value: Any) -> None:
        if not name.startswith(_METADATA):
            self.changed[name] = value
            return
        key = name.removeprefix(_METADATA)
        self.metadata.pop(key, None)
        if value is None:
            self.removed.add(key)
        else:
            self.removed.discard(key)
            self.metadata[key] = value
        self.changed["metadata"] = self.metadata
        if key in PLACEMENT:
            self.changed["pinned"] = is_pinned(self.metadata)
            self.changed["section"] = section_of(self.metadata)


def _given_of_thread(write: SaveThread) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if write.name is not None:
        given["name"] = write.name
    if write.tags is not None:
        given["tags"] = list(write.tags)
    return given | {_METADATA + key: value for key, value in (write.metadata or {}).items()}


@dataclass(slots=True)
class PendingRow:
    """A step or an element; `changed` has the columns that change."""

    id: str
    thread_id: str
    kind: str
    is_new: bool = True
    ready: bool = False
    sequence: int = NEVER
    revisions: FieldRevisions = field(default_factory=FieldRevisions)
    extra: dict[str, Json] = field(default_factory=dict)
    metadata: dict[str, Json] | None = None
    favorite: bool | None = None
    object_key: str | None = None
    is_changed: bool = False
    changed: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def stored(cls, row: StoredRow, kind: str) -> "PendingRow":
        """Return a row as it is."""
        return cls(
            id=row.id,
            thread_id=row.thread_id,
            kind=kind,
            is_new=False,
            ready=row.ready,
            sequence=row.sequence,
            revisions=FieldRevisions(row.revision, dict(row.others)),
            extra=dict(row.extra),
            metadata=None if row.metadata is None else dict(row.metadata),
            favorite=row.favorite,
            object_key=row.object_key,
        )

    def take(self, write: RowWrite) -> Outcome:
        """Merge a write: each of its fields that is newer, for `createdAt` the oldest.

        When something was created, and in which order, does not make a write one that counts.
        """
        given, is_newest = _given_of_row(write), write.revision > self.revisions.newest
        counts = self._set_ready(write) or is_newest
        taken = self._merge(given, write.revision)
        is_older = self._note_sequence(write.revision)
        self.is_changed = self.is_changed or counts or bool(taken) or is_older
        if counts or taken - {CREATED_AT}:
            return Outcome.APPLIED
        return self.revisions.outcome(given, write.revision)

    @property
    def key(self) -> str | None:
        """Where the bytes of an element are."""
        found: str | None = self.changed.get("objectKey", self.object_key)
        return found

    def values(self) -> dict[str, Any]:
        """Return the columns that change, keys and revisions included."""
        return {
            **self.changed,
            "id": self.id,
            "threadId": self.thread_id,
            "revision": self.revisions.newest,
            "fieldRevisions": self.revisions.others or None,
        }

    def _set_ready(self, write: RowWrite) -> bool:
        """An element that is ready stays so."""
        if self.kind == "element" and self.is_new:
            self.changed.setdefault("ready", False)
        makes_ready = isinstance(write, FinishElement) or (
            isinstance(write, SaveElement) and write.ready
        )
        if self.ready or not makes_ready:
            return False
        self.ready = self.changed["ready"] = True
        return True

    def _merge(self, given: dict[str, Json], revision: int) -> set[str]:
        """Return the names of the fields that are taken."""
        self._admit_unknown(given)
        universe = (*COLUMNS[self.kind], *(_EXTRA + name for name in self.extra))
        taken = self.revisions.merge(given, revision, universe)
        others = [name for name in taken if name not in _PLAIN[self.kind]]
        for name in others:
            self._set(name, taken[name])
        self.changed.update({name: taken[name] for name in taken.keys() - others})
        return set(taken)

    def _admit_unknown(self, given: Mapping[str, Json]) -> None:
        """Give unknown fields that were never written the revision that says so."""
        if self.revisions.newest == NEVER and not self.revisions.others:
            return
        for name in given:
            if name.startswith(_EXTRA) and name.removeprefix(_EXTRA) not in self.extra:
                self.revisions.others.setdefault(name, NEVER)

    def _set(self, name: str, value: Json) -> None:
        if name.startswith(_EXTRA):
            self.extra[name.removeprefix(_EXTRA)] = value
            self.changed["extra"] = self.extra
        elif name == "metadata":
            self.metadata = value if isinstance(value, dict) else None
            self._show_metadata()
        else:
            self.favorite = bool(value)
            self._show_metadata()

    def _show_metadata(self) -> None:
        metadata = self.metadata
        if self.favorite is not None:
            metadata = {**(metadata or {}), "favorite": self.favorite}
        self.changed |= {"favorite": self.favorite, "metadata": metadata}

    def _note_sequence(self, revision: int) -> bool:
        if self.sequence and revision >= self.sequence:
            return False
        self.sequence = self.changed["sequence"] = revision
        return True


def _given_of_row(write: RowWrite) -> dict[str, Json]:
    if isinstance(write, SetFavorite):
        return {"favorite": write.favorite}
    if isinstance(write, FinishElement):
        return {
            "objectKey": write.object_key,
            "contentLength": write.size,
            "sha256": write.sha256,
        }
    fields: dict[str, Json] = dict(write.fields)
    if fields.get(CREATED_AT) is None:
        fields.pop(CREATED_AT, None)
    unknown = fields.pop("extra", None)
    if isinstance(unknown, dict):
        fields |= {_EXTRA + name: value for name, value in unknown.items()}
    metadata = fields.get("metadata")
    if isinstance(write, SaveStep) and isinstance(metadata, dict) and "favorite" in metadata:
        rest = {name: value for name, value in metadata.items() if name != "favorite"}
        fields |= {"metadata": rest, "favorite": bool(metadata["favorite"])}
    return fields


@dataclass(slots=True)
class PendingFeedback:
    """The feedback of a step; `write` is None unless it changes."""

    id: str
    step_id: str
    thread_id: str
    revision: int
    write: SaveFeedback | None = None

    @classmethod
    def stored(cls, feedback: StoredFeedback) -> "PendingFeedback":
        """Return a feedback as it is."""
        return cls(*feedback)

    def values(self) -> dict[str, Any]:
        """Return the row of a feedback that changes."""
        if self.write is None:
            message = f"feedback {self.id} does not change"
            raise AssertionError(message)
        return {
            "id": self.id,
            "forId": self.step_id,
            "threadId": self.thread_id,
            "value": self.write.value,
            "comment": self.write.comment,
            "extra": dict(self.write.extra),
            "revision": self.revision,
        }
