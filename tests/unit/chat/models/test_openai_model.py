"""The client of a model's server, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import openai
import pytest

from chat.models.base import (
    AnswerEvent,
    AnswerInterrupted,
    Ending,
    GenerationSettings,
    NoChatAPI,
    Piece,
    ServerBusy,
    Waiting,
)
from chat.models.endpoint import Endpoint
from chat.models.openai_model import OpenAIModel
from tests.support.servers import replies
from tests.support.servers.replies import RepliesServer, Reply, delta, error, events
from tests.support.waiting import free_port

DONE = delta("stop")
USAGE = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5}}
WELL = replies.answer("a")
SYSTEM = {"role": "system", "content": "Be brief."}


@pytest.fixture
async def server() -> AsyncIterator[RepliesServer]:
    async with replies.running_replies() as running:
        yield running


def model(server: RepliesServer, **more: Any) -> OpenAIModel:
    given = {"model": "m", "api_key": "k", "context_tokens": 1_000, "base_url": f"{server.url}/v1"}
    return OpenAIModel(Endpoint(**{**given, **more}))


async def ask(
    asked: OpenAIModel, question: str = "x", generation: GenerationSettings | None = None
) -> list[AnswerEvent]:
    messages: Any = [SYSTEM, {"role": "user", "content": question}]
    stream = asked.stream(messages, generation or GenerationSettings(temperature=0.3))
    async with aclosing(stream) as told:
        return [event async for batch in told for event in batch]


async def answer(
    server: RepliesServer,
    *sent: Reply,
    generation: GenerationSettings | None = None,
    **more: Any,
) -> list[AnswerEvent]:
    left = list(sent)
    server.choose = lambda _body: left.pop(0)
    asked = model(server, **more)
    try:
        return await ask(asked, generation=generation)
    finally:
        await asked.close()


def text_of(told: list[AnswerEvent], *, is_thought: bool = False) -> str:
    pieces = [event for event in told if isinstance(event, Piece)]
    return "".join(piece.text for piece in pieces if piece.is_thought is is_thought)


@pytest.mark.parametrize(
    ("name", "thoughts", "text"),
    [
        ("think_inline", "secret reasoning", "The answer is 4."),
        ("content_list", "I think. ", "The list answer. And a string."),
        ("both_reasonings", "thought in the second field", "both answer"),
        ("no_finish", "", "all of it, done."),
        ("empty_finish", "", "empty finish"),
        ("surrogates", "", "smile \U0001f600 end"),
        ("crlf", "", "crlf answer"),
        ("comments", "", "after comments"),
        ("azure_first", "", "azure answer"),
        ("nonstream", "", "whole at once"),
    ],
)
async def test_answers_of_the_field_are_read(
    server: RepliesServer, name: str, thoughts: str, text: str
) -> None:
    asked = model(server)
    told = await ask(asked, name)
    await asked.close()
    assert (text_of(told, is_thought=True), text_of(told)) == (thoughts, text)
    assert isinstance(told[-1], Ending)
    assert told[-1].reason == "stop"


async def test_what_came_before_a_provider_was_lost_is_shown(server: RepliesServer) -> None:
    asked = model(server)
    stream = asked.stream([{"role": "user", "content": "fin_error"}], SETTINGS)
    assert await anext(stream) == [Piece("partial ")]
    with pytest.raises(AnswerInterrupted, match="Provider disconnected"):
        await anext(stream)
    await asked.close()


SETTINGS = GenerationSettings()


@pytest.mark.parametrize("name", ["json200err", "html", "foreign", "nothing"])
async def test_an_address_that_is_no_api_is_told(server: RepliesServer, name: str) -> None:
    server.replies["html"] = Reply(["<!doctype html><p>hi"], content_type="text/html")
    server.replies["foreign"] = Reply(['{"status": "up"}'], content_type="application/json")
    server.replies["nothing"] = Reply([], content_type="text/plain")
    asked = model(server)
    with pytest.raises(NoChatAPI, match=r"Unexpected endpoint|doctype|status|empty"):
        await ask(asked, name)
    await asked.close()


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
async def test_thoughts_and_words_are_told_apart_and_tokens_are_counted(
    server: RepliesServer, name: str
) -> None:
    chunks = [delta(**{name: "hm"}), delta(content="a"), delta(content="b"), DONE, USAGE]
    assert await answer(server, events(*chunks)) == [
        Piece("hm", is_thought=True),
        Piece("a"),
        Piece("b"),
        Ending(input_tokens=3, output_tokens=5),
    ]
    [body] = server.requests
    assert body["stream_options"] == {"include_usage": True}


async def test_the_generation_settings_go_along(server: RepliesServer) -> None:
    generation = GenerationSettings(answer_tokens=70, temperature=0.25)
    await answer(server, WELL, generation=generation)
    await answer(server, WELL, generation=GenerationSettings(answer_tokens=9_000))
    chosen, longest = server.requests
    assert (chosen["max_tokens"], chosen["temperature"]) == (70, 0.25)
    assert longest["max_tokens"] == 500, "at most half of the context"
    assert "temperature" not in longest


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_an_answer_that_is_cut_or_held_back_says_so(
    server: RepliesServer, reason: str
) -> None:
    told = await answer(server, events(delta(content="a"), delta(reason)))
    assert told == [Piece("a"), Ending(reason)]


async def test_an_error_within_the_stream(server: RepliesServer) -> None:
    refusal = {"error": {"message": "this is not allowed", "code": "policy"}}
    with pytest.raises(openai.APIError, match="not allowed"):
        await answer(server, events(refusal))
    with pytest.raises(AnswerInterrupted, match="not allowed"):
        await answer(server, events(delta(content="a"), refusal))


async def test_a_server_that_only_keeps_the_line_open_is_late(server: RepliesServer) -> None:
    async def never(number: int) -> None:
        if number:
            await asyncio.Event().wait()

    server.between = never
    with pytest.raises(openai.APITimeoutError):
        await answer(server, Reply([": here\n\n", "x"]), timeout_s=9, load_timeout_s=0.2)
    with pytest.raises(AnswerInterrupted):
        await answer(server, events(delta(content="a")), timeout_s=0.2, load_timeout_s=9)
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [200, 400])
async def test_a_line_that_breaks_before_the_first_word_is_a_connection_error(
    server: RepliesServer, status: int
) -> None:
    with pytest.raises(openai.APIConnectionError):
        await answer(server, Reply(['{"error": {"mess'], status, is_cut=True))


async def test_a_line_that_breaks_later_interrupts_the_answer(server: RepliesServer) -> None:
    cut = Reply(events(delta(content="a"), done=False).chunks, is_cut=True)
    with pytest.raises(AnswerInterrupted):
        await answer(server, cut)
    whole = Reply(events(delta(content="a"), DONE, done=False).chunks, is_cut=True)
    assert text_of(await answer(server, whole)) == "a"


@pytest.mark.parametrize("nonsense", [b"data: <html>\n\n", b'data: {"choices": \n\n'])
async def test_what_is_no_event_stream_interrupts_the_answer(
    server: RepliesServer, nonsense: bytes
) -> None:
    with pytest.raises(AnswerInterrupted):
        await answer(server, Reply([nonsense]))


async def test_a_stream_without_an_end_is_interrupted(server: RepliesServer) -> None:
    with pytest.raises(AnswerInterrupted):
        await answer(server, events(delta(content="a"), done=False))


@pytest.mark.parametrize("name", ["rejects_max_tokens", "rejects_system"])
async def test_what_a_server_does_not_take_is_learned_once(
    server: RepliesServer, name: str
) -> None:
    asked = model(server)
    assert text_of(await ask(asked, name)).startswith("Answer to:")
    assert len(server.requests) == 2
    assert len(asked.learned) == 1
    assert text_of(await ask(asked, name)).startswith("Answer to:")
    assert len(server.requests) == 3, "not provoked again"
    await asked.close()


async def test_another_refusal_is_raised(server: RepliesServer) -> None:
    with pytest.raises(openai.BadRequestError, match="no such thing"):
        await answer(server, error(400, "no such thing"))
    assert len(server.requests) == 1


async def test_a_refusal_that_did_not_help_is_not_remembered(server: RepliesServer) -> None:
    said = error(400, "temperature is not supported")
    left = [said, error(401, "key"), WELL]
    server.choose = lambda _body: left.pop(0)
    asked = model(server)
    with pytest.raises(openai.AuthenticationError):
        await ask(asked)
    assert asked.learned == []
    await ask(asked)
    await asked.close()
    assert "temperature" in server.requests[-1]


@pytest.mark.slow
async def test_a_busy_server_is_asked_again_when_it_says(server: RepliesServer) -> None:
    busy = Reply(status=429, headers={"retry-after-ms": "2000"})
    told = await answer(server, Reply(status=429, headers={"retry-after": "0"}), busy, WELL)
    assert told == [Waiting("busy", 2), Piece("a"), Ending()], "a short wait is not told"


async def test_a_server_that_wants_too_long_a_wait_is_given_up(server: RepliesServer) -> None:
    asked = model(server, wait_s=49)
    with pytest.raises(ServerBusy) as raised:
        await ask(asked, "busy_50_s")
    await asked.close()
    assert raised.value.seconds == 50
    assert len(server.requests) == 1


async def test_stopping_ends_a_wait_and_a_request(server: RepliesServer) -> None:
    asked = model(server)
    stream = asked.stream([{"role": "user", "content": "busy_50_s"}], SETTINGS)
    assert await anext(stream) == [Waiting("busy", 50)]
    await stream.aclose()
    await asked.close()
    assert len(server.requests) == 1


@pytest.mark.slow
async def test_a_server_that_is_not_there_is_tried_again_and_told() -> None:
    asked = OpenAIModel(
        Endpoint(model="m", api_key="k", base_url=f"http://127.0.0.1:{free_port()}/v1")
    )
    with pytest.raises(openai.APIConnectionError) as raised:
        await ask(asked)
    assert not isinstance(raised.value, openai.APITimeoutError)
    await asked.close()


async def test_one_text_is_asked_for_without_streaming(server: RepliesServer) -> None:
    asked = model(server)
    for name in ("nonstream", "think_inline"):
        messages: Any = [{"role": "user", "content": name}]
        assert await asked.complete(messages, SETTINGS) in ("whole at once", "The answer is 4.")
    assert [body["stream"] for body in server.requests] == [False, False]
    await asked.close()


async def test_the_path_of_an_api_is_found_where_none_is_given() -> None:
    lost = Reply(["<h1>hi"], content_type="text/html")
    async with replies.running_replies() as server:
        asked = model(server, base_url=server.url)
        sent = [lost, WELL, WELL]
        server.choose = lambda _body: sent.pop(0)
        assert text_of(await ask(asked)) == "a"
        assert text_of(await ask(asked)) == "a"
        await asked.close()
        assert server.paths == ["/chat/completions", *["/v1/chat/completions"] * 2]


async def test_a_path_that_is_nowhere_is_looked_for_anew(server: RepliesServer) -> None:
    asked = model(server, base_url=server.url)
    server.choose = lambda _body: error(404, "no such route")
    for _ in range(2):
        with pytest.raises(openai.NotFoundError):
            await ask(asked)
    await asked.close()
    assert server.paths == ["/chat/completions", "/v1/chat/completions"] * 2


async def test_azure_is_asked_at_the_deployments_address(server: RepliesServer) -> None:
    await answer(server, WELL, base_url=server.url, azure_version="2024-10-21")
    assert server.paths == ["/openai/deployments/m/chat/completions?api-version=2024-10-21"]
