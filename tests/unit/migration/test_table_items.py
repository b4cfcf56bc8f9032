"""Items of Chainlit's DynamoDB layer: their values, their keys, and what they are taken for."""

from typing import Any

import pytest

from datalayer.migration.dynamodb.attributes import plain, plain_item
from datalayer.migration.dynamodb.rows import Clock, Converted, conversation
from datalayer.migration.dynamodb.source import Conversation, kind_of
from datalayer.migration.importing.revisions import FIRST
from datalayer.values import revision_of_time
from datalayer.writes import SaveElement, SaveFeedback, SaveStep, SaveThread

THREAD = "0c5e1d4e-8f0b-4c55-9d5a-3b1b7f1d2a10"
STEP = "3f0c2a64-5f0e-4f0e-8c1a-0a4b0de7b001"
PK = f"THREAD#{THREAD}"
EARLY, LATE = "2024-07-01T12:00:00.000001Z", "2024-07-02T12:00:00.000001Z"
CLOCK = Clock(None, revision_of_time("2025-01-01T00:00:00.000000Z"))


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ({"S": "a"}, "a"),
        ({"N": "3"}, 3),
        ({"N": "-3.0"}, -3),
        ({"N": "2.5"}, 2.5),
        ({"N": "1E+20"}, 10**20),
        ({"N": "12345678901234567890123456789012345678"}, 12345678901234567890123456789012345678),
        ({"BOOL": False}, False),
        ({"NULL": True}, None),
        ({"B": b"\x00\xff"}, "AP8="),
        ({"L": [{"N": "1"}, {"NULL": True}, {"M": {"a": {"S": "b"}}}]}, [1, None, {"a": "b"}]),
        ({"SS": ["b", "a"]}, ["a", "b"]),
        ({"NS": ["2", "1.5"]}, [1.5, 2]),
        ({"BS": [b"b", b"a"]}, ["YQ==", "Yg=="]),
    ],
)
def test_values_are_as_json_has_them(attribute: Any, value: object) -> None:
    found = plain(attribute)
    assert found == value
    assert type(found) is type(value)
    assert plain_item({"x": attribute}) == {"x": value}


@pytest.mark.parametrize(
    ("pk", "sk", "kind"),
    [
        ("USER#a#b", "USER", "users"),
        ("USER#a", "STEP#1", None),
        ("THREAD#1", "THREAD", "threads"),
        ("THREAD#1", "STEP#1", "steps"),
        ("THREAD#1", "ELEMENT#1", "elements"),
        ("THREAD#1", "STEPS", None),
        ("THREAD#1", "NOTE#1", None),
        ("INVOICE#1", "THREAD", None),
    ],
)
def test_an_item_is_what_its_key_says(pk: str, sk: str, kind: str | None) -> None:
    assert kind_of(pk, sk) == kind


def converted(*steps: dict[str, Any], elements: Any = (), **thread: Any) -> Converted:
    found = Conversation(THREAD)
    if thread:
        found.items["threads"].append({"PK": PK, "SK": "THREAD", **thread})
    found.items["steps"] = [{"PK": PK, "SK": f"STEP#{STEP}", **step} for step in steps]
    found.items["elements"] = [{"PK": PK, "SK": f"ELEMENT#{STEP}", **it} for it in elements]
    return conversation(found, CLOCK, {"id-of-bob": "bob"})


def write_of(rows: Any) -> Any:
    [row] = rows
    return row.write


@pytest.mark.parametrize(
    ("thread_at", "step_at", "dated"),
    [
        (LATE, EARLY, EARLY),
        (EARLY, LATE, EARLY),
        (None, EARLY, EARLY),
        (EARLY, None, EARLY),
        ("yesterday", "never", None),
        ("2100-01-01T00:00:00Z", "2100-01-01T00:00:00Z", None),
    ],
)
def test_a_thread_is_dated_by_its_first_message_or_before(
    thread_at: str | None, step_at: str | None, dated: str | None
) -> None:
    found = converted({"output": "x", "createdAt": step_at}, createdAt=thread_at, name="n")
    assert found.thread
    assert isinstance(found.thread.write, SaveThread)
    assert found.thread.write.revision == (revision_of_time(dated) if dated else FIRST)


def test_a_step_without_a_time_and_an_element_are_as_old_as_their_thread() -> None:
    found = converted({"output": "x"}, elements=[{"name": "n"}], createdAt=EARLY)
    step, element = write_of(found.rows["steps"]), write_of(found.rows["elements"])
    assert isinstance(step, SaveStep)
    assert isinstance(element, SaveElement)
    assert step.revision == element.revision == revision_of_time(EARLY)
    assert step.fields.get("createdAt") is None


@pytest.mark.parametrize(
    ("said", "owner"),
    [
        ({"userId": "alice"}, "alice"),
        ({"userId": "id-of-bob"}, "bob"),
        ({"userId": None, "userIdentifier": "alice"}, "alice"),
        ({"userId": "", "name": "n"}, None),
    ],
)
def test_whose_a_thread_is(said: dict[str, Any], owner: str | None) -> None:
    found = converted({"output": "x"}, **said)
    assert found.thread
    assert isinstance(found.thread.write, SaveThread)
    assert found.thread.write.owner == owner
    assert write_of(found.rows["steps"]).owner == owner


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"objectKey": "a/b"}, "a/b"),
        ({"objectKey": None}, f"id-of-bob/{THREAD}/{STEP}"),
        ({}, f"id-of-bob/{THREAD}/{STEP}"),
    ],
)
def test_where_a_file_is(said: dict[str, Any], key: str) -> None:
    found = converted(elements=[{"url": "https://signed", **said}], userId="id-of-bob")
    element = write_of(found.rows["elements"])
    assert element.fields["objectKey"] == key
    assert element.fields["url"] is None
    assert element.fields["extra"] == {"chainlitUrl": "https://signed"}


def test_the_key_of_an_item_counts_not_what_it_says() -> None:
    found = converted(
        {"id": "other", "threadId": "other", "output": "x", "feedback": {"forId": "o", "value": 1}},
        id="other",
        name="n",
    )
    step, feedback = write_of(found.rows["steps"]), write_of(found.rows["feedbacks"])
    assert isinstance(feedback, SaveFeedback)
    assert (step.id, step.thread_id) == (feedback.step_id, feedback.thread_id) == (STEP, THREAD)
    assert "extra" not in step.fields
    assert feedback.extra == {}
    assert found.thread
    assert isinstance(found.thread.write, SaveThread)
    assert (found.thread.write.id, found.thread.write.metadata) == (THREAD, {})


def test_what_holds_nothing_but_a_feedback_is_no_step() -> None:
    found = converted({"feedback": {"value": 1}})
    assert (found.thread, found.rows["steps"]) == (None, [])
    assert write_of(found.rows["feedbacks"]) is None
    assert not found.is_orphaned
    assert write_of(converted({}).rows["steps"]) is None
