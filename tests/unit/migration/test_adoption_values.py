"""Values as Chainlit's layer and people left them, made into ours."""

import uuid
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from datalayer.migration.sqlalchemy import rows, values
from datalayer.migration.sqlalchemy.copying import batches
from datalayer.reports import Notes

ID = "8f5b7a52-2f0e-4c8e-9d0e-6b2f3f7b1c11"


@pytest.mark.parametrize(
    "given", [ID, ID.upper(), ID.replace("-", ""), uuid.UUID(ID), uuid.UUID(ID).bytes]
)
def test_a_uuid_stays_what_it_is(given: object) -> None:
    assert values.row_id("step", given) == ID
    assert not values.is_derived(given, ID)


def test_other_ids_become_uuids_and_nothing_stays_nothing() -> None:
    derived = values.row_id("step", "x")
    assert derived
    assert values.is_derived("x", derived)
    assert derived != values.row_id("thread", "x")
    assert values.row_id("step", 7) == values.row_id("step", "7")
    assert values.row_id("step", None) is None
    assert values.row_id("step", "") is None


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ('"{\\"a\\": 1}"', {"a": 1}),
        ({"a": 1}, {"a": 1}),
        (b"[1]", [1]),
        ("no json", "no json"),
        (None, None),
    ],
)
def test_json_is_parsed_however_often_it_was_encoded(given: object, found: object) -> None:
    assert values.parsed(given) == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["a"], ["a"]),
        ('["a", "b"]', ["a", "b"]),
        ("{}", []),
        ('{a,"b c","d\\"e",NULL}', ["a", "b c", 'd"e']),
        ("a,b", None),
        ('{"open', None),
    ],
)
def test_labels(given: object, found: object) -> None:
    assert values.labels(given) == found


@pytest.mark.parametrize(
    ("given", "found"), [(True, True), (0, False), ("t", True), ("False", False), ("maybe", None)]
)
def test_flags(given: object, found: object) -> None:
    assert values.flag(given) is found


@pytest.mark.parametrize(
    ("given", "found"), [(1, 1), (0, 0), (-1, 0), (5, 1), ("0.5", 1), (True, 1), ("good", None)]
)
def test_thumbs(given: object, found: object) -> None:
    assert values.thumb(given) == found


@pytest.mark.parametrize(
    ("given", "plain", "in_berlin"),
    [
        ("2024-07-01T12:00:00Z", "12:00:00", "10:00:00"),
        ("2024-07-01T12:00:00", "12:00:00", "10:00:00"),
        ("2024-07-01T12:00:00+05:00", "07:00:00", "07:00:00"),
        (datetime(2024, 7, 1, 12, tzinfo=UTC), "12:00:00", "12:00:00"),
    ],
)
def test_times(given: object, plain: str, in_berlin: str) -> None:
    assert values.timestamp(given) == f"2024-07-01T{plain}.000000Z"
    assert values.timestamp(given, ZoneInfo("Europe/Berlin")) == f"2024-07-01T{in_berlin}.000000Z"


def test_a_time_that_is_none() -> None:
    assert values.timestamp("now") is None
    assert values.timestamp("now", ZoneInfo("Europe/Berlin")) is None


def test_what_does_not_fit_goes_to_extra() -> None:
    raw: dict[str, Any] = {
        "id": ID,
        "threadId": ID,
        "metadata": "no json",
        "createdAt": "never",
        "start": "2024-01-01T00:00:00Z",
        "indent": 2,
        "tags": None,
        "output": "a\x00b",
        "extra": '{"mine": 1}',
    }
    found = rows.step(raw)
    assert found.extra == {"metadata": "no json", "createdAt": "never", "indent": 2, "mine": 1}
    assert found.row["createdAt"] == "2024-01-01T00:00:00.000000Z"
    assert found.row["output"] == "a\N{REPLACEMENT CHARACTER}b"
    assert len(found.notes) == 2


def test_rows_that_cannot_be_held_have_no_id() -> None:
    assert rows.step({"id": ID}).row["id"] is None
    assert rows.element({"id": ID, "threadId": None}).row["id"] is None
    assert rows.feedback({"id": ID, "forId": ID, "value": "good"}).row["id"] is None
    assert rows.user({"id": ID, "identifier": None}, None).row["id"] is None


def test_a_batch_is_of_many_short_rows_or_of_a_few_long_ones() -> None:
    def sizes(length: int) -> list[int]:
        found = [
            rows.step({"id": ID, "threadId": ID, "output": "x" * length}) for _ in range(2_500)
        ]
        return [len(batch) for batch in batches(iter(found))]

    assert sizes(10) == [1_000, 1_000, 500]
    assert max(sizes(10_000)) < 500


def test_notes_count_all_and_show_the_first() -> None:
    notes = Notes()
    for number in range(5):
        notes.add("odd", number)
    [note] = notes.listed()
    assert (note.count, list(note.ids)) == (5, ["0", "1", "2"])
