"""Items say what they were made of, and no item is larger than the service takes."""

from typing import Any

import pytest

from datalayer.errors import WriteRejected
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.bodies import PART_SIZE
from datalayer.stores.dynamodb.format.items import Head, Row, new_head, parts_of, put_of
from datalayer.values import time_of_revision
from tests.support.builders import new_id

FIRST = 1_795_658_084_648_857
HOME, STEP = new_id(), new_id()
KEY = keys.row("step", HOME, STEP)


@pytest.mark.parametrize("sequence", [FIRST, FIRST - 1_000_000])
@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00.000000Z", time_of_revision(FIRST), "9999-12-31T23:59:59.999999Z"],
)
def test_a_row_comes_back(sequence: int, moment: str) -> None:
    body: dict[str, Any] = {
        "revision": FIRST,
        "sequence": sequence,
        "createdAt": moment,
        "end": time_of_revision(FIRST + 5),
        "output": "x",
    }
    row = Row.of(put_of(KEY, None, body).item)
    assert (row.kind, row.id, row.thread_id, row.body) == ("step", STEP, HOME, body)


def test_a_large_body_lies_in_parts_which_its_successor_removes() -> None:
    first = put_of(KEY, None, {"extra": {"a": [*range(300_000)]}})
    assert first.parts
    assert all(len(part["b"]["B"]) <= PART_SIZE for part in first.parts)
    assert [keys.Key.of(part) for part in first.parts] == parts_of(first.item)
    second = put_of(KEY, first.item, {"output": "x"})
    assert (second.replaces, second.parts) == (first.nonce, [])
    assert second.leaves == parts_of(first.item)
    assert all(keys.row_of(key) == ("step", STEP) and keys.is_part(key) for key in second.leaves)


def test_what_has_no_parts_is_rejected_when_it_is_too_large() -> None:
    head = Head(thread_id=HOME, nonce="", owner="x" * 500_000, user_id=new_id())
    with pytest.raises(WriteRejected, match=f"THREAD#{HOME}/THREAD is too large"):
        new_head(head)


@pytest.mark.parametrize(("length", "fits"), [(1, True), (200, True), (400, False)])
def test_a_new_head_says_what_it_is_given_where_that_leaves_room(length: int, fits: bool) -> None:
    said = {"name": "A question"}
    head = Head(thread_id=HOME, nonce="", owner="x" * length, user_id=new_id())
    assert Head.of(new_head(head, said).item).said_first == (said if fits else {})
    assert Head.of(new_head(head).item).said_first == {}


def test_in_its_partition_a_head_comes_last() -> None:
    within = [keys.cut(HOME), keys.name(HOME), KEY, keys.row("element", HOME, STEP)]
    within += [keys.part(key, "parts", 3) for key in within]
    assert max([keys.head(HOME), *within]) == keys.head(HOME)


def test_a_place_in_the_index_is_by_time_and_then_by_name() -> None:
    one, two = time_of_revision(FIRST), time_of_revision(FIRST + 1)
    places = [keys.place(one, "a"), keys.place(one, "b"), keys.place(two, "a")]
    assert places == sorted(places)
    assert [keys.moment_of(place) for place in places] == [one, one, two]


@pytest.mark.parametrize("key", ["a/key", "x" * 2_000, "ü" * 1_000])
def test_a_file_to_remove_has_a_key_that_fits(key: str) -> None:
    found = keys.removal(key)
    assert len(found.sk.encode()) <= 1_024
    assert found != keys.removal(f"{key}x")
