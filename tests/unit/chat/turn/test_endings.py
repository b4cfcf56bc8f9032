"""How an answer ended, and what it cost, as it is stored with it."""

import asyncio
from typing import Any

import pytest

from chat.models.base import AnswerInterrupted, Ending, GeneratedImage, Piece, Rethought
from chat.models.tokens import estimate_tokens
from chat.turn import reply as reply_module
from tests.support.conversation import Conversation
from tests.support.models import FakeModel, Script
from tests.support.waiting import until


async def answer_of(talk: Conversation) -> dict[str, Any]:
    """The metadata of the one answer."""
    [step] = [
        step
        for step in await talk.steps()
        if step.fields["type"] == "assistant_message" and not step.fields["isError"]
    ]
    metadata = step.fields["metadata"]
    assert isinstance(metadata, dict)
    assert talk.page.steps[step.id]["metadata"] == metadata, "the page knows the same"
    return metadata


@pytest.mark.parametrize(
    ("last", "state"),
    [
        (Ending(), "done"),
        (Ending("length"), "cut"),
        (Ending("content_filter"), "withheld"),
        (Ending("tool_calls"), "done"),
        (AnswerInterrupted(""), "interrupted"),
    ],
)
async def test_how_it_ended(talk: Conversation, last: Any, state: str) -> None:
    talk.answered_by(FakeModel([Piece("half of it"), last]))
    await talk.ask("hello")
    assert (await answer_of(talk))["state"] == state
    assert talk.page.toasts == [], "what is told stays with the answer"


async def stopped(talk: Conversation, *script: Any, shown: str) -> None:
    """Ask, and stop once something is shown."""
    talk.answered_by(FakeModel([*script, asyncio.Event()]))
    turn = asyncio.create_task(talk.ask("hello"))
    await until(lambda: shown in talk.page.shown, "what comes before the stop")
    turn.cancel()
    await asyncio.gather(turn, return_exceptions=True)


async def test_what_the_end_of_the_program_cuts_is_interrupted(talk: Conversation) -> None:
    turns = talk.answered_by(FakeModel([Piece("half of it"), asyncio.Event()]))
    turn = asyncio.create_task(talk.ask("hello"))
    await until(lambda: "half of it" in talk.page.shown, "what comes before the end")
    await turns.close()
    await asyncio.gather(turn, return_exceptions=True)
    assert (await answer_of(talk))["state"] == "interrupted"


async def test_a_stop_keeps_what_was_shown_and_counts_it(talk: Conversation) -> None:
    await stopped(talk, Piece("hm", is_thought=True), Piece("half of it"), shown="half of it")
    metadata = await answer_of(talk)
    assert metadata["state"] == "stopped"
    tokens = estimate_tokens("hm") + estimate_tokens("half of it")
    assert metadata["usage"] == {"output_tokens": tokens, "estimated": True}


async def test_a_stop_during_thoughts_keeps_them_and_nothing_else(talk: Conversation) -> None:
    await stopped(talk, Piece("let me think", is_thought=True), shown="let me think")
    kept = [(step.fields["type"], step.fields["output"]) for step in await talk.steps()]
    assert kept == [("user_message", "hello"), ("run", ""), ("llm", "let me think")]


async def test_a_stop_before_anything_keeps_nothing(talk: Conversation) -> None:
    model = FakeModel([asyncio.Event()])
    talk.answered_by(model)
    turn = asyncio.create_task(talk.ask("hello"))
    await until(lambda: model.asked, "the request")
    turn.cancel()
    await asyncio.gather(turn, return_exceptions=True)
    assert [step.fields["type"] for step in await talk.steps()] == ["user_message", "run"]


async def test_what_the_server_counted_is_taken(talk: Conversation) -> None:
    ending = Ending("length", input_tokens=3, output_tokens=500)
    talk.answered_by(FakeModel([Piece("half of it"), ending]))
    await talk.ask("hello")
    assert (await answer_of(talk))["usage"] == {"input_tokens": 3, "output_tokens": 500}


@pytest.fixture
def stored(talk: Conversation, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is stored on the way, as often as can be."""
    steps: list[Any] = []
    monkeypatch.setattr(reply_module, "CHECKPOINT_S", 0.01)
    monkeypatch.setattr(talk.layer, "checkpoint", steps.append)
    return steps


async def test_a_checkpoint_has_the_tokens_so_far_and_comes_again_without_news(
    talk: Conversation, stored: list[Any]
) -> None:
    """Whoever looks at it knows by its age whether somebody still writes it."""
    more = asyncio.Event()
    script: Script = [Piece("hm", is_thought=True), more, Piece("half"), asyncio.Event()]
    talk.answered_by(FakeModel(script))
    turn = asyncio.create_task(talk.ask("hello"))
    await until(lambda: stored, "the thoughts")
    more.set()
    await until(lambda: len(stored) >= 5, "the answer, again and again")
    turn.cancel()
    await asyncio.gather(turn, return_exceptions=True)
    on_the_way, at_their_end, *answers = stored
    for thoughts in (on_the_way, at_their_end):  # not again: nobody asks whether they are alive
        assert thoughts["type"] == "llm"
    tokens = estimate_tokens("hm") + estimate_tokens("half")
    assert {it["output"] for it in answers} == {"half"}
    for each in answers:
        assert each["metadata"]["state"] == "streaming"
        assert each["metadata"]["usage"] == {"output_tokens": tokens, "estimated": True}


async def test_a_picture_alone_is_stored_on_the_way(talk: Conversation, stored: list[Any]) -> None:
    talk.answered_by(FakeModel([GeneratedImage("image/png", b"\x89PNG bytes"), asyncio.Event()]))
    turn = asyncio.create_task(talk.ask("draw"))
    await until(lambda: stored, "the answer")
    assert stored[0]["type"] == "assistant_message"
    turn.cancel()
    await asyncio.gather(turn, return_exceptions=True)


async def test_what_is_taken_back_counts_as_a_thought(talk: Conversation) -> None:
    talk.answered_by(FakeModel([Piece("so, hm"), Rethought(), Piece("fine"), Ending()]))
    await talk.ask("hello")
    tokens = estimate_tokens("so, hm") + estimate_tokens("fine")
    assert (await answer_of(talk))["usage"]["output_tokens"] == tokens
