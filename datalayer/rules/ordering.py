"""The order in which the page takes steps: by creation, each after its parent."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from datalayer.records import StepRecord
from datalayer.values import time_of_revision


def creation_order(
    created_at: str | None, sequence: int | None, step_id: str
) -> tuple[str, int, str]:
    """Return the place of a step in its thread; `sequence` is the revision of its first write."""
    return (created_at or time_of_revision(sequence or 0), sequence or 0, step_id)


def in_page_order(steps: Iterable[StepRecord]) -> list[StepRecord]:
    """Return the steps, given by creation, so that each follows its parent.

    The page drops a step whose parent it does not know: such a parent is set to None, as is one
    that leads back to the step itself.
    """
    given = list(steps)
    known = {step.id for step in given}
    waiting: dict[str, list[StepRecord]] = defaultdict(list)
    placed: dict[str, StepRecord] = {}
    for step in given:
        parent = step.fields.get("parentId")
        if parent in known and parent not in placed:
            waiting[str(parent)].append(step)
            continue
        found = step if parent is None or parent in placed else _orphan(step)
        if found.id in waiting:
            _place(found, placed, waiting)
        else:
            placed[found.id] = found
    if waiting:
        _break_circles(given, placed, waiting)
    return list(placed.values())


def _break_circles(
    given: Iterable[StepRecord],
    placed: dict[str, StepRecord],
    waiting: dict[str, list[StepRecord]],
) -> None:
    by_id = {step.id: step for step in given}
    for step in given:
        while step.id not in placed:
            _place(_orphan(_on_a_circle(step, by_id)), placed, waiting)


def _on_a_circle(step: StepRecord, by_id: Mapping[str, StepRecord]) -> StepRecord:
    """Return a step that is its own ancestor, found by following the parents of another."""
    seen: set[str] = set()
    while step.id not in seen:
        seen.add(step.id)
        step = by_id[str(step.fields["parentId"])]
    return step


def _place(
    step: StepRecord, placed: dict[str, StepRecord], waiting: dict[str, list[StepRecord]]
) -> None:
    ready = [step]
    while ready:
        current = ready.pop()
        if current.id not in placed:
            placed[current.id] = current
            ready.extend(reversed(waiting.pop(current.id, [])))


def _orphan(step: StepRecord) -> StepRecord:
    return step._replace(fields={**step.fields, "parentId": None})
