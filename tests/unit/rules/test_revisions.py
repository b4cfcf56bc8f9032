"""Each field keeps its newest value, whatever order its writes arrive in."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalayer.records import Outcome
from datalayer.rules.revisions import CREATED_AT, NEVER, FieldRevisions, next_within
from datalayer.values import Json

NAMES = ("a", "b", "c", CREATED_AT)
FIELDS: st.SearchStrategy[Mapping[str, Json]] = st.dictionaries(
    st.sampled_from(NAMES), st.none() | st.integers(0, 9)
)
Writes = Mapping[int, Mapping[str, Json]]
WRITES: st.SearchStrategy[Writes] = st.dictionaries(st.integers(1, 9), FIELDS, min_size=1)


def merged(order: Sequence[int], writes: Writes) -> tuple[dict[str, Json], FieldRevisions]:
    values: dict[str, Json] = {}
    revisions = FieldRevisions()
    for revision in order:
        values |= revisions.merge(writes[revision], revision, NAMES)
    return values, revisions


def test_only_the_exceptions_are_kept() -> None:
    revisions = FieldRevisions()
    revisions.merge({"a": 1, "b": 2}, 5, ("a", "b", "c"))
    assert (revisions.newest, revisions.others) == (5, {"c": NEVER})
    revisions.merge({"a": 3}, 7, ("a", "b", "c"))
    assert (revisions.newest, revisions.others) == (7, {"b": 5, "c": NEVER})
    assert revisions.merge({"b": 9, "c": 9}, 6, ("a", "b", "c")) == {"b": 9, "c": 9}
    assert revisions.others == {"b": 6, "c": 6}


@pytest.mark.parametrize(
    ("name", "revision", "admitted"),
    [
        *(("newest", 4, False), ("newest", 5, False), ("newest", 6, True)),
        *(("older", 2, False), ("older", 3, False), ("older", 4, True)),
        *(("never", 1, True), (CREATED_AT, 2, True), (CREATED_AT, 3, False)),
        (CREATED_AT, 6, False),
    ],
)
def test_what_may_set_a_field(name: str, revision: int, admitted: bool) -> None:
    known = FieldRevisions(5, {"older": 3, "never": NEVER, CREATED_AT: 3})
    assert known.admits(name, revision) is admitted


def test_any_write_may_say_first_when_something_was_created() -> None:
    assert FieldRevisions(5, {CREATED_AT: NEVER}).admits(CREATED_AT, 9)


@given(writes=WRITES, data=st.data())
def test_the_order_of_arrival_does_not_matter(writes: Writes, data: st.DataObject) -> None:
    order = data.draw(st.permutations([*writes]))
    assert merged(order, writes) == merged(sorted(writes), writes)


@given(writes=WRITES, data=st.data())
def test_each_field_has_its_newest_value_and_the_oldest_time_of_creation(
    writes: Writes, data: st.DataObject
) -> None:
    values, revisions = merged(data.draw(st.permutations([*writes])), writes)
    for name in NAMES:
        given_by = [revision for revision in writes if name in writes[revision]]
        counts = (min if name == CREATED_AT else max)(given_by, default=NEVER)
        assert revisions.of(name) == counts
        assert values.get(name) == (writes[counts][name] if counts else None)


@given(writes=WRITES, data=st.data())
@pytest.mark.slow
def test_a_write_that_comes_again_changes_nothing(writes: Writes, data: st.DataObject) -> None:
    _, revisions = merged([*writes], writes)
    before = FieldRevisions(revisions.newest, dict(revisions.others))
    again = data.draw(st.sampled_from([*writes]))
    assert revisions.merge(writes[again], again, NAMES) == {}
    assert revisions == before


@pytest.mark.parametrize(
    ("names", "revision", "outcome"),
    [
        (["newest"], 5, Outcome.REPEATED),
        (["newest", "older"], 3, Outcome.REPEATED),
        (["newest", "older"], 2, Outcome.STALE),
        ([], 2, Outcome.REPEATED),
        ([CREATED_AT], 2, Outcome.REPEATED),
    ],
)
def test_what_a_write_was_that_changes_nothing(
    names: list[str], revision: int, outcome: Outcome
) -> None:
    assert FieldRevisions(5, {"older": 3}).outcome(names, revision) is outcome


@pytest.mark.parametrize(
    ("revision", "following"), [(99, None), (100, 101), (108, 109), (109, None), (500, None)]
)
def test_the_next_revision_is_one_of_the_same_few(revision: int, following: int | None) -> None:
    assert next_within(revision, 100, 10) == following
