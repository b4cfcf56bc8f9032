"""Steps and elements as rows: what a batch of writes makes of each. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datalayer.fields import ELEMENT_FIELDS, STEP_FIELDS
from datalayer.records import Outcome
from datalayer.rules.batch import Item
from datalayer.rules.revisions import FieldRevisions, merge_fields
from datalayer.values import Json
from datalayer.writes import FinishElement, SaveElement, SaveStep, SetFavorite

# `favorite` is a field of its own, so that a step saved without it does not take it away.
STEP_COLUMNS = frozenset({*STEP_FIELDS, "favorite"})
ELEMENT_COLUMNS = frozenset({*ELEMENT_FIELDS, "contentLength", "sha256"})
_MARKED = frozenset({"metadata", "favorite"})
_UNKNOWN = "extra."  # how the revisions of fields without a column are named


@dataclass(slots=True)
class PendingRow:
    """A row while a batch is merged into it: what is stored of it, and the columns that change."""

    id: str
    thread_id: str
    columns: frozenset[str]
    stored: bool = False
    ready: bool = False
    sequence: int = 0
    revisions: FieldRevisions = field(default_factory=FieldRevisions)
    extra: dict[str, Json] = field(default_factory=dict)
    metadata: dict[str, Json] | None = None
    favorite: bool | None = None
    changed: dict[str, Any] = field(default_factory=dict)
    before: FieldRevisions = field(init=False)

    def __post_init__(self) -> None:
        self.before = FieldRevisions(self.revisions.newest, dict(self.revisions.others))

    def take(self, item: Item) -> None:
        """Merge a write into the row and resolve it."""
        write = item.write
        if not self.exists and isinstance(write, SetFavorite | FinishElement):
            item.resolve(Outcome.ABSENT, f"there is no row {self.id}")
            return
        if isinstance(write, SaveElement) and not self.exists:
            self.changed["ready"] = False
        newest = self.revisions.newest
        ready = isinstance(write, FinishElement) or (isinstance(write, SaveElement) and write.ready)
        if ready and not self.ready:
            self.ready = self.changed["ready"] = True
        self._apply(_given(write), write.revision)
        self._note_sequence(write.revision)
        item.resolve(Outcome.APPLIED if write.revision > newest else Outcome.STALE)

    @property
    def exists(self) -> bool:
        """Tell whether the row is stored or made by this batch."""
        return self.stored or self.revisions.newest > 0

    def _apply(self, given: dict[str, Json], revision: int) -> None:
        if given.get("createdAt") is None:
            given.pop("createdAt", None)
        unknown = given.pop("extra", None)
        if isinstance(unknown, dict):
            given |= {_UNKNOWN + name: value for name, value in unknown.items()}
        self._forget_unknown(given)
        universe = (*self.columns, *(_UNKNOWN + name for name in self.extra))
        taken = merge_fields(self.revisions, given, revision, universe)
        for name in self.columns & taken.keys() - _MARKED:
            self.changed[name] = taken.pop(name)
        for name, value in taken.items():
            self._set(name, value)

    def _forget_unknown(self, given: Mapping[str, Json]) -> None:
        """Give unknown fields that were never written the revision that says so."""
        for name in given:
            if name.startswith(_UNKNOWN) and name.removeprefix(_UNKNOWN) not in self.extra:
                self.revisions.others.setdefault(name, 0)

    def _set(self, name: str, value: Json) -> None:
        if name.startswith(_UNKNOWN):
            self.extra[name.removeprefix(_UNKNOWN)] = value
            self.changed["extra"] = self.extra
        elif name == "metadata":
            self.metadata = value if isinstance(value, dict) else None
            self._mark(self.favorite)
        else:
            self._mark(bool(value))

    def _mark(self, favorite: bool | None) -> None:
        self.favorite = favorite
        metadata = self.metadata
        if favorite is not None:
            metadata = {**(metadata or {}), "favorite": favorite}
        self.changed |= {"favorite": favorite, "metadata": metadata}

    def _note_sequence(self, revision: int) -> None:
        if not self.sequence or revision < self.sequence:
            self.sequence = self.changed["sequence"] = revision

    @property
    def is_changed(self) -> bool:
        """Tell whether something of the row is to be written."""
        return bool(self.changed) or self.revisions != self.before

    def values(self) -> dict[str, Any]:
        """Return the columns that change, keys and revisions included."""
        return {
            **self.changed,
            "id": self.id,
            "threadId": self.thread_id,
            "revision": self.revisions.newest,
            "fieldRevisions": self.revisions.others or None,
        }


def _given(write: Any) -> dict[str, Json]:
    if isinstance(write, SetFavorite):
        return {"favorite": write.favorite}
    if isinstance(write, FinishElement):
        return {
            "objectKey": write.object_key,
            "contentLength": write.size,
            "sha256": write.sha256,
        }
    fields = dict(write.fields)
    metadata = fields.get("metadata")
    if isinstance(write, SaveStep) and isinstance(metadata, dict) and "favorite" in metadata:
        rest = {name: value for name, value in metadata.items() if name != "favorite"}
        fields |= {"metadata": rest, "favorite": bool(metadata["favorite"])}
    return fields


def stored_row(record: Any, columns: frozenset[str]) -> PendingRow:
    """Return what the database holds of a row, without the fields' values."""
    favorite = getattr(record, "favorite", None)
    metadata = getattr(record, "metadata", None)
    if metadata is not None:
        metadata = {name: value for name, value in metadata.items() if name != "favorite"}
    return PendingRow(
        id=record.id,
        thread_id=record.threadId,
        columns=columns,
        stored=True,
        ready=bool(getattr(record, "ready", False)),
        sequence=record.sequence or 0,
        revisions=FieldRevisions(record.revision or 0, dict(record.fieldRevisions or {})),
        extra=dict(record.extra or {}),
        metadata=metadata,
        favorite=favorite,
    )
