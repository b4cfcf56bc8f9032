"""Each event that Chainlit has a handler for has a rule, and what breaks it reaches no handler."""

import uuid
from typing import Any

import chainlit.socket  # noqa: F401 - registers its handlers
import pytest
from chainlit.server import sio

from access.guard.events import LONGEST, RULES, SHORT, fault

QUESTION = {
    "message": {"id": str(uuid.uuid4()), "type": "user_message", "output": "Why?", "threadId": ""},
    "fileReferences": [],
}
FITTING: dict[str, list[Any]] = {
    "client_message": [QUESTION],
    "edit_message": [QUESTION],
    "message_favorite": [QUESTION],
    "window_message": ["anything"],
    "chat_settings_change": [{"temperature": "own"}],
    "chat_settings_edit": [{"temperature": "own"}],
    "audio_chunk": [{"isStart": True}],
}
SENT = sorted(name for name, rule in RULES.items() if not rule.by_server)


def judged(*data: Any, size: int = 100, features: bool = True) -> str | None:
    return fault(list(data), size, lambda _: features)


def test_every_event_of_chainlits_has_a_rule() -> None:
    assert set(RULES) == set(sio.handlers["/"]), "A new event needs a rule in access/guard/events."


@pytest.mark.parametrize("event", SENT)
def test_what_a_page_sends_passes(event: str) -> None:
    assert judged(event, *FITTING.get(event, [])) is None


@pytest.mark.parametrize("event", ["connect", "disconnect"])
def test_what_the_server_begins_nobody_sends(event: str) -> None:
    assert judged(event, {}, {}) == "the server alone begins it"


@pytest.mark.parametrize("event", SENT)
def test_the_number_of_arguments_is_right(event: str) -> None:
    fitting = FITTING.get(event, [])
    assert "arguments" in str(judged(event, *fitting, {}))
    if fitting:
        assert "arguments" in str(judged(event))


@pytest.mark.parametrize("event", sorted(FITTING.keys() - {"window_message"}))
@pytest.mark.parametrize("wrong", [None, 5, "text", [], True, 1e400])
def test_the_kinds_of_arguments_are_right(event: str, wrong: Any) -> None:
    assert judged(event, wrong) == "what it says has not the form that it should"


@pytest.mark.parametrize("event", SENT)
def test_the_bytes_are_limited(event: str) -> None:
    fitting = FITTING.get(event, [])
    assert SHORT <= RULES[event].most <= LONGEST
    assert judged(event, *fitting, size=RULES[event].most) is None
    assert "bytes" in str(judged(event, *fitting, size=RULES[event].most + 1))


@pytest.mark.parametrize("data", [[], {}, None, "text", [5], [None], [["stop"]], [{"stop": 1}]])
def test_an_event_has_a_name(data: Any) -> None:
    assert fault(data, 10, lambda _: True) == "it has no name"


def test_an_event_that_nobody_knows() -> None:
    assert judged("nothing") == "there is none of this name"
    assert judged("*") == "there is none of this name"


@pytest.mark.parametrize("event", ["audio_start", "audio_chunk", "audio_end"])
def test_sound_is_refused_while_it_is_switched_off(event: str) -> None:
    assert judged(event, *FITTING.get(event, []), features=False) == "audio is switched off"


@pytest.mark.parametrize(
    "changed",
    [
        {"id": str(uuid.uuid1())},
        {"id": "x"},
        {"type": "assistant_message"},
        {"type": ["user_message"]},
        {"output": None},
        {"output": ["x"]},
        {"name": 5},
        {"createdAt": 5},
        {"command": {"a": 1}},
        {"language": 5},
        {"threadId": "../x"},
        {"parentId": 5},
        {"metadata": "favorite"},
        {"metadata": ["favorite"]},
    ],
)
def test_each_field_of_a_question_is_of_its_kind(changed: dict[str, Any]) -> None:
    message = {**QUESTION["message"], **changed}  # type: ignore[dict-item]
    assert judged("client_message", {"message": message}) is not None


@pytest.mark.parametrize("files", [{}, "x", 5, [{"id": "x"}] * 1_001])
def test_the_files_of_a_question_are_a_list(files: Any) -> None:
    assert judged("client_message", {**QUESTION, "fileReferences": files}) is not None
    assert judged("client_message", {**QUESTION, "fileReferences": None}) is None
