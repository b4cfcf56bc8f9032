"""Trying again, and going on with an answer: on the store in memory."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from chainlit.chat_context import chat_context

from chat.live.exchanges import Exchange
from chat.models.base import (
    AnswerInterrupted,
    Ending,
    GeneratedImage,
    GenerationSettings,
    Piece,
    Rethought,
    Waiting,
)
from chat.models.tokens import estimate_tokens
from chat.turn import reply as reply_module
from chat.turn.history import GO_ON
from datalayer.records import StepRecord
from datalayer.writes import SaveStep
from tests.support.conversation import Conversation
from tests.support.models import FakeModel, Script
from tests.support.servers.replies import alternates
from tests.support.waiting import until

DONE: Script = [Piece("fine"), Ending()]
REQUEST = httpx2.Request("POST", "http://localhost/v1/chat/completions")
HALF = "The quick brown fox jumps"
WHOLE = f"{HALF} over the lazy dog."


def refusal(status: int, message: str) -> openai.APIStatusError:
    kind = openai.BadRequestError if status == 400 else openai.APIStatusError
    return kind(message, response=httpx2.Response(status, request=REQUEST), body=None)


def texts(messages: Sequence[Any]) -> list[str]:
    return [str(message["content"]) for message in messages if message["role"] != "system"]


def reloaded(talk: Conversation) -> None:
    """Let the page have resumed the thread, of which it has seen nothing."""
    chat_context.clear()
    talk.session.thread_id_to_resume = talk.session.thread_id


async def shown(talk: Conversation) -> list[StepRecord]:
    return [step for step in await talk.steps() if not step.fields["hidden"]]


async def answers(talk: Conversation) -> list[StepRecord]:
    return [step for step in await shown(talk) if step.fields["type"] == "assistant_message"]


def about(step: StepRecord) -> dict[str, Any]:
    metadata = step.fields["metadata"]
    assert isinstance(metadata, dict)
    return metadata


# Again


async def test_a_question_is_answered_once_more_beside_its_former_answer(
    talk: Conversation,
) -> None:
    model = FakeModel(DONE, [Piece("hm", is_thought=True), Piece("first"), Ending()])
    model.scripts.append([Piece("second"), Ending()])
    talk.answered_by(model)
    await talk.ask("before")
    question = await talk.ask("and now?")
    await talk.again()
    assert texts(model.asked[-1]) == ["before", "fine", "and now?"], "no word of the former answer"
    steps = await talk.steps()
    runs = [it for it in steps if it.fields["parentId"] == question.id]
    assert [it.fields["hidden"] for it in runs] == [True, None]
    assert {it.fields["name"] for it in runs} == {"on_message"}
    hidden = [it.fields["type"] for it in steps if it.fields["hidden"]]
    assert hidden == ["run", "llm", "assistant_message"]
    [_, answer] = await answers(talk)
    assert answer.fields["output"] == "second"
    assert answer.fields["parentId"] == runs[-1].id
    kept = await talk.layer.get_thread_name(talk.session.thread_id)
    assert kept == "before"


async def test_the_page_has_the_new_answer_alone(talk: Conversation) -> None:
    talk.answered_by(FakeModel([Piece("first"), Ending()], [Piece("second"), Ending()]))
    await talk.ask("hello")
    await talk.again()
    assert talk.page.messages == ["second"]
    assert [message.content for message in chat_context.get()] == ["hello", "second"]


async def test_a_first_question_is_answered_again_as_first(talk: Conversation) -> None:
    """Its answer was stopped or failed: the thread has no title yet."""
    model = FakeModel([refusal(500, "no")], DONE)
    talk.answered_by(model, titles=True)
    await talk.ask("hello")
    await talk.again()
    await until(lambda: talk.page.named == ["A title"], "the title")
    assert texts(model.asked[-1]) == ["hello"]
    assert [step.fields["output"] for step in await answers(talk)] == ["fine"]


async def test_what_was_refused_is_forgotten_with_its_error(talk: Conversation) -> None:
    refused = refusal(400, "content_filter")
    model = FakeModel([refusal(500, "no")], [refused], DONE)
    talk.answered_by(model)
    await talk.ask("one")
    await talk.ask("two")
    await talk.again()
    assert texts(model.asked[-1]) == ["one\n\ntwo"]


async def test_files_are_sent_again(talk: Conversation, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("what is in it")
    model = FakeModel()
    talk.answered_by(model)
    await talk.ask("read", tmp_path / "notes.txt")
    reloaded(talk)
    await talk.again()
    assert "what is in it" in texts(model.asked[-1])[-1]


async def test_the_former_answer_is_hidden_in_the_batch_that_begins_the_new_one(
    talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[list[Any]] = []
    store: Any = talk.layer._store
    original = store.apply

    async def apply(writes: Sequence[Any]) -> Any:
        batches.append([*writes])
        return await original(writes)

    monkeypatch.setattr(store, "apply", apply)
    talk.answered_by(FakeModel())
    question = await talk.ask("hello")
    await talk.layer.flush(talk.session.thread_id)
    batches.clear()
    await talk.again()
    saves = [write for write in batches[0] if isinstance(write, SaveStep)]
    assert [write.fields.get("hidden") for write in saves] == [True, True, None]
    assert saves[-1].fields["parentId"] == question.id


async def test_again_is_stopped_as_any_answer(talk: Conversation) -> None:
    talk.answered_by(FakeModel(DONE, [Piece("half"), asyncio.Event()]))
    await talk.ask("hello")
    turn = asyncio.create_task(talk.again())
    await until(lambda: "half" in talk.page.messages, "the new answer")
    assert talk.session.current_task
    talk.session.current_task.cancel()
    await turn
    [answer] = await answers(talk)
    assert about(answer)["state"] == "stopped"


async def test_without_a_question_there_is_nothing_to_ask(talk: Conversation) -> None:
    turns = talk.answered_by(FakeModel())
    with pytest.raises(ValueError, match="no question"):
        await turns.again(Exchange(None))
    with pytest.raises(ValueError, match="no question"):
        await turns.go_on(Exchange({"id": "q", "createdAt": None, "output": ""}))


# Going on


async def begun(talk: Conversation, *scripts: Script, last: Any = None) -> FakeModel:
    """Have a question answered by half; then the model says what the scripts do."""
    half: Script = [Piece(HALF), last or Ending("length", input_tokens=10, output_tokens=5)]
    model = FakeModel(DONE, half, *scripts)
    talk.answered_by(model)
    await talk.ask("before")
    await talk.ask("tell me")
    return model


async def test_the_same_message_is_gone_on_with(talk: Conversation) -> None:
    more: Script = [Piece("brown fox jumps"), Piece(" over the lazy dog."), Ending("stop", 20, 7)]
    model = await begun(talk, more)
    before = (await answers(talk))[-1]
    await talk.go_on()
    after = (await answers(talk))[-1]
    assert after.fields["output"] == WHOLE
    for name in ("parentId", "createdAt", "name", "type"):
        assert after.fields[name] == before.fields[name]
    assert after.id == before.id
    usage = {"input_tokens": 30, "output_tokens": 12}
    assert about(after) == {"state": "done", "model": "fake", "usage": usage}
    assert talk.page.messages == ["fine", WHOLE]
    sent = model.asked[-1]
    assert texts(sent) == ["before", "fine", "tell me", HALF, GO_ON]
    assert alternates(sent)


async def test_an_answer_names_all_models_that_wrote_it(talk: Conversation) -> None:
    await begun(talk, [Piece("over"), Ending("length")], [Piece("the lazy dog."), Ending()])
    assert about((await answers(talk))[-1])["model"] == "fake"
    await talk.go_on()
    assert about((await answers(talk))[-1])["model"] == "fake"
    other = FakeModel([Piece("the lazy dog."), Ending()])
    other.name = "other"
    talk.answered_by(other)
    await talk.go_on()
    assert about((await answers(talk))[-1])["model"] == "fake, other"


async def test_the_page_has_the_text_so_far_at_each_moment(talk: Conversation) -> None:
    await begun(talk, [Piece("over"), Piece(" the"), Ending()])
    talk.page.shown.clear()
    await talk.go_on()
    assert talk.page.shown == [f"{HALF} over", f"{HALF} over the", f"{HALF} over the"]


async def test_the_next_question_has_the_whole_answer(talk: Conversation) -> None:
    model = await begun(talk, [Piece("over the lazy dog."), Ending()])
    await talk.go_on()
    await talk.ask("and then?")
    assert texts(model.asked[-1]) == ["before", "fine", "tell me", WHOLE, "and then?"]


async def test_after_a_reload_it_is_gone_on_with_too(talk: Conversation) -> None:
    await begun(talk, [Piece("over"), Ending()])
    reloaded(talk)
    await talk.go_on()
    assert (await answers(talk))[-1].fields["output"] == f"{HALF} over"
    assert [message.content for message in chat_context.get()] == [f"{HALF} over"]


async def test_what_was_said_of_the_failure_goes(talk: Conversation) -> None:
    await begun(talk, [Piece("over"), Ending()], last=AnswerInterrupted(""))
    assert [error for _, error in await talk.messages()].count(True) == 1
    await talk.go_on()
    await talk.layer.flush(talk.session.thread_id)
    assert [error for _, error in await talk.messages()].count(True) == 0
    assert talk.page.messages == ["fine", f"{HALF} over"]
    assert "broke off" not in str(chat_context.get())


@pytest.mark.parametrize(
    "script",
    [
        [refusal(500, "no")],
        [refusal(400, "content_filter")],
        [Waiting("busy", 1), refusal(500, "no")],
        [Piece("hm", is_thought=True), Ending("length")],
        [Ending("content_filter")],
        [Piece("fox jum"), AnswerInterrupted("")],
    ],
)
async def test_a_failure_before_anything_new_leaves_it_as_it_was(
    talk: Conversation, script: Script
) -> None:
    model = await begun(talk, script, DONE)
    before = (await answers(talk))[-1]
    await talk.go_on()
    after, error = (await answers(talk))[-2:]
    assert after.id == before.id
    assert after.fields == before.fields
    assert error.fields["isError"]
    assert error.fields["parentId"] == before.fields["parentId"]
    assert HALF in talk.page.messages
    await talk.ask("and then?")
    assert "tell me" in texts(model.asked[-1]), "what was answered once is sent again"


async def test_a_failure_after_a_word_keeps_that(talk: Conversation) -> None:
    await begun(talk, [Piece("over"), AnswerInterrupted("")])
    await talk.go_on()
    answer, error = (await answers(talk))[-2:]
    assert answer.fields["output"] == f"{HALF} over"
    assert about(answer)["state"] == "interrupted"
    total = 5 + estimate_tokens(" over")
    assert about(answer)["usage"] == {
        "input_tokens": 10, "output_tokens": total, "estimated": True,
    }  # fmt: skip
    assert error.fields["isError"]


@pytest.mark.parametrize("script", [[Ending()], [Piece("brown fox jumps"), Ending()]])
async def test_a_model_with_nothing_to_add_says_that_it_is_whole(
    talk: Conversation, script: Script
) -> None:
    await begun(talk, script)
    await talk.go_on()
    answer = (await answers(talk))[-1]
    assert answer.fields["output"] == HALF
    assert about(answer)["state"] == "done"


async def test_a_stop_keeps_what_is_new(talk: Conversation) -> None:
    await begun(talk, [Piece("over"), asyncio.Event()])
    turn = asyncio.create_task(talk.go_on())
    await until(lambda: f"{HALF} over" in talk.page.messages, "what is new")
    assert talk.session.current_task
    talk.session.current_task.cancel()
    await turn
    answer = (await answers(talk))[-1]
    assert answer.fields["output"] == f"{HALF} over"
    assert about(answer)["state"] == "stopped"


async def test_a_stop_before_anything_new_leaves_it_as_it_was(talk: Conversation) -> None:
    model = await begun(talk, [asyncio.Event()])
    before = (await answers(talk))[-1]
    turn = asyncio.create_task(talk.go_on())
    await until(lambda: len(model.asked) == 3, "the request")
    assert talk.session.current_task
    talk.session.current_task.cancel()
    await turn
    assert (await answers(talk))[-1] == before


async def test_it_is_stored_on_the_way_once_there_is_something_new(
    talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[Any] = []
    monkeypatch.setattr(reply_module, "CHECKPOINT_S", 0.01)
    hm, more = asyncio.Event(), asyncio.Event()
    await begun(talk, [hm, Piece("hm", is_thought=True), more, Piece("over"), asyncio.Event()])
    monkeypatch.setattr(talk.layer, "checkpoint", stored.append)
    turn = asyncio.create_task(talk.go_on())
    hm.set()
    await until(lambda: stored, "the thoughts")
    more.set()
    await until(lambda: len(stored) > 2, "the answer")
    thoughts, _, answer = stored[:3]
    assert thoughts["type"] == "llm"
    assert answer["output"] == f"{HALF} over"
    assert answer["metadata"]["state"] == "streaming"
    total = 5 + estimate_tokens("hm") + estimate_tokens(" over")
    assert answer["metadata"]["usage"]["output_tokens"] == total
    assert thoughts["parentId"] == answer["parentId"], "below the run of the answer"
    assert talk.session.current_task
    talk.session.current_task.cancel()
    await turn


async def test_what_turns_out_to_be_a_thought_is_taken_back(talk: Conversation) -> None:
    thought = Piece("so, brown fox")
    script: Script = [
        thought,
        Piece(" it was"),
        Rethought(),
        Piece("brown fox jumps over"),
        Ending(),
    ]
    await begun(talk, script)
    await talk.go_on()
    assert talk.page.messages == ["fine", HALF + " over"]
    assert (await answers(talk))[-1].fields["output"] == f"{HALF} over"
    thoughts = [
        step.fields["output"] for step in await talk.steps() if step.fields["type"] == "llm"
    ]
    assert thoughts == [" so, brown fox it was"]


async def test_images_stay_and_more_are_numbered_on(talk: Conversation) -> None:
    image = GeneratedImage("image/png", b"\x89PNG bytes")
    half: Script = [Piece(HALF), image, Ending("length")]
    talk.answered_by(FakeModel(half, [Piece("over"), image, Ending()]))
    await talk.ask("draw")
    await until(lambda: len(talk.page.elements) == 1, "the first image")
    await talk.go_on()
    await until(lambda: len(talk.page.elements) == 2, "the second image")
    await talk.layer.settle(talk.session.thread_id)
    [answer] = await answers(talk)
    thread = await talk.layer.get_thread_record(talk.session.thread_id)
    assert thread
    assert {it.fields["forId"] for it in thread.elements} == {answer.id}
    assert [it.fields["name"] for it in thread.elements] == ["image-1.png", "image-2.png"]


async def test_a_long_answer_is_sent_from_its_end(talk: Conversation) -> None:
    long = "word " * 4_000 + "the end of it"
    model = FakeModel([Piece(long), Ending("length")], [Piece("and on"), Ending()])
    turns = talk.answered_by(model)
    turns.generation = GenerationSettings(system_prompt="Be brief.", answer_tokens=500)
    await talk.ask("tell me")
    await talk.go_on()
    question, part, go_on = texts(model.asked[-1])
    assert (question, go_on) == ("tell me", GO_ON)
    assert long.endswith(part)
    room = model.context_tokens - 500
    assert room - 10 <= sum(estimate_tokens(text) for text in ("Be brief.", question, part, go_on))
    assert (await answers(talk))[-1].fields["output"] == f"{long} and on"


async def test_what_is_too_long_is_asked_with_less(talk: Conversation) -> None:
    too_long = refusal(400, "This model's maximum context length is 512 tokens.")
    model = await begun(talk, [too_long], [too_long], [Piece("over"), Ending()])
    await talk.go_on()
    assert [texts(asked) for asked in model.asked[-2:]] == [
        ["before", "fine", "tell me", HALF, GO_ON],
        ["tell me", HALF, GO_ON],
    ]
    assert (await answers(talk))[-1].fields["output"] == f"{HALF} over"
