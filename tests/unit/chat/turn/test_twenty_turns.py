"""A conversation over a server that fails every third request, in another way each time."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from chat.models import busy
from chat.models.endpoint import Endpoint
from chat.models.openai_model import OpenAIModel
from tests.support.conversation import Conversation
from tests.support.servers.replies import (
    Body,
    RepliesServer,
    Reply,
    alternates,
    answer,
    delta,
    error,
    events,
    last_question,
    load_replies,
    running_replies,
)

TURNS = 20
HTML = Reply(["<!doctype html><title>Sign in</title>"], content_type="text/html")
BEGINNING = events(delta(content="it began "), done=False).chunks

PASSING = {
    "busy": Reply([], 429, "application/json", {"retry-after": "0"}),
    "overloaded": Reply([], 529, "text/plain"),
    "fault": error(500, "no"),
    "gateway": Reply(["<html>Bad Gateway</html>"], 502, "text/html"),
    "loading": Reply(
        ['{"error": {"message": "Loading model"}}'],
        503,
        "application/json",
        {"retry-after-ms": "20"},
    ),
}
"""They are gone when the server is asked again."""
LASTING = {
    "nothing": Reply([], is_cut=True),
    "broken": Reply(BEGINNING, is_cut=True),
    "without an end": Reply(BEGINNING),
    "lost": events(delta(content="partial "), {**delta("error"), "error": {"code": 502}}),
    "error in the stream": events({"error": {"message": "out of memory", "code": 400}}),
    "page": HTML,
    "elsewhere": load_replies()["json200err"],
    "empty": events(delta("stop")),
    "credit": error(402, "Insufficient Balance"),
    "too large": error(413, "Payload Too Large"),
    "too long": error(400, "maximum context length is 8 tokens", code="context_length_exceeded"),
    "filtered": error(400, "The response was filtered", code="content_filter"),
    "withheld": events(delta("content_filter")),
    "path": Reply(["404 page not found"], 404, "text/plain"),
    "key": error(401, "Incorrect API key"),
    "refused": error(400, "no"),
}
LEARNED = {
    "limit": load_replies()["rejects_max_tokens"],
    "system": load_replies()["rejects_system"],
    "options": error(422, "Extra inputs are not permitted: stream_options"),
}
FAULTS = {**PASSING, **LASTING, **LEARNED}


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that fails is asked again soon."""
    monkeypatch.setattr(busy, "FAULTS", replace(busy.FAULTS, first_pause_s=0.02))


@pytest.fixture
async def server() -> AsyncIterator[RepliesServer]:
    async with running_replies({}) as running:
        yield running


@pytest.fixture
async def model(server: RepliesServer) -> AsyncIterator[OpenAIModel]:
    endpoint = Endpoint(
        model="m", api_key="k", base_url=f"{server.url}/v1", context_tokens=50_000, wait_s=5
    )
    asked = OpenAIModel(endpoint)
    yield asked
    await asked.close()


def failing(server: RepliesServer, faults: list[Reply]) -> None:
    """Let every third request fail, with each fault once."""

    def choose(body: Body) -> Reply:
        is_third = len(server.requests) % 3 == 2
        return faults.pop(0) if is_third and faults else answer(f"Re: {last_question(body)[-9:]}")

    server.choose = choose


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, len(FAULTS), 6))
async def test_every_question_is_answered_or_explained_and_every_prompt_is_taken(
    talk: Conversation, server: RepliesServer, model: OpenAIModel, first: int
) -> None:
    names = [*FAULTS][first:] + [*FAULTS][:first]
    failing(server, [FAULTS[name] for name in names])
    talk.answered_by(model)
    questions = [f"question {number}" for number in range(TURNS)]
    for question in questions:
        await talk.ask(question)
    messages = await talk.messages()
    for question in questions:
        place = messages.index((question, False))
        told = messages[place + 1][0] if place + 1 < len(messages) else ""
        assert told, f"{question} has neither an answer nor a word about why not"
        assert told not in questions, f"{question} has neither an answer nor a word about why not"
    assert all(alternates(body["messages"]) for body in server.requests)
    assert len(server.requests) >= TURNS


@pytest.mark.parametrize("name", FAULTS)
async def test_one_fault_fails_no_later_question(
    talk: Conversation, server: RepliesServer, model: OpenAIModel, name: str
) -> None:
    faults = [FAULTS[name]]
    server.choose = lambda body: (
        faults.pop() if faults and "odd" in last_question(body) else answer("fine")
    )
    talk.answered_by(model)
    for question in ("first", "odd", "next", "last"):
        await talk.ask(question)
    messages = await talk.messages()
    assert messages[-4:] == [("next", False), ("fine", False), ("last", False), ("fine", False)]
    is_explained = any(is_error for _, is_error in messages)
    is_asked_without = name in ("too large", "too long")
    assert is_explained is (name in LASTING and not is_asked_without), messages
    assert all(alternates(body["messages"]) for body in server.requests)
    sent = str(server.requests[-1]["messages"])
    assert ("odd" in sent) is (name not in ("filtered", "withheld", "refused"))
