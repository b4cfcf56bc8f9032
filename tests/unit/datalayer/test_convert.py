"""What Chainlit sends comes back equal, through writes and records."""

import uuid
from pathlib import Path
from typing import Any, cast

import pytest
from chainlit import Audio, CustomElement, File, Image, Message, Pdf, Step, TaskList, Text, Video
from chainlit.context import ChainlitContext, context_var
from chainlit.element import Element
from chainlit.session import HTTPSession

from datalayer import convert
from datalayer.records import (
    ElementRecord,
    FeedbackRecord,
    StepRecord,
    ThreadRecord,
    UserRecord,
)
from datalayer.values import Json
from datalayer.writes import SaveElement, SaveStep

THREAD = "3f0c2a64-5f0e-4f0e-8c1a-0a4b0de7b001"
STEP = "0c5e1d4e-8f0b-4c55-9d5a-3b1b7f1d2a10"
TIME = "2026-01-02T12:34:56.789012Z"
METADATA: dict[str, Any] = {"favorite": True, "nested": {"a": [1, 2.5, None, "ü"]}}


def enter_session() -> None:
    """Let the test run as Chainlit's code does."""
    session = HTTPSession(id=str(uuid.uuid4()), client_type="webapp", thread_id=THREAD)
    context_var.set(ChainlitContext(session))


def flat(fields: Any) -> dict[str, Json]:
    """The fields as a store gives them back: the unknown ones among the others."""
    known = dict(fields)
    return {**(known.pop("extra", None) or {}), **known}


def through_a_step(given: Any) -> dict[str, Any]:
    write = SaveStep(id=given["id"], thread_id=given["threadId"], fields=given, revision=1)
    record = StepRecord(
        id=write.id, thread_id=write.thread_id, revision=1, fields=flat(write.fields)
    )
    return cast(dict[str, Any], convert.step_dict(record))


def through_an_element(given: Any) -> dict[str, Any]:
    write = SaveElement(id=given["id"], thread_id=given["threadId"], fields=given, revision=1)
    record = ElementRecord(
        id=write.id, thread_id=write.thread_id, revision=1, fields=flat(write.fields)
    )
    return cast(dict[str, Any], convert.element_dict(record))


def common(given: Any, found: dict[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in given}


# Steps


def messages() -> list[Message]:
    return [
        Message("hello", created_at=TIME),
        Message("", type="user_message", author="Alice", created_at=TIME, metadata=METADATA),
        Message(
            {"a": "dict"},
            language="json",
            tags=["one", "two"],
            parent_id=STEP,
            command="search",
            modes={"model": "large"},
            created_at=TIME,
        ),
    ]


async def test_every_key_of_a_message_comes_back() -> None:
    enter_session()
    for message in messages():
        given = message.to_dict()
        assert common(given, through_a_step(given)) == given


def steps() -> list[Step]:
    plain = Step(name="on_message", type="run")
    busy = Step(
        name="tool",
        type="tool",
        parent_id=STEP,
        metadata=METADATA,
        tags=["one"],
        language="python",
        icon="wrench",
        default_open=True,
        auto_collapse=True,
        show_input="python",
    )
    busy.input, busy.output = {"a": 1}, {"b": 2}
    busy.is_error = True
    hidden = Step(name="hidden", type="llm", show_input=False)
    shown = Step(name="shown", type="llm", show_input=True)
    made = [plain, busy, hidden, shown]
    for step in made:
        step.created_at = step.start = step.end = TIME
    return made


async def test_every_key_of_a_step_comes_back() -> None:
    enter_session()
    for step in steps():
        given = step.to_dict()
        assert common(given, through_a_step(given)) == given


async def test_a_generation_comes_back() -> None:
    enter_session()
    given: dict[str, Any] = dict(steps()[0].to_dict())
    given["generation"] = {"provider": "x", "settings": {"n": 1}, "messages": [{"role": "user"}]}
    assert through_a_step(given)["generation"] == given["generation"]


async def test_a_running_step_comes_back_without_its_end() -> None:
    enter_session()
    given = Step(name="running", type="run").to_dict()
    found = through_a_step(given)
    assert (found["start"], found["end"], found["generation"]) == (None, None, None)


def test_nothing_streams_in_what_comes_from_the_store() -> None:
    given = {"id": STEP, "threadId": THREAD, "streaming": True}
    assert through_a_step(given)["streaming"] is False


def test_keys_that_a_later_chainlit_adds_come_back() -> None:
    given = {"id": STEP, "threadId": THREAD, "later": {"a": [1]}, "icon": "wrench"}
    assert common(given, through_a_step(given)) == given


@pytest.mark.parametrize("value", [None, "absent"])
def test_the_page_gets_what_it_needs(value: str | None) -> None:
    names = ("name", "type", "input", "output", "metadata", "isError", "waitForAnswer")
    given: dict[str, Any] = {"id": STEP, "threadId": THREAD}
    if value is None:
        given |= dict.fromkeys(names)
    found = through_a_step(given)
    assert {name: found[name] for name in names} == {
        "name": "",
        "type": "undefined",
        "input": "",
        "output": "",
        "metadata": {},
        "isError": False,
        "waitForAnswer": False,
    }


def test_dicts_of_two_steps_share_nothing() -> None:
    given = {"id": STEP, "threadId": THREAD}
    through_a_step(given)["metadata"]["favorite"] = True
    assert through_a_step(given)["metadata"] == {}


def record_with(feedback: FeedbackRecord | None) -> StepRecord:
    return StepRecord(id=STEP, thread_id=THREAD, revision=1, fields={}, feedback=feedback)


def test_feedback_comes_with_its_step() -> None:
    given = FeedbackRecord(
        id=THREAD, step_id=STEP, thread_id=THREAD, value=0, comment="no", extra={"later": 1}
    )
    assert convert.step_dict(record_with(given))["feedback"] == {
        "id": THREAD,
        "forId": STEP,
        "value": 0,
        "comment": "no",
        "later": 1,
    }
    assert convert.step_dict(record_with(None))["feedback"] is None


# Elements


def elements(path: str) -> list[Element]:
    return [
        File(name="a file", path=path, display="side", for_id=STEP, mime="text/plain"),
        Image(name="a.png", url="https://example.org/a.png", size="large", for_id=STEP),
        Text(name="a text", content="print()", language="python", display="page"),
        Pdf(name="a.pdf", path=path, page=3),
        Audio(name="a.mp3", content=b"x", auto_play=True, mime="audio/mpeg"),
        Video(name="a.mp4", url="https://example.org/v", player_config={"youtube": {"a": 1}}),
        CustomElement(name="Card", props={"a": {"b": [1, None]}}),
        TaskList(),
    ]


async def test_every_key_of_an_element_comes_back(tmp_path: Path) -> None:
    enter_session()
    (tmp_path / "file").write_bytes(b"x")
    for element in elements(str(tmp_path / "file")):
        given = element.to_dict()
        found = through_an_element(given)
        if element.type == "custom":
            assert given["props"] == {"a": {"b": [1, None]}}
        assert common(given, found) == {**given, "threadId": THREAD}


async def test_a_session_key_does_not_come_back(tmp_path: Path) -> None:
    enter_session()
    given = Image(name="a.png", url="https://example.org", chainlit_key="x").to_dict()
    assert through_an_element(given)["chainlitKey"] is None


def element_of(**fields: Json) -> dict[str, Any]:
    record = ElementRecord(id=STEP, thread_id=THREAD, revision=1, fields=fields)
    return cast(dict[str, Any], convert.element_dict(record, "/root"))


def test_a_stored_file_has_our_link() -> None:
    found = element_of(type="file", name="a.txt", objectKey="x/y", url="https://elsewhere")
    assert found["url"] == f"/root/files/{THREAD}/{STEP}/a.txt"
    assert (found["id"], found["threadId"]) == (STEP, THREAD)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a b#c?d/e.txt", "a%20b%23c%3Fd%2Fe.txt"),
        ("../../etc/passwd", "..%2F..%2Fetc%2Fpasswd"),
        ("ü😀", "%C3%BC%F0%9F%98%80"),
        ("", "file"),
        ("%2e", "%252e"),
    ],
)
def test_a_name_is_quoted_in_the_link(name: str, expected: str) -> None:
    assert convert.file_url(THREAD, STEP, name) == f"/files/{THREAD}/{STEP}/{expected}"


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_of_dots_does_not_change_the_path(name: str) -> None:
    # Browsers resolve dot segments, quoted ones too, before they ask.
    last = convert.file_url(THREAD, STEP, name).rpartition("/")[2]
    assert last.lower().replace("%2e", ".") not in (".", "..")


