"""What a client sends over the socket is looked at before anything is done with it."""

import uuid
from typing import Any

import pytest

from access.guard.events import is_question
from access.guard.sockets import has_valid_auth

THREAD = str(uuid.uuid4())


@pytest.mark.parametrize(
    ("auth", "valid"),
    [
        ({"sessionId": THREAD}, True),
        ({"sessionId": THREAD, "threadId": ""}, True),
        ({"sessionId": THREAD, "threadId": None}, True),
        ({"sessionId": THREAD, "threadId": THREAD}, True),
        ({"sessionId": THREAD, "threadId": "../x"}, False),
        ({"sessionId": "/etc"}, False),
        ({"sessionId": "A" * 8 + THREAD[8:]}, False),
        ({"sessionId": "{" + THREAD + "}"}, False),
        ({"sessionId": None}, False),
        ({"sessionId": [THREAD]}, False),
        ({}, False),
        (None, False),
        ("text", False),
    ],
)
def test_ids_of_a_client_are_uuids(auth: Any, valid: bool) -> None:
    if isinstance(auth, dict):
        auth = {"clientType": "webapp", **auth}
    assert has_valid_auth(auth) is valid


@pytest.mark.parametrize(
    ("given", "valid"),
    [
        ({"clientType": "copilot"}, True),
        ({"clientType": "browser"}, False),
        ({"clientType": ["webapp"]}, False),
        ({"clientType": None}, False),
        ({"chatProfile": None}, True),
        ({"chatProfile": "a%20model"}, True),
        ({"chatProfile": 5}, False),
        ({"chatProfile": "x" * 1_001}, False),
        ({"userEnv": None}, True),
        ({"userEnv": '{"KEY": "x"}'}, True),
        ({"userEnv": {"KEY": "x"}}, False),
        ({"userEnv": "[]"}, False),
        ({"userEnv": "{"}, False),
        ({"userEnv": "[" * 100_000}, False),
    ],
)
def test_a_client_connects_as_a_page_does(given: dict[str, Any], valid: bool) -> None:
    auth = {"sessionId": THREAD, "clientType": "webapp", **given}
    assert has_valid_auth(auth) is valid


def question(**changed: object) -> dict[str, Any]:
    message = {"id": str(uuid.uuid4()), "type": "user_message", "output": "Why?", "threadId": ""}
    return {"message": {**message, **changed}}


def test_what_a_client_sends_is_a_question() -> None:
    assert is_question(question())
    assert is_question(question(parentId=None, threadId=str(uuid.uuid4())))
    for wrong in (
        None,
        "text",
        {},
        {"message": "text"},
        question(id="../x"),
        question(id=None),
        question(id=uuid.uuid4().hex),
        question(type="assistant_message"),
        question(type=None),
        question(output=None),
        question(output={"a": 1}),
        question(threadId="../x"),
        question(parentId={"a": 1}),
    ):
        assert not is_question(wrong), wrong
