"""What a batch makes of a row: each field the newest write that gives it, once."""

from typing import Any

from datalayer.records import Outcome
from datalayer.rules.batch import Item
from datalayer.rules.revisions import FieldRevisions, merge_fields
from datalayer.rules.rows import ELEMENT_COLUMNS, STEP_COLUMNS, PendingRow
from datalayer.writes import Write
from tests.support.builders import element, favorite, finish, new_id, step, upload

THREAD = new_id()


def row(*writes: Any, columns: frozenset[str] = STEP_COLUMNS) -> tuple[PendingRow, list[Outcome]]:
    made = PendingRow(writes[0].id, THREAD, columns)
    items = [Item(write) for write in writes]
    for item in items:
        made.take(item)
    return made, [item.result.outcome for item in items if item.result]


def test_the_newest_write_counts_in_any_order() -> None:
    older = step(THREAD, output="older", name="bot")
    newer = step(THREAD, older.id, output="newer")
    found, outcomes = row(newer, older)
    assert outcomes == [Outcome.APPLIED, Outcome.STALE]
    assert (found.changed["output"], found.changed["name"]) == ("newer", "bot")
    assert (found.revisions.newest, found.sequence) == (newer.revision, older.revision)


def test_a_field_that_was_emptied_is_not_filled_again() -> None:
    older = step(THREAD, command="search")
    newer = step(THREAD, older.id, command=None)
    assert row(newer, older)[0].changed["command"] is None


def test_unknown_fields_are_as_good_as_others() -> None:
    create = step(THREAD, later="red", other="kept")
    update, empty = step(THREAD, create.id, later="blue"), step(THREAD, create.id)
    for writes in ((create, update, empty), (empty, update, create), (update, empty, create)):
        assert row(*writes)[0].changed["extra"] == {"later": "blue", "other": "kept"}


def test_writing_again_is_stale_and_changes_nothing() -> None:
    write = step(THREAD, output="x")
    found, outcomes = row(write, write)
    assert outcomes == [Outcome.APPLIED, Outcome.STALE]
    again = PendingRow(write.id, THREAD, STEP_COLUMNS, True, False, found.sequence, found.revisions)
    again.take(Item(write))
    assert not again.is_changed


def test_a_favourite_stays_when_the_metadata_does_not_name_it() -> None:
    write = step(THREAD, metadata={"a": 1})
    mark, later = favorite(write), step(THREAD, write.id, metadata={"a": 2})
    for writes in ((write, mark, later), (write, later, mark)):
        assert row(*writes)[0].changed["metadata"] == {"a": 2, "favorite": True}


def test_what_needs_a_row_is_absent_without_one() -> None:
    made = PendingRow(new_id(), THREAD, STEP_COLUMNS)
    item = Item(favorite(step(THREAD, made.id)))
    made.take(item)
    assert item.result is not None
    assert item.result.outcome is Outcome.ABSENT
    assert not made.is_changed


def test_an_element_is_ready_from_the_first_write_that_says_so() -> None:
    reserved = upload(THREAD)
    assert row(reserved, columns=ELEMENT_COLUMNS)[0].changed["ready"] is False
    assert row(reserved, finish(reserved), columns=ELEMENT_COLUMNS)[0].changed["ready"] is True
    late = element(THREAD, reserved.id, revision=reserved.revision - 1)
    assert row(reserved, late, columns=ELEMENT_COLUMNS)[0].changed["ready"] is True


def test_only_the_exceptions_are_kept() -> None:
    revisions = FieldRevisions()
    merge_fields(revisions, {"a": 1, "b": 2}, 5, ("a", "b", "c"))
    assert (revisions.newest, revisions.others) == (5, {"c": 0})
    merge_fields(revisions, {"a": 3}, 7, ("a", "b", "c"))
    assert (revisions.newest, revisions.others) == (7, {"b": 5, "c": 0})
    assert merge_fields(revisions, {"b": 9, "c": 9}, 6, ("a", "b", "c")) == {"b": 9, "c": 9}
    assert revisions.others == {"b": 6, "c": 6}


def test_created_at_is_that_of_the_oldest_write() -> None:
    noon, later = "2026-01-02T12:00:00.000000Z", "2026-01-02T13:00:00.000000Z"
    create = step(THREAD, createdAt=noon)
    update = step(THREAD, create.id, createdAt=later)
    writes: list[list[Write]] = [[create, update], [update, create]]
    assert [row(*order)[0].changed["createdAt"] for order in writes] == [noon, noon]