def test_an_element_elsewhere_keeps_its_link() -> None:
    assert element_of(type="image", url="https://example.org/a")["url"] == "https://example.org/a"


def test_a_custom_element_always_has_props() -> None:
    assert element_of(type="custom", name="Card")["props"] == {}
    found = element_of(type="custom", props={"a": 1}, objectKey="x/y")
    assert (found["props"], found.get("url")) == ({"a": 1}, None)


def test_an_element_has_what_the_page_needs() -> None:
    found = element_of(type="file")
    assert (found["name"], found["display"]) == ("", "inline")
    assert element_of(display="side")["display"] == "side"


# Threads and users


def thread_record() -> ThreadRecord:
    return ThreadRecord(
        id=THREAD,
        created_at="2026-01-01T00:00:00.000000Z",
        updated_at=TIME,
        name="A name",
        user_id=STEP,
        owner="alice",
        tags=("one",),
        metadata={"is_shared": True},
        steps=(record_with(None),),
        elements=(ElementRecord(id=STEP, thread_id=THREAD, revision=1, fields={"name": "x"}),),
    )


def test_a_thread() -> None:
    found = convert.thread_dict(thread_record())
    assert found["createdAt"] == "2026-01-01T00:00:00.000000Z"
    assert (found["id"], found["name"]) == (THREAD, "A name")
    assert (found["userId"], found["userIdentifier"]) == (STEP, "alice")
    assert (found["tags"], found["metadata"]) == (["one"], {"is_shared": True})
    assert found["steps"] == [convert.step_dict(record_with(None))]
    assert [element["name"] for element in found["elements"] or []] == ["x"]


def test_a_listed_thread_says_its_last_activity_as_its_creation() -> None:
    found = convert.listed_thread_dict(thread_record())
    assert found["createdAt"] == TIME
    assert {**found, "createdAt": ""} == {**convert.thread_dict(thread_record()), "createdAt": ""}


def test_a_user() -> None:
    record = UserRecord(id=STEP, identifier="alice", created_at=TIME, metadata={"role": "admin"})
    found = convert.persisted_user(record)
    assert (found.id, found.identifier, found.createdAt) == (STEP, "alice", TIME)
    assert found.metadata == {"role": "admin"}


def test_what_the_page_was_told_of_alternatives_does_not_come_back() -> None:
    given: Any = {"id": STEP, "threadId": THREAD, "metadata": {"siblings": [STEP], "a": 1}}
    fields = convert.step_fields(given, 1, 1)
    assert fields["metadata"] == {"a": 1}
    assert given["metadata"] == {"siblings": [STEP], "a": 1}
