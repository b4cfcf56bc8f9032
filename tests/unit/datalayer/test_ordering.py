"""The order in which the page takes steps: each after its parent."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datalayer.records import StepRecord
from datalayer.rules.ordering import in_page_order

MISSING = "missing"
# For each step the number of its parent, -1 for none, or a number that no step has.
FORESTS = st.integers(0, 8).flatmap(
    lambda count: st.lists(st.integers(-1, count), min_size=count, max_size=count)
)


def steps(parents: Sequence[int]) -> list[StepRecord]:
    def parent(number: int) -> str | None:
        return None if number < 0 else str(number) if number < len(parents) else MISSING

    return [
        StepRecord(
            id=str(number),
            thread_id="thread",
            revision=number,
            fields={"parentId": parent(of), "output": str(number)},
        )
        for number, of in enumerate(parents)
    ]


def parent_of(step: StepRecord) -> object:
    return step.fields["parentId"]


def leads_back(step: StepRecord, given: dict[str, StepRecord]) -> bool:
    seen: set[str] = set()
    current = parent_of(step)
    while isinstance(current, str) and current in given and current not in seen:
        if current == step.id:
            return True
        seen.add(current)
        current = parent_of(given[current])
    return False


@given(FORESTS)
def test_each_step_is_there_once(parents: list[int]) -> None:
    given = steps(parents)
    found = in_page_order(given)
    assert sorted(step.id for step in found) == sorted(step.id for step in given)


@given(FORESTS)
def test_each_step_follows_its_parent(parents: list[int]) -> None:
    seen: set[object] = {None}
    for step in in_page_order(steps(parents)):
        assert parent_of(step) in seen
        seen.add(step.id)


@given(FORESTS)
@example([1, 2, 1])
def test_a_step_keeps_its_parent_unless_that_is_missing_or_itself(parents: list[int]) -> None:
    given = {step.id: step for step in steps(parents)}
    for step in in_page_order(given.values()):
        before = parent_of(given[step.id])
        if before in given and not leads_back(given[step.id], given):
            assert parent_of(step) == before
        if before == MISSING:
            assert parent_of(step) is None


@given(FORESTS)
def test_nothing_else_of_a_step_changes(parents: list[int]) -> None:
    given = {step.id: step for step in steps(parents)}
    for step in in_page_order(given.values()):
        before = given[step.id]
        assert {**step.fields, "parentId": None} == {**before.fields, "parentId": None}
        assert (step.revision, step.thread_id) == (before.revision, before.thread_id)


@given(FORESTS)
def test_children_of_one_parent_stay_in_their_order(parents: list[int]) -> None:
    by_parent: dict[object, list[int]] = {}
    for step in in_page_order(steps(parents)):
        by_parent.setdefault(parent_of(step), []).append(int(step.id))
    by_parent.pop(None, None)
    assert all(children == sorted(children) for children in by_parent.values())


@given(st.lists(st.just(-1), max_size=8))
def test_steps_without_parents_stay_in_their_order(parents: list[int]) -> None:
    given = steps(parents)
    assert in_page_order(given) == given


@given(FORESTS)
def test_what_is_in_order_stays_so(parents: list[int]) -> None:
    once = in_page_order(steps(parents))
    assert in_page_order(once) == once


@pytest.mark.parametrize(
    ("parents", "expected"),
    [
        ([], []),
        ([-1, 0, 1], ["0", "1", "2"]),
        ([2, 0, -1], ["2", "0", "1"]),
        ([1, -1, -1, 1], ["1", "0", "2", "3"]),
        ([0], ["0"]),
        ([9, 0], ["0", "1"]),
    ],
)
def test_examples(parents: list[int], expected: list[str]) -> None:
    assert [step.id for step in in_page_order(steps(parents))] == expected


def test_a_very_long_chain() -> None:
    count = 5_000
    found = in_page_order(reversed(steps([number - 1 for number in range(count)])))
    assert [step.id for step in found] == [str(number) for number in range(count)]
