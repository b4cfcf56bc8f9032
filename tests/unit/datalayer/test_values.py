"""Values are made storable: ids, text, times, JSON."""

import json
import re
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datalayer.values import (
    MAX_NAME,
    REPLACEMENT,
    Json,
    as_id,
    clean_json,
    clean_text,
    clean_time,
    derived_id,
    iso_time,
    short_name,
    time_of_revision,
)

ID = "0c5e1d4e-8f0b-4c55-9d5a-3b1b7f1d2a10"
STORED_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
ANY_TEXT = st.text(st.characters(exclude_categories=()))
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | ANY_TEXT
    | st.binary()
    | st.dates()
    | st.uuids(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner)
        | st.dictionaries(st.integers() | st.none() | ANY_TEXT, inner)
    ),
    max_leaves=10,
)

# Ids


@pytest.mark.parametrize(
    "given",
    [ID, ID.upper(), ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}", uuid.UUID(ID)],
)
def test_ids_become_canonical(given: object) -> None:
    assert as_id(given) == ID


@pytest.mark.parametrize(
    "given",
    ["", "x", None, 3, ID[:-1], f"{ID}0", "'; DROP TABLE users", "\x00", "\ud800", [], b"x"],
)
def test_what_is_no_id(given: object) -> None:
    assert as_id(given) is None


@given(ANY_TEXT)
def test_any_text_is_an_id_or_not(text: str) -> None:
    found = as_id(text)
    assert found is None or as_id(found) == found


def test_derived_ids_are_the_same_for_the_same_parts() -> None:
    assert derived_id("user", "alice") == derived_id("user", "alice")
    others = [("user", "bob"), ("feedback", "alice"), ("user", "alice", ""), ("useralice",)]
    assert len({derived_id(*parts) for parts in [("user", "alice"), *others]}) == 5
    assert as_id(derived_id("user", "alice")) == derived_id("user", "alice")


# Text and JSON


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("a\x00b", f"a{REPLACEMENT}b"),
        ("\ud83d", REPLACEMENT),
        ("\ud83d\ude00", REPLACEMENT * 2),
        ("😀 ü 中\t\r\n\x01", "😀 ü 中\t\r\n\x01"),
    ],
)
def test_only_what_no_database_can_hold_is_replaced(given: str, expected: str) -> None:
    assert clean_text(given) == expected


@given(ANY_TEXT)
def test_clean_text_can_be_stored(text: str) -> None:
    cleaned = clean_text(text)
    assert "\x00" not in cleaned
    assert cleaned.encode().decode() == cleaned
    assert len(cleaned) == len(text)
    assert clean_text(cleaned) == cleaned
    assert all(new in (old, REPLACEMENT) for old, new in zip(text, cleaned, strict=True))


@given(TEXT)
def test_text_that_can_be_stored_is_left_alone(text: str) -> None:
    expected = text.replace("\x00", REPLACEMENT)
    assert clean_text(text) == expected


@given(ANYTHING)
def test_clean_json_is_json(value: Any) -> None:
    cleaned = clean_json(value)
    text = json.dumps(cleaned, allow_nan=False, ensure_ascii=False)
    assert "\\u0000" not in text
    assert json.loads(text.encode()) == cleaned
    assert clean_json(cleaned) == cleaned


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"a": (1, 2)}, {"a": [1, 2]}),
        ({1: {2.5: None}}, {"1": {"2.5": None}}),
        ({3}, [3]),
        (float("nan"), None),
        (float("-inf"), None),
        (0.1, 0.1),
        (True, True),
        (2**70, 2**70),
        (2.0**53, 2**53),
        (-1e300, int(-1e300)),
        (2.0**53 - 1, 2.0**53 - 1),
        ({"a\x00": "\ud800"}, {f"a{REPLACEMENT}": REPLACEMENT}),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02 00:00:00+00:00"),
        (uuid.UUID(ID), ID),
    ],
)
def test_what_json_cannot_say(given: object, expected: Json) -> None:
    assert clean_json(given) == expected


def test_a_number_of_more_digits_than_python_writes_becomes_text() -> None:
    assert clean_json([10**4_000, 2**20_000]) == [10**4_000, hex(2**20_000)]


def test_clean_json_is_another_object_all_the_way_down() -> None:
    given: dict[str, Any] = {"list": [{"deep": 1}]}
    cleaned = clean_json(given)
    given["list"][0]["deep"] = 2
    given["list"].append(3)
    assert cleaned == {"list": [{"deep": 1}]}


# Times


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-01-02T12:00:00", "2026-01-02T12:00:00.000000Z"),
        ("2026-01-02T12:00:00.1Z", "2026-01-02T12:00:00.100000Z"),
        ("2026-01-02T12:00:00.123456789Z", "2026-01-02T12:00:00.123456Z"),
        ("2026-01-02T12:00:00+02:00", "2026-01-02T10:00:00.000000Z"),
        ("2026-01-02 12:00:00-00:30", "2026-01-02T12:30:00.000000Z"),
        (datetime(2026, 1, 2, 12), "2026-01-02T12:00:00.000000Z"),  # noqa: DTZ001
        (
            datetime(2026, 1, 2, 12, tzinfo=timezone(timedelta(hours=-1))),
            "2026-01-02T13:00:00.000000Z",
        ),
    ],
)
def test_times_take_one_form(given: object, expected: str) -> None:
    assert clean_time(given) == expected


@pytest.mark.parametrize(
    "given",
    [None, "", "yesterday", "12:00", 3, 1.5, True, [], "2026-13-01T00:00:00", "\x00", "\ud800"],
)
def test_what_is_no_time(given: object) -> None:
    assert clean_time(given) is None


@pytest.mark.parametrize("given", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
def test_a_time_that_utc_does_not_have_is_none(given: str) -> None:
    assert clean_time(given) is None


def test_early_years_sort_with_the_others() -> None:
    assert clean_time("0987-06-05T04:03:02") == "0987-06-05T04:03:02.000000Z"


@given(st.text() | st.datetimes().map(str) | st.dates().map(str))
def test_any_text_is_a_time_or_not(text: str) -> None:
    found = clean_time(text)
    assert found is None or STORED_TIME.fullmatch(found)


ZONES = st.timezones() | st.integers(-14 * 60, 14 * 60).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)


@given(
    st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES)  # noqa: DTZ001
)
@example(datetime(999, 12, 31, tzinfo=UTC))
def test_a_moment_stays_the_same(moment: datetime) -> None:
    found = iso_time(moment)
    assert STORED_TIME.fullmatch(found)
    assert datetime.fromisoformat(found) == moment.astimezone(UTC)
    assert clean_time(found) == found


MOMENTS = st.datetimes(datetime(1000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS, MOMENTS)
def test_stored_times_sort_as_moments(one: datetime, other: datetime) -> None:
    assert (iso_time(one) < iso_time(other)) == (one < other)


def test_the_time_of_a_revision() -> None:
    assert time_of_revision(0) == "1970-01-01T00:00:00.000000Z"
    assert time_of_revision(1_767_355_200_000_001) == "2026-01-02T12:00:00.000001Z"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("A name", "A name"),
        ("  two\n\n lines\t ", "two lines"),
        ("", ""),
        ("x" * MAX_NAME, "x" * MAX_NAME),
        ("x" * (MAX_NAME + 1), "x" * (MAX_NAME - 1) + "…"),
    ],
)
def test_short_names(name: str, expected: str) -> None:
    assert short_name(name) == expected
