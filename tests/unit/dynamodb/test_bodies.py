"""Bodies are read as they were given, of the same types, and small where they are as usual."""

import json
import zlib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datalayer.errors import WriteRejected
from datalayer.stores.dynamodb.format import bodies
from datalayer.stores.dynamodb.format.bodies import PART_SIZE, pack, split, unpack

TIME, LATER = "2026-01-02T12:34:56.789012Z", "2026-01-02T12:34:57.000000Z"
TIMED = ("createdAt", "start", "end")
NUMBERED = ("revision", "sequence")
LARGEST = 2**56 - 1  # a number of seven bytes

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=10
)
TIMES = st.datetimes().map(lambda it: it.isoformat(timespec="microseconds") + "Z")
ODD_TIMES = st.sampled_from(
    (
        *("", "Z", "2026-01-02Z", "2026-01-02T12:34:56Z", "2026-01-02T12:34:56.789Z"),
        *("2026-01-02T12:34:56.789012", "2026-01-02T12:34:56.789012+00:00"),
        *("2026-01-02T12:34:56.789012+01:00Z", "2026-01-02 12:34:56.789012Z"),
        *("2026-01-02T12:34:56,789012Z", "2026-W01-5T12:34:56.789012Z"),
        *("1969-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    )
)
MOMENTS = st.sampled_from((TIME, LATER, 0, 1, LARGEST, LARGEST + 1, -1, 1.0, True, False, None))
BODIES = st.dictionaries(st.sampled_from((*TIMED, *NUMBERED)), MOMENTS | TIMES | ODD_TIMES | VALUES)


def message(**changes: Any) -> dict[str, Any]:
    """Return the body of a message as it was stored before there was the field `hidden`."""
    never_given = ("autoCollapse", "defaultOpen", "favorite", "generation", "input", "showInput")
    return {
        "fieldRevisions": dict.fromkeys(never_given, 0),
        "type": "assistant_message",
        "name": "Assistant",
        "streaming": False,
        "waitForAnswer": False,
        "isError": False,
        **dict.fromkeys(TIMED, TIME),
        **dict.fromkeys(NUMBERED, 1_767_357_297_000_000),
        "metadata": {},
        "output": "",
        **changes,
    }


def exactly(value: object) -> str:
    """Return what tells 1 from 1.0 and True, and 0.0 from -0.0."""
    return json.dumps(value, sort_keys=True)


@given(st.dictionaries(TEXTS, VALUES), BODIES)
@example({}, {})
@example({"": None}, dict.fromkeys((*TIMED, *NUMBERED)))
@example({}, {"createdAt": 1, "revision": TIME})
@example({}, {**dict.fromkeys(TIMED, "1970-01-01T00:00:00.000000Z"), **dict.fromkeys(NUMBERED, 0)})
@pytest.mark.slow
def test_any_body_comes_back_exactly(others: dict[str, Any], timed: dict[str, Any]) -> None:
    body = others | timed
    assert exactly(unpack(pack(body, "a body"))) == exactly(body)


def test_what_is_kept_within_keeps_its_order() -> None:
    body = {"metadata": {"b": 1, "a": 2}}
    assert list(unpack(pack(body, "a body"))["metadata"]) == ["b", "a"]


def test_five_different_moments_come_back_each_in_its_place() -> None:
    body = message(createdAt=TIME, start=LATER, end="2026-01-03T00:00:00.000000Z", revision=1)
    assert unpack(pack(body, "a body")) == body


def test_a_message_takes_few_bytes_beside_its_text() -> None:
    body = message()
    assert len(pack(body, "a body")) < 28
    body["fieldRevisions"]["hidden"] = 0
    assert len(pack(body, "a body")) < 35


@pytest.mark.parametrize("changes", [{"revision": 1}, {"end": LATER}, {"metadata": {"a": "b"}}])
def test_what_differs_takes_its_own_bytes_alone(changes: dict[str, Any]) -> None:
    assert len(pack(message(**changes), "a body")) < 35 + 20


def test_the_first_format_is_read_for_ever() -> None:
    stored = "012489064766efe0fe40064766efddc6141b21de7c4a441da5f0a86119deb25ba91600"
    body = message(output="如果你想了解更多，我可以 … would you like me to explain")
    assert unpack(bytes.fromhex(stored)) == body


def test_the_dictionary_is_what_it_was() -> None:
    # With another one what was stored could not be read any more.
    checksums = {number: zlib.crc32(words) for number, words in bodies._DICTIONARIES.items()}
    assert checksums == {1: 2_366_520_946}


@pytest.mark.parametrize("size", [0, 1, PART_SIZE, PART_SIZE + 1, 3 * PART_SIZE])
def test_parts_are_the_whole(size: int) -> None:
    data = bytes(size)
    parts = split(data)
    assert b"".join(parts) == (data if size > PART_SIZE else b"")
    assert all(0 < len(part) <= PART_SIZE for part in parts)


def test_large_bodies_are_split_and_joined() -> None:
    noise = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(300_000))
    data = pack(message(output=noise), "a body")
    parts = split(data)
    assert len(parts) > 1
    assert max(map(len, parts)) == PART_SIZE
    assert unpack(b"".join(parts))["output"] == noise


def test_what_is_no_json_is_rejected_by_name_and_not_shown() -> None:
    match = "a body has a value that cannot be stored"
    with pytest.raises(WriteRejected, match=match) as caught:
        pack({"secret": object()}, "a body")
    assert "secret" not in str(caught.value)
