"""Fields of steps and elements: which are known, how they are cleaned, what happens to others."""

from typing import Any

import pytest

from datalayer.fields import ELEMENT_FIELDS, STEP_FIELDS, clean_fields
from datalayer.values import Json

ID = "0c5e1d4e-8f0b-4c55-9d5a-3b1b7f1d2a10"


def step_field(name: str, value: object) -> Json:
    return clean_fields({name: value}, STEP_FIELDS)[name]


def element_field(name: str, value: object) -> Json:
    return clean_fields({name: value}, ELEMENT_FIELDS)[name]


def test_only_what_is_named_is_there() -> None:
    assert clean_fields({}, STEP_FIELDS) == {}
    assert clean_fields({"output": None}, STEP_FIELDS) == {"output": None}


def test_unknown_fields_go_together() -> None:
    given: dict[str, Any] = {"output": "x", "later": {"a": (1,)}, "sooner\x00": float("nan")}
    assert clean_fields(given, STEP_FIELDS) == {
        "output": "x",
        "extra": {"later": {"a": [1]}, "sooner\ufffd": None},
    }


def test_unknown_fields_join_the_extra_that_is_given() -> None:
    given = {"extra": {"one": 1, "two": 2}, "two": 3}
    assert clean_fields(given, STEP_FIELDS) == {"extra": {"one": 1, "two": 3}}


@pytest.mark.parametrize("name", ["id", "threadId", "feedback", "path"])
def test_what_the_row_says_itself_is_no_field(name: str) -> None:
    assert clean_fields({name: "x"}, STEP_FIELDS) == {}
    assert clean_fields({name: "x"}, ELEMENT_FIELDS) == {}


def test_the_bytes_of_an_element_are_no_field() -> None:
    assert clean_fields({"content": b"x", "path": "/tmp/x"}, ELEMENT_FIELDS) == {}  # noqa: S108


@pytest.mark.parametrize("name", [*STEP_FIELDS, *ELEMENT_FIELDS])
def test_every_field_may_be_none(name: str) -> None:
    table = STEP_FIELDS if name in STEP_FIELDS else ELEMENT_FIELDS
    assert clean_fields({name: None}, table) == {name: None}


@pytest.mark.parametrize("name", [*STEP_FIELDS, *ELEMENT_FIELDS])
@pytest.mark.parametrize("value", ["\x00\ud800", b"\x00", 10**30, 0.5, {"\ud800": set()}, [None]])
def test_any_value_of_any_field_becomes_storable(name: str, value: object) -> None:
    table = STEP_FIELDS if name in STEP_FIELDS else ELEMENT_FIELDS
    cleaned = clean_fields({name: value}, table)
    assert cleaned.keys() == {name}
    assert "\x00" not in repr(cleaned)
    assert repr(cleaned).encode()
    assert clean_fields(cleaned, table) == cleaned


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (True, True),
        (False, False),
        (1, True),
        (0, False),
        ("true", True),
        (" True ", True),
        ("1", True),
        ("false", False),
        ("0", False),
        ("", False),
    ],
)
def test_flags(given: object, expected: bool) -> None:
    assert step_field("isError", given) is expected
    assert element_field("autoPlay", given) is expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        *[(3, 3), ("3", 3), (-1, -1), ("x", None), ("", None), ([], None)],
        *[(2**31 - 1, 2**31 - 1), (2**31, None), (-(10**5_000), None)],
    ],
    ids=range(9),
)
def test_numbers(given: object, expected: int | None) -> None:
    assert element_field("page", given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a", "b"], ["a", "b"]),
        (("a",), ["a"]),
        ([], []),
        ([1, "\x00"], ["1", "\ufffd"]),
        ("ab", None),
        ({"a": 1}, None),
    ],
)
def test_tags(given: object, expected: list[str] | None) -> None:
    assert step_field("tags", given) == expected


@pytest.mark.parametrize(
    ("given", "expected"), [(True, True), (False, False), ("json", "json"), (None, None)]
)
def test_show_input_is_a_flag_or_a_language(given: object, expected: Json) -> None:
    found = step_field("showInput", given)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("name", ["metadata", "generation", "modes"])
@pytest.mark.parametrize("given", ["{}", [1], 3, True])
def test_objects_are_objects_or_nothing(name: str, given: object) -> None:
    assert step_field(name, given) is None
    assert step_field(name, {"a": (given,)}) == {"a": [given]}


def test_text_is_text() -> None:
    assert step_field("output", 3) == "3"
    assert step_field("output", "a\x00") == "a\ufffd"
    assert element_field("size", "large") == "large"


def test_ids_of_relatives_are_canonical() -> None:
    assert step_field("parentId", ID.upper()) == ID
    assert element_field("forId", "") is None
    assert element_field("forId", "no id") is None


def test_times() -> None:
    assert step_field("createdAt", "2026-01-02T12:00:00+01:00") == "2026-01-02T11:00:00.000000Z"
    assert step_field("end", "no time") is None


def test_nothing_of_what_was_given_is_kept() -> None:
    given: dict[str, Any] = {"metadata": {"a": [1]}, "tags": ["x"], "later": {"b": [2]}}
    cleaned = clean_fields(given, STEP_FIELDS)
    given["metadata"]["a"].append(2)
    given["tags"].append("y")
    given["later"]["b"].clear()
    assert cleaned == {"metadata": {"a": [1]}, "tags": ["x"], "extra": {"later": {"b": [2]}}}
