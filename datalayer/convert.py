"""Between Chainlit's dicts and objects and our writes and records. Pure, but for its types."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote

from chainlit.element import ElementDict
from chainlit.step import StepDict
from chainlit.types import Feedback, FeedbackDict, ThreadDict
from chainlit.user import PersistedUser

from datalayer.fields import SHARE
from datalayer.records import (
    ElementRecord,
    FeedbackRecord,
    StepRecord,
    ThreadRecord,
    UserRecord,
)
from datalayer.sections import PLACEMENT
from datalayer.siblings import HIDDEN, view
from datalayer.values import REVISION, Json, clean_json, clean_time, time_of_revision

AHEAD = 1_000  # microseconds; less is what comes of many writes at once
JUST_NOW = 60_000_000  # microseconds

SIBLINGS = "siblings"
"""Names the alternatives of a step, its own id among them, in the metadata that the page gets."""

# What the page needs to be there and of the right type, whatever was written.
_STEP_DEFAULTS: Sequence[tuple[str, Json]] = (
    ("name", ""),
    ("type", "undefined"),
    ("input", ""),
    ("output", ""),
    ("isError", False),
    ("waitForAnswer", False),
)
_FEEDBACK = frozenset({"forId", "value", "threadId", "id", "comment"})


def persisted_user(record: UserRecord) -> PersistedUser:
    """Return the user as Chainlit has it."""
    return PersistedUser(
        id=record.id,
        identifier=record.identifier,
        createdAt=record.created_at,
        metadata=dict(record.metadata),
    )


def step_dict(record: StepRecord) -> StepDict:
    """Return a step as the page takes it; nothing streams in what comes from the store.

    Its `REVISION`, in microseconds of UTC, tells when it was last written.
    """
    fields: dict[str, Any] = {
        **record.fields,
        "id": record.id,
        "threadId": record.thread_id,
        "streaming": False,
        "metadata": record.fields.get("metadata") or {},
        "feedback": _feedback_dict(record.feedback) if record.feedback else None,
        REVISION: record.revision,
    }
    fields.pop(HIDDEN, None)  # whoever saves what was read would say it anew
    for name, default in _STEP_DEFAULTS:
        if fields.get(name) is None:
            fields[name] = default
    return cast(StepDict, fields)


def step_fields(step: StepDict, revision: int, now: int) -> dict[str, Any]:
    """Return the fields of a step to store, a copy.

    Chainlit dates a step by the wall clock. Where its revision is ahead of that, so is what it
    follows on: then the revision says when a step of just now was created. `revision` and `now`,
    the wall clock, are microseconds. What was told of alternatives is left out.
    """
    fields: dict[str, Any] = dict(step)
    metadata = fields.get("metadata")
    if isinstance(metadata, Mapping) and SIBLINGS in metadata:
        fields["metadata"] = {name: it for name, it in metadata.items() if name != SIBLINGS}
    if revision - now >= AHEAD:
        created = clean_time(fields.get("createdAt"))
        if created and created > time_of_revision(now - JUST_NOW):
            fields["createdAt"] = time_of_revision(revision)
    return fields


def feedback_extra(feedback: Feedback) -> dict[str, Json]:
    """Return a copy of what a later Chainlit says in a feedback and we have no column for."""
    return {
        name: clean_json(value) for name, value in vars(feedback).items() if name not in _FEEDBACK
    }


def _feedback_dict(record: FeedbackRecord) -> FeedbackDict:
    feedback = {
        **record.extra,
        "id": record.id,
        "forId": record.step_id,
        "value": record.value,
        "comment": record.comment,
    }
    return cast(FeedbackDict, feedback)


def element_dict(record: ElementRecord, root_path: str = "") -> ElementDict:
    """Return an element as the page takes it, with a link that never expires."""
    fields: dict[str, Any] = dict(record.fields)
    fields |= {"id": record.id, "threadId": record.thread_id, "chainlitKey": None}
    fields["name"] = fields.get("name") or ""
    fields["display"] = fields.get("display") or "inline"
    if fields.get("type") == "custom":
        fields["props"] = fields.get("props") or {}
    elif fields.get("objectKey"):
        fields["url"] = root_path + file_url(record.thread_id, record.id, fields["name"])
    return cast(ElementDict, fields)


def file_url(thread_id: str, element_id: str, name: str) -> str:
    """Return the path under which an element's file is served; the name is for people."""
    readable = "".join(character if character.isprintable() else "_" for character in name)
    if readable.strip(".") == "":  # a browser would take the dots for a way up
        readable = "file"
    return f"/files/{thread_id}/{element_id}/{quote(readable, safe='')}"


def thread_dict(record: ThreadRecord, root_path: str = "") -> ThreadDict:
    """Return a thread with the steps that are shown, and what hangs on these or on none.

    The metadata of a step that has alternatives name them: `SIBLINGS`.
    """
    seen = view(record.steps)
    steps = [step_dict(step) for step in seen.steps]
    for step in steps:
        if found := seen.alternatives.get(step["id"]):
            step["metadata"] = {**step["metadata"], SIBLINGS: list(found.ids)}
    return _thread_dict(record, steps, _hung_on(record, seen.steps), root_path)


def _hung_on(record: ThreadRecord, shown: Sequence[StepRecord]) -> Iterable[ElementRecord]:
    """Return the elements of a thread that hang on steps that are shown, or on none of its own."""
    if len(shown) == len(record.steps) or not record.elements:
        return record.elements
    left_out = {step.id for step in record.steps} - {step.id for step in shown}
    return (it for it in record.elements if it.fields.get("forId") not in left_out)


def whole_thread_dict(record: ThreadRecord, root_path: str = "") -> ThreadDict:
    """Return a thread with all of its steps and elements, those that are not shown among them."""
    steps = [step_dict(step) for step in record.steps]
    return _thread_dict(record, steps, record.elements, root_path)


def _thread_dict(
    record: ThreadRecord,
    steps: list[StepDict],
    elements: Iterable[ElementRecord],
    root_path: str,
) -> ThreadDict:
    return {
        "id": record.id,
        "createdAt": record.created_at,
        "name": record.name,
        "userId": record.user_id,
        "userIdentifier": record.owner,
        "tags": list(record.tags),
        "metadata": dict(record.metadata),
        "steps": steps,
        "elements": [element_dict(element, root_path) for element in elements],
    }


def listed_thread_dict(record: ThreadRecord) -> ThreadDict:
    """Return a thread of a list; the sidebar sorts and groups by `createdAt`: last activity."""
    return {**whole_thread_dict(record), "createdAt": record.updated_at}


def thread_metadata(metadata: Mapping[str, Any], *, of_session: bool) -> dict[str, Any]:
    """Return the metadata to merge into a thread's.

    A session carries a copy from when it was resumed: whether the thread is shared now, and where
    it is in the sidebar, it does not know. Who takes a share back sends no `shared_at`, which means
    that it is to go.
    """
    merged = dict(metadata)
    if of_session:
        return {name: value for name, value in merged.items() if name not in (*SHARE, *PLACEMENT)}
    if merged.get("is_shared") is False:
        merged.setdefault("shared_at", None)
    return merged
