"""What is read of a table as the records of the contract. Pure."""

from collections.abc import Iterable, Mapping

from datalayer.fields import ELEMENT_FIELDS, STEP_FIELDS
from datalayer.records import (
    ElementRecord,
    FeedbackRecord,
    FileRecord,
    StepRecord,
    ThreadRecord,
    UserRecord,
)
from datalayer.rules.ordering import creation_order, in_page_order
from datalayer.stores.dynamodb.format.items import Body, Head, Row, User
from datalayer.values import Json

_STEP, _ELEMENT = dict.fromkeys(STEP_FIELDS), dict.fromkeys(ELEMENT_FIELDS)


def user_record(user: User | None) -> UserRecord | None:
    """Return a user; None for one that is not there."""
    if user is None or user.body is None:
        return None
    return UserRecord(
        id=user.id,
        identifier=user.body["identifier"],
        created_at=user.body["createdAt"],
        metadata=user.body["metadata"],
    )


def thread_record(head: Head, said: Body, rows: Iterable[Row] = ()) -> ThreadRecord:
    """Return a thread with what it says of itself, and what is in it."""
    rows = list(rows)
    return ThreadRecord(
        id=head.thread_id,
        created_at=head.created_at,
        updated_at=head.updated_at,
        name=said.get("name"),
        user_id=head.user_id,
        owner=head.owner,
        tags=tuple(said.get("tags", ())),
        metadata=said.get("metadata", {}),
        steps=tuple(in_page_order(by_creation(row for row in rows if row.kind == "step"))),
        elements=tuple(_ready(row for row in rows if row.kind == "element")),
    )


def by_creation(steps: Iterable[Row]) -> list[StepRecord]:
    """Return steps in the order of their creation."""
    return [step_record(row) for row in sorted(steps, key=_order)]


def _order(step: Row) -> tuple[str, int, str]:
    return creation_order(step.body.get("createdAt"), step.body["sequence"], step.id)


def _ready(elements: Iterable[Row]) -> list[ElementRecord]:
    ready = [row for row in elements if row.body["ready"]]
    return [
        element_record(row) for row in sorted(ready, key=lambda it: (it.body["sequence"], it.id))
    ]


def step_record(row: Row) -> StepRecord:
    """Return a step with its feedback."""
    fields = _fields(row.body, _STEP)
    fields["createdAt"] = _order(row)[0]
    return StepRecord(row.id, row.thread_id, row.body["revision"], fields, _feedback(row))


def _fields(body: Body, known: Mapping[str, None]) -> dict[str, Json]:
    """Return Chainlit's fields, those that were never written as None."""
    fields = {**known, **body}
    for name in fields.keys() - known.keys():
        del fields[name]
    return {**body["extra"], **fields} if "extra" in body else fields


def _feedback(row: Row) -> FeedbackRecord | None:
    given = row.body.get("feedback")
    if given is None:
        return None
    return FeedbackRecord(
        id=given["id"],
        step_id=row.id,
        thread_id=row.thread_id,
        value=given["value"],
        comment=given["comment"],
        extra=given["extra"],
    )


def element_record(row: Row) -> ElementRecord:
    """Return an element."""
    body = row.body
    return ElementRecord(
        id=row.id,
        thread_id=row.thread_id,
        revision=body["revision"],
        fields=_fields(body, _ELEMENT),
        size=body.get("contentLength"),
        sha256=body.get("sha256"),
    )


def file_record(row: Row) -> FileRecord:
    """Return what an element says of its file."""
    body = row.body
    return FileRecord(
        thread_id=row.thread_id,
        element_id=row.id,
        object_key=body["objectKey"],
        name=body.get("name"),
        ready=body["ready"],
        revision=body["revision"],
    )
