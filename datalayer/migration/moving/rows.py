"""What a store has given back, as the writes that make another have the same. Pure.

A revision that is not given back is made of what is: the first write of a row dates its creation,
the last one what it says, and of the last of all a thread has its last activity. Each is as old as
what it stands for, so that what was changed at the other place since stays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from datalayer.records import ElementRecord, StepRecord, ThreadRecord
from datalayer.values import Json, revision_of_time
from datalayer.writes import (
    FinishElement,
    SaveElement,
    SaveFeedback,
    SaveStep,
    SaveThread,
    Write,
)

FIRST = 1  # the lowest revision
_NAMED = ("name", "type", "createdAt", "parentId")  # enough for a step to have its place

Content = dict[str, Any]


def writes_of(thread: ThreadRecord) -> Iterator[Write]:
    """Yield the writes that make a thread whole, in an order in which they can be stored."""
    created, active = _span(thread)
    yield SaveThread(
        id=thread.id,
        revision=created,
        owner=thread.owner,
        name=thread.name,
        tags=thread.tags,
        metadata=thread.metadata,
    )
    steps, elements = _active_at(active, thread)
    for step, first in zip(steps, _first_revisions(steps), strict=True):
        yield from _step(step, thread.owner, first)
    for element, first in zip(elements, _in_order(elements), strict=True):
        yield from _element(element, thread.owner, first)


def content_of(thread: ThreadRecord) -> Content:
    """Return what a thread says, and no store makes up: two with the same are the same."""
    created, active = _span(thread)
    rows = bool(thread.steps or thread.elements)  # without any its last activity is not kept
    return {
        "name": thread.name or None,
        "owner": thread.owner,
        "tags": list(thread.tags),
        "metadata": dict(thread.metadata),
        "createdAt": created,
        "last activity": active if rows else None,
        "steps": [(it.id, _given(it.fields), _feedback(it)) for it in thread.steps],
        "elements": [(it.id, _given(it.fields), it.size, it.sha256) for it in thread.elements],
    }


def _span(thread: ThreadRecord) -> tuple[int, int]:
    created = max(FIRST, revision_of_time(thread.created_at))
    return created, max(created, revision_of_time(thread.updated_at))


def _first_revisions(steps: Sequence[StepRecord]) -> list[int]:
    """Return the revisions of the first writes, which order steps of the same time.

    Each is that of the creation. Of several of one time it is the last write's, or as much earlier
    as the order wants.
    """
    moments = [str(step.fields.get("createdAt") or "") for step in steps]
    firsts: list[int] = []
    for at in reversed(range(len(steps))):
        wanted = revision_of_time(moments[at])
        if at + 1 < len(steps) and moments[at + 1] == moments[at]:
            wanted = firsts[-1] - 1
        elif at and moments[at - 1] == moments[at]:
            wanted = steps[at].revision
        firsts.append(max(FIRST, min(wanted, steps[at].revision)))
    return firsts[::-1]


def _active_at(active: int, thread: ThreadRecord) -> tuple[list[StepRecord], list[ElementRecord]]:
    """Return steps and elements of which the newest was written as the thread was last active.

    What is no activity, such as a favorite, may have a later revision.
    """
    steps = [it._replace(revision=min(it.revision, active)) for it in thread.steps]
    elements = [replace(it, revision=min(it.revision, active)) for it in thread.elements]
    if steps:
        newest = max(range(len(steps)), key=lambda at: steps[at].revision)
        steps[newest] = steps[newest]._replace(revision=active)
    elif elements:
        newest = max(range(len(elements)), key=lambda at: elements[at].revision)
        elements[newest] = replace(elements[newest], revision=active)
    return steps, elements


def _step(step: StepRecord, owner: str | None, first: int) -> Iterator[Write]:
    fields = _given(step.fields)
    if first < step.revision:
        named = {name: fields[name] for name in _NAMED if name in fields}
        yield SaveStep(
            id=step.id, thread_id=step.thread_id, owner=owner, fields=named, revision=first
        )
    yield SaveStep(
        id=step.id, thread_id=step.thread_id, owner=owner, fields=fields, revision=step.revision
    )
    if step.feedback:
        yield SaveFeedback(
            step_id=step.id,
            thread_id=step.thread_id,
            value=step.feedback.value,
            comment=step.feedback.comment,
            extra=step.feedback.extra,
            revision=step.revision,
        )


def _in_order(elements: Sequence[ElementRecord]) -> list[int]:
    """Return the revisions of the first writes, by which elements are ordered."""
    firsts: list[int] = []
    for element in reversed(elements):
        firsts.append(min(element.revision, firsts[-1] - 1) if firsts else element.revision)
    return [max(FIRST, first) for first in reversed(firsts)]


def _element(element: ElementRecord, owner: str | None, first: int) -> Iterator[Write]:
    is_measured = element.size is not None and element.sha256 is not None
    save = SaveElement(
        id=element.id,
        thread_id=element.thread_id,
        owner=owner,
        fields=_given(element.fields),
        ready=not is_measured,
        revision=element.revision,
    )
    if first < element.revision:
        yield replace(save, fields={}, ready=False, revision=first)
    yield save
    if element.size is not None and element.sha256 is not None:
        yield FinishElement(
            id=element.id,
            thread_id=element.thread_id,
            object_key=str(element.fields["objectKey"]),
            size=element.size,
            sha256=element.sha256,
            revision=element.revision,
        )


def _given(fields: Any) -> dict[str, Json]:
    return {name: value for name, value in fields.items() if value is not None}


def _feedback(step: StepRecord) -> tuple[object, ...] | None:
    given = step.feedback
    return (given.value, given.comment, dict(given.extra)) if given else None
