"""Rows with the names of Chainlit's SQLAlchemy layer as writes of ours. Pure.

They are converted as an adoption converts them, and then written through the contract.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from datalayer.fields import ELEMENT_FIELDS, STEP_FIELDS
from datalayer.migration.importing import phrases
from datalayer.migration.importing.report import CANNOT_BE_HELD, RowResult
from datalayer.migration.importing.revisions import Dated
from datalayer.migration.sqlalchemy import phrases as adopted_phrases
from datalayer.migration.sqlalchemy import rows as adopted
from datalayer.migration.sqlalchemy.rows import AdoptedRow, Raw
from datalayer.writes import SaveElement, SaveFeedback, SaveStep, SaveThread, SaveUser, Write


@dataclass(frozen=True, slots=True)
class ConvertedRow:
    """A row on its way: its write, and what is odd. Without one it has its `result` already.

    `raw` is the row as the source has it. `others` are rows that its write holds too, in `extra`:
    they share its outcome.
    """

    kind: str
    raw: Raw
    old_id: str
    write: Write | None
    notes: Sequence[str] = ()
    others: Sequence[Raw] = ()
    result: RowResult = CANNOT_BE_HELD

    def noting(self, *phrases: str) -> "ConvertedRow":
        """Return it with more that is odd."""
        return replace(self, notes=[*self.notes, *phrases])

    def shut_out(self, result: RowResult) -> "ConvertedRow":
        """Return it as one that is not written, and why."""
        return replace(self, write=None, notes=(), result=result)


def left_out(kind: str, raw: Raw, old_id: str, why: str) -> ConvertedRow:
    """Return a row that cannot be held, and why."""
    return ConvertedRow(kind, raw, old_id, None, [why.format(table=kind)])


def _converted(
    kind: str, raw: Raw, converted: AdoptedRow, write: Write | None, dated: Dated
) -> ConvertedRow:
    notes = [*converted.notes]
    if write is None:
        notes.append(phrases.LEFT.format(table=kind))
    elif dated.ahead:
        notes.append(phrases.FUTURE.format(table=kind))
    return ConvertedRow(kind, raw, converted.old_id, write, notes)


def user(raw: Raw, given: Mapping[str, Any], dated: Dated) -> ConvertedRow:
    """Return a user; one without an identifier cannot be held."""
    converted = adopted.user(given, None)
    row = converted.row
    if not row.get("identifier"):
        return left_out("users", raw, converted.old_id, phrases.NO_USER)
    write = SaveUser(
        identifier=row["identifier"], metadata=row["metadata"], revision=dated.revision
    )
    derived = adopted_phrases.DERIVED.format(table="users")
    if derived in converted.notes:
        converted.notes.remove(derived)  # nothing hangs on the id: the identifier counts
    return _converted("users", raw, converted, write, dated)


def thread(raw: Raw, given: Mapping[str, Any], owner: str | None, dated: Dated) -> ConvertedRow:
    """Return a thread; what has no place of its own in the contract goes to its metadata."""
    converted = adopted.thread(given, None)
    row = converted.row
    if row["id"] is None:
        return _converted("threads", raw, converted, None, dated)
    write = SaveThread(
        id=row["id"],
        owner=owner,
        name=row.get("name"),
        tags=tuple(row.get("tags") or ()),
        metadata={**converted.extra, **row["metadata"]},
        revision=dated.revision,
    )
    if owner is None:
        converted.notes.append(phrases.NO_OWNER)
    return _converted("threads", raw, converted, write, dated)


def step(raw: Raw, given: Mapping[str, Any], owner: str | None, dated: Dated) -> ConvertedRow:
    """Return a step."""
    converted = adopted.step(given)
    row = converted.row
    if row["id"] is None:
        return _converted("steps", raw, converted, None, dated)
    write = SaveStep(
        id=row["id"],
        thread_id=row["threadId"],
        owner=owner,
        fields=_fields(converted, given, STEP_FIELDS),
        revision=dated.revision,
    )
    return _converted("steps", raw, converted, write, dated)


def element(raw: Raw, given: Mapping[str, Any], owner: str | None, dated: Dated) -> ConvertedRow:
    """Return an element."""
    converted = adopted.element(given)
    row = converted.row
    if row["id"] is None:
        return _converted("elements", raw, converted, None, dated)
    write = SaveElement(
        id=row["id"],
        thread_id=row["threadId"],
        owner=owner,
        fields=_fields(converted, given, ELEMENT_FIELDS),
        revision=dated.revision,
    )
    return _converted("elements", raw, converted, write, dated)


def _fields(
    converted: AdoptedRow, given: Mapping[str, Any], known: Collection[str]
) -> dict[str, Any]:
    """Return the fields that the source has, empty ones too, and all others as `extra`."""
    fields = {name: converted.row.get(name) for name in known if name in given}
    return fields | ({"extra": converted.extra} if converted.extra else {})


def feedback(
    raw: Raw, given: Mapping[str, Any], dated: Dated, others: Sequence[Raw] = ()
) -> ConvertedRow:
    """Return the last feedback of a step, with the `others` in its `extra`."""
    converted = adopted.feedback(given)
    row = converted.row
    if row["id"] is None or row["threadId"] is None:
        return replace(_converted("feedbacks", raw, converted, None, dated), others=others)
    if others:
        converted.extra["others"] = [adopted.as_leftover(other) for other in others]
    write = SaveFeedback(
        step_id=row["forId"],
        thread_id=row["threadId"],
        value=row["value"],
        comment=row.get("comment"),
        extra=converted.extra,
        revision=dated.revision,
    )
    return replace(_converted("feedbacks", raw, converted, write, dated), others=others)
