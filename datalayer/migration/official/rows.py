"""Rows of Chainlit's official layer as writes of ours. Pure: one function for each kind of row.

A row is first given the names of Chainlit's SQLAlchemy layer, and converted as its rows are.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from datalayer.fields import ELEMENT_FIELDS, STEP_FIELDS
from datalayer.migration.official import phrases
from datalayer.migration.official.clocks import SourceClocks
from datalayer.migration.sqlalchemy import phrases as adopted_phrases
from datalayer.migration.sqlalchemy import rows as adopted
from datalayer.migration.sqlalchemy import values
from datalayer.migration.sqlalchemy.rows import OLD_ID, AdoptedRow, Raw, as_leftover
from datalayer.values import clean_text
from datalayer.writes import SaveElement, SaveFeedback, SaveStep, SaveThread, SaveUser, Write

OWNER = "keepchat owner"  # columns that the queries add
HOME = "keepchat home"
DELETED = "keepchat deleted"

_STAMPS = ("createdAt", "updatedAt")
_ADDED = frozenset({OWNER, HOME, DELETED})
_PERHAPS_NONE = ("url", "mime", "objectKey")  # where their layer has written the text 'None'


@dataclass(frozen=True, slots=True)
class ConvertedRow:
    """A row on its way: its write, and what is odd. Without one the row cannot be held.

    `others` are rows that its write holds too, in `extra`: they share its outcome.
    """

    kind: str
    raw: Raw
    old_id: str
    write: Write | None
    notes: Sequence[str] = ()
    others: Sequence[Raw] = ()


def _without(raw: Raw, *names: str) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name not in _ADDED and name not in names}


def _converted_row(
    kind: str, raw: Raw, converted: AdoptedRow, write: Write | None, *, ahead: bool = False
) -> ConvertedRow:
    notes = [*converted.notes]
    if ahead:
        notes.append(phrases.FUTURE.format(table=kind))
    if write is None:
        notes.append(phrases.LEFT.format(table=kind))
    return ConvertedRow(kind, raw, converted.old_id, write, notes)


def whole(raw: Raw) -> Any:
    """Return a row as their table has it, as JSON."""
    return as_leftover(_without(raw))


def left_out(kind: str, raw: Raw, why: str) -> ConvertedRow:
    """Return a row that cannot be held, and why."""
    return ConvertedRow(kind, raw, clean_text(str(raw.get("id"))), None, [why.format(table=kind)])


def user(raw: Raw, clocks: SourceClocks) -> ConvertedRow:
    """Return a user; one without an identifier cannot be held."""
    if not raw.get("identifier"):
        return left_out("users", raw, phrases.NO_USER)
    revision, ahead = clocks.revision(clocks.of_program(raw.get("createdAt")))
    converted = adopted.user(_without(raw, *_STAMPS), None)
    row = converted.row
    write = SaveUser(identifier=row["identifier"], metadata=row["metadata"], revision=revision)
    derived = adopted_phrases.DERIVED.format(table="users")
    if derived in converted.notes:
        converted.notes.remove(derived)  # nothing hangs on the id: the identifier counts
    return _converted_row("users", raw, converted, write, ahead=ahead)


def thread(raw: Raw, clocks: SourceClocks) -> ConvertedRow:
    """Return a thread; what has no place of its own in the contract goes to its metadata.

    It is dated by its creation: their layer moves `updatedAt` on whenever somebody looks at it.
    """
    converted = adopted.thread(_without(raw, "userId", "deletedAt", *_STAMPS), None)
    row = converted.row
    if row["id"] is None:
        return _converted_row("threads", raw, converted, None)
    owner = raw.get(OWNER) or None
    revision, ahead = clocks.revision(clocks.of_server(raw.get("createdAt")))
    write = SaveThread(
        id=row["id"],
        owner=owner,
        name=row.get("name"),
        tags=tuple(row.get("tags") or ()),
        metadata={**converted.extra, **row["metadata"]},
        revision=revision,
    )
    if owner is None:
        converted.notes.append(phrases.NO_OWNER)
    return _converted_row("threads", raw, converted, write, ahead=ahead)


def step(raw: Raw, clocks: SourceClocks, owner: str | None, rank: int) -> ConvertedRow:
    """Return a step; its creation is its start, which Chainlit gave, not the database."""
    start = clocks.of_steps(raw.get("startTime"))
    given: dict[str, Any] = {
        **_without(raw, "startTime", "endTime", *_STAMPS),
        "start": start,
        "end": clocks.of_steps(raw.get("endTime")),
        "createdAt": start or clocks.of_server(raw.get("createdAt")),
    }
    if given.get("showInput") == "None":
        given["showInput"] = None
    converted = adopted.step(given)
    row = converted.row
    if row["id"] is None:
        return _converted_row("steps", raw, converted, None)
    created = clocks.of_server(raw.get("createdAt"))
    revision, ahead = clocks.revision(given["createdAt"], rank, fallback=created)
    write = SaveStep(
        id=row["id"],
        thread_id=row["threadId"],
        owner=owner,
        fields=_fields(converted, given, STEP_FIELDS),
        revision=revision,
    )
    return _converted_row("steps", raw, converted, write, ahead=ahead)


def _fields(converted: AdoptedRow, given: Raw, known: Collection[str]) -> dict[str, Any]:
    """Return the fields that their table has, empty ones too, and all others as `extra`."""
    fields = {name: converted.row.get(name) for name in known if name in given}
    return fields | ({"extra": converted.extra} if converted.extra else {})


def element(raw: Raw, clocks: SourceClocks, owner: str | None, rank: int) -> ConvertedRow:
    """Return an element; what its columns do not say its metadata may.

    A key is never made up: where their layer wrote none it had stored nothing. Its older versions
    wrote a key beside a link too, with nothing stored there.
    """
    given = _element_columns(raw)
    is_linked = bool(given.get("url") and given.get("objectKey") and given["type"] != "custom")
    if is_linked:
        given["chainlitObjectKey"] = given.pop("objectKey")
    converted = adopted.element(given)
    if is_linked:
        converted.notes.append(phrases.LINKED)
    row = converted.row
    if row["id"] is None:
        return _converted_row("elements", raw, converted, None)
    if not row.get("objectKey") and not row.get("url") and row.get("type") != "custom":
        converted.notes.append(phrases.NO_FILE)
    revision, ahead = clocks.revision(clocks.of_server(raw.get("createdAt")), rank)
    write = SaveElement(
        id=row["id"],
        thread_id=row["threadId"],
        owner=owner,
        fields=_fields(converted, given, ELEMENT_FIELDS),
        revision=revision,
    )
    return _converted_row("elements", raw, converted, write, ahead=ahead)


def _element_columns(raw: Raw) -> dict[str, Any]:
    columns = _without(raw, "stepId", "metadata", *_STAMPS)
    columns |= {"forId": raw.get("stepId"), "threadId": raw.get(HOME)}
    for name in _PERHAPS_NONE:
        if columns.get(name) == "None":
            columns[name] = None
    metadata = values.parsed(raw.get("metadata"))
    if not isinstance(metadata, Mapping):
        metadata = {"metadata": metadata}
    given = {name: value for name, value in metadata.items() if name not in ("id", "threadId")}
    given |= {name: value for name, value in columns.items() if value is not None}
    given["type"] = given.get("type") or "file"  # as Chainlit's layer reads it
    return dict.fromkeys(columns) | given


def feedback(group: Sequence[Raw], clocks: SourceClocks) -> ConvertedRow:
    """Return the last feedback of a step, with the others in its `extra`."""
    *others, raw = group
    given = {
        **_without(raw, "stepId", *_STAMPS),
        "forId": raw.get("stepId"),
        "threadId": raw.get(HOME),
        "value": _whole(raw.get("value")),
    }
    converted = adopted.feedback(given)
    row = converted.row
    if row["id"] is None or row["threadId"] is None:
        return replace(_converted_row("feedbacks", raw, converted, None), others=others)
    extra = {**converted.extra, OLD_ID: converted.old_id}
    if others:
        extra["others"] = [whole(other) for other in others]
    revision, ahead = clocks.revision(clocks.of_server(raw.get("createdAt")))
    write = SaveFeedback(
        step_id=row["forId"],
        thread_id=row["threadId"],
        value=row["value"],
        comment=row.get("comment"),
        extra=extra,
        revision=revision,
    )
    return replace(_converted_row("feedbacks", raw, converted, write, ahead=ahead), others=others)


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value
