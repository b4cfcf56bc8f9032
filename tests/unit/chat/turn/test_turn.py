"""A turn from the question to what is stored: failures, refusals, waits and images."""

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from chat.models.base import (
    AnswerInterrupted,
    Ending,
    GeneratedImage,
    NoChatAPI,
    Piece,
    Rethought,
    ServerBusy,
    Waiting,
)
from chat.turn import durability
from chat.turn import waiting as waiting_module
from chat.wording.unavailable import FILES_LATE
from datalayer.errors import StoreUnavailable
from tests.support.conversation import Conversation, conversation
from tests.support.models import FakeModel, Script
from tests.support.servers.replies import alternates
from tests.support.waiting import until

REQUEST = httpx2.Request("POST", "http://localhost/v1/chat/completions")
DONE: Script = [Piece("fine"), Ending()]


def refusal(status: int, message: str) -> openai.APIStatusError:
    kind = openai.BadRequestError if status == 400 else openai.APIStatusError
    return kind(message, response=httpx2.Response(status, request=REQUEST), body=None)


def texts(messages: list[Any]) -> list[str]:
    return [str(message["content"]) for message in messages if message["role"] != "system"]


def picture(folder: Path, name: str = "a.png") -> Path:
    path = folder / name
    path.write_bytes(b"picture")
    return path


# What is asked


async def test_a_question_that_failed_is_asked_with_the_next(talk: Conversation) -> None:
    model = FakeModel([refusal(500, "no")], [Piece("half"), AnswerInterrupted("")], DONE)
    talk.answered_by(model)
    for question in ("one", "two", "three"):
        await talk.ask(question)
    assert texts(model.asked[1]) == ["one\n\ntwo"]
    assert texts(model.asked[2]) == ["one\n\ntwo", "half", "three"]
    assert all(alternates(asked) for asked in model.asked)
    assert [error for _, error in await talk.messages()].count(True) == 2


@pytest.mark.parametrize(
    ("failure", "attempts"),
    [
        ([refusal(400, "content_filter")], 1),
        ([refusal(403, "flagged by moderation")], 1),
        ([refusal(400, "no")], 1),
        ([refusal(400, "maximum context length is 8 tokens")], 3),
        ([refusal(413, "Payload Too Large")], 3),
        ([Ending("content_filter")], 1),
        ([Piece("hm", is_thought=True), Ending("content_filter")], 1),
    ],
)
@pytest.mark.parametrize("is_away", [False, True])
async def test_what_was_refused_is_not_sent_again(
    talk: Conversation,
    monkeypatch: pytest.MonkeyPatch,
    failure: Script,
    attempts: int,
    is_away: bool,
) -> None:
    model = FakeModel(DONE, *[failure] * attempts)
    talk.answered_by(model)
    await talk.ask("good")
    await talk.ask("bad")
    if is_away:
        _take_away(talk, monkeypatch)
    await talk.ask("better")
    assert texts(model.asked[-1]) == ["good", "fine", "better"]


def _take_away(talk: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_: str) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(talk.layer, "get_thread_record", away)


async def test_what_was_asked_in_vain_before_is_refused_with_it(talk: Conversation) -> None:
    model = FakeModel([refusal(500, "no")], [refusal(400, "content_filter")], DONE)
    talk.answered_by(model)
    for question in ("bad", "and?", "good"):
        await talk.ask(question)
    assert texts(model.asked[1]) == ["bad\n\nand?"]
    assert texts(model.asked[2]) == ["good"]


async def test_an_edited_question_is_sent_anew(talk: Conversation) -> None:
    model = FakeModel([refusal(400, "content_filter")], DONE, DONE)
    talk.answered_by(model)
    question = await talk.ask("bad")
    await talk.edit(question, "good")
    await talk.ask("more")
    assert texts(model.asked[1]) == ["good"]
    assert texts(model.asked[2]) == ["good", "fine", "more"]


async def test_a_history_that_is_refused_is_left_behind(talk: Conversation) -> None:
    """What was answered once may be refused by another model, or by new rules."""
    refused = refusal(400, "content_filter")
    model = FakeModel(DONE, [refused], [refused], DONE, DONE)
    talk.answered_by(model)
    for question in ("fated", "one", "two", "three"):
        await talk.ask(question)
    assert [texts(asked) for asked in model.asked] == [
        ["fated"],
        ["fated", "fine", "one"],
        ["fated", "fine", "two"],
        ["two"],
        ["two", "fine", "three"],
    ]


async def test_a_history_that_is_too_long_is_shortened(talk: Conversation) -> None:
    too_long = refusal(400, "This model's maximum context length is 512 tokens.")
    model = FakeModel(DONE, DONE, [too_long], [too_long], DONE)
    talk.answered_by(model)
    for question in ("a" * 2_000, "b" * 900, "c"):
        await talk.ask(question)
    assert [texts(asked)[0][0] for asked in model.asked[2:]] == ["a", "b", "c"]
    assert not any(error for _, error in await talk.messages())


# Images


async def test_a_model_that_takes_no_images_is_asked_without(
    talk: Conversation, tmp_path: Path
) -> None:
    model = FakeModel([refusal(400, "image_url is not supported by this model")], DONE, DONE)
    talk.answered_by(model)
    await talk.ask("look", picture(tmp_path))
    assert not model.sees_images
    assert [_has_image(asked) for asked in model.asked] == [True, False]
    assert "cannot see images" in talk.page.toasts[0]
    await talk.ask("look again", picture(tmp_path))
    assert len(model.asked) == 3


async def test_one_bad_image_is_left_out_for_good_and_others_are_sent(
    talk: Conversation, tmp_path: Path
) -> None:
    bad = refusal(400, "Could not process image: unsupported format")
    model = FakeModel([bad], DONE, DONE, DONE)
    talk.answered_by(model)
    await talk.ask("look", picture(tmp_path))
    assert model.sees_images
    assert [_has_image(asked) for asked in model.asked] == [True, False]
    assert "does not take this image" in talk.page.toasts[0]
    await talk.ask("and now?")
    await talk.ask("another", picture(tmp_path, "b.png"))
    assert [_has_image(asked) for asked in model.asked[2:]] == [False, True]
    assert str(model.asked[-1]).count("image_url'") == 2, "type and content of the new one alone"


def _has_image(messages: list[Any]) -> bool:
    return "'image_url'" in str(messages)


async def test_an_image_of_the_model_is_shown_and_stored(talk: Conversation) -> None:
    image = GeneratedImage("image/png", b"\x89PNG bytes")
    model = FakeModel([image, Ending()], [Piece("Here: "), image, Piece("!"), Ending()], DONE)
    talk.answered_by(model)
    await talk.ask("draw")
    await talk.ask("and again")
    await talk.ask("thanks")
    assert [text for text, _ in await talk.messages()] == [
        "draw", "", "and again", "Here: !", "thanks", "fine",
    ]  # fmt: skip
    steps = await talk.steps()
    await until(lambda: len(talk.page.elements) == 2, "the images in the page")
    thread = await talk.layer.get_thread_record(talk.session.thread_id)
    assert thread
    answers = [s.id for s in steps if s.fields["type"] == "assistant_message"][:2]
    assert sorted(str(it.fields["forId"]) for it in thread.elements) == sorted(answers)
    assert {it.fields["mime"] for it in thread.elements} == {"image/png"}
    assert {it.fields["name"] for it in thread.elements} == {"image-1.png"}
    assert texts(model.asked[-1]) == ["draw", "[an image]", "and again", "Here: !", "thanks"]


async def test_what_turns_out_to_be_a_thought_is_taken_back(talk: Conversation) -> None:
    script: Script = [Piece("so, "), Piece("hm"), Rethought(), Piece("fine"), Ending()]
    talk.answered_by(FakeModel(script))
    await talk.ask("hello")
    assert talk.page.messages == ["fine"]
    assert await talk.messages() == [("hello", False), ("fine", False)]
    thoughts = [step for step in await talk.steps() if step.fields["type"] == "llm"]
    assert [step.fields["output"] for step in thoughts] == ["so, hm"]


# Waiting


async def test_a_wait_is_shown_counted_down_and_leaves_nothing(
    talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_module, "TICK_S", 0.01)
    asked_again = asyncio.Event()
    model = FakeModel(
        [Waiting("busy", 3), asked_again, Waiting("loading"), Piece("fine"), Ending()]
    )
    talk.answered_by(model)
    turn = asyncio.create_task(talk.ask("hello"))
    await until(lambda: any("again in 3 s" in text for text in talk.page.shown), "the wait")
    asked_again.set()
    await turn
    assert talk.page.messages[-1:] == ["fine"]
    assert not [text for text in talk.page.messages if "busy" in text or "loaded" in text]
    assert await talk.messages() == [("hello", False), ("fine", False)]


@pytest.mark.slow
async def test_seconds_are_counted_down_to_none(
    talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_module, "TICK_S", 0.02)
    model = FakeModel([Waiting("busy", 1.05), asyncio.Event()])
    turns = talk.answered_by(model)
    turn = asyncio.create_task(talk.ask("hello"))
    await until(lambda: any("again now" in text for text in talk.page.shown), "the end of it")
    waits = [text for text in dict.fromkeys(talk.page.shown) if "busy" in text]
    assert [text.split("again ")[1] for text in waits] == ["in 2 s.*", "in 1 s.*", "now.*"]
    turn.cancel()
    await asyncio.gather(turn, return_exceptions=True)
    await turns.close()


@pytest.mark.parametrize("kind", ["stopped", "failed"])
async def test_a_wait_ends_with_the_turn(talk: Conversation, kind: str) -> None:
    failing = asyncio.Event()
    model = FakeModel([Waiting("busy", 50), failing, ServerBusy(600)])
    turns = talk.answered_by(model)
    turn = asyncio.create_task(talk.ask("hello"))
    await until(lambda: any("again in 50 s" in text for text in talk.page.shown), "the wait")
    if kind == "stopped":
        turn.cancel()
    else:
        failing.set()
    await asyncio.gather(turn, return_exceptions=True)
    assert not [text for text in talk.page.messages if "again in" in text]
    expected = [] if kind == "stopped" else ["10 minutes"]
    told = [text for text, error in await talk.messages() if error]
    assert [words for words in expected if words in str(told)] == expected
    assert len(told) == len(expected)
    assert model.ended == 1
    await turns.close()
    # Nothing of it goes on.
    assert asyncio.all_tasks() - {asyncio.current_task()} == _background(talk)


def _background(talk: Conversation) -> set[Any]:
    """What the data layer does by itself."""
    return {
        task
        for task in asyncio.all_tasks()
        if task is not asyncio.current_task() and "datalayer" in repr(task.get_coro())
    }


async def test_chinese_is_spoken_where_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with conversation(tmp_path, monkeypatch, "zh-CN,zh;q=0.9") as talk:
        talk.answered_by(FakeModel([Waiting("slow"), refusal(503, "no")]))
        await talk.ask("你好")
        assert any("模型还没有回应" in text for text in talk.page.shown)
        assert talk.page.messages[-1:] == ["模型服务器出现故障。请稍后再试。"]


# The files of a question


async def test_an_answer_is_shown_once_the_files_of_its_question_are_kept(
    talk: Conversation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept, waited_for = asyncio.Event(), list[str]()

    async def flush_files(_thread_id: str, ids: Iterable[str]) -> None:
        waited_for.extend(ids)
        await kept.wait()

    monkeypatch.setattr(talk.layer, "flush_files", flush_files)
    talk.answered_by(model := FakeModel(DONE))
    question = await talk.asked("hello", picture(tmp_path))
    turn = asyncio.create_task(talk._answer(question))
    await until(lambda: waited_for and model.asked, "the wait")
    assert waited_for == [element.id for element in question.elements]
    assert "fine" not in talk.page.messages
    kept.set()
    await turn
    assert talk.page.messages[-1:] == ["fine"]


async def test_files_that_nobody_keeps_are_not_waited_for_without_end(
    talk: Conversation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def flush_files(_thread_id: str, _: Iterable[str]) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(durability, "DEADLINE_S", 0.01)
    monkeypatch.setattr(talk.layer, "flush_files", flush_files)
    talk.answered_by(FakeModel(DONE))
    await talk.ask("hello", picture(tmp_path))
    assert talk.page.messages[-1:] == ["fine"]
    assert talk.page.toasts == [FILES_LATE.en]


# What is said


@pytest.mark.parametrize("is_operator", [True, False])
async def test_who_can_mend_it_reads_how_and_the_log_has_it_in_any_case(
    talk: Conversation, caplog: pytest.LogCaptureFixture, is_operator: bool
) -> None:
    talk.answered_by(FakeModel([NoChatAPI("an HTML page")]), users_are_operators=is_operator)
    with caplog.at_level(logging.WARNING, logger="chat.turn.turn"):
        await talk.ask("hello")
    [(said, _)] = [message for message in await talk.messages() if message[1]]
    assert ("OPENAI_BASE_URL" in said) is is_operator
    assert ("whoever runs this chat" in said) is not is_operator
    [line] = [record.getMessage() for record in caplog.records]
    assert talk.session.thread_id in line
    assert "OPENAI_BASE_URL" in line
    assert "NoChatAPI: an HTML page" in line
    assert "\n" not in line
    assert not caplog.records[0].exc_info


async def test_a_defect_is_logged_with_where_it_is(
    talk: Conversation, caplog: pytest.LogCaptureFixture
) -> None:
    talk.answered_by(FakeModel([RuntimeError("a defect")]))
    await talk.ask("hello")
    assert caplog.records[-1].exc_info


async def test_an_answer_without_a_word_is_explained(talk: Conversation) -> None:
    talk.answered_by(FakeModel([Ending()]))
    await talk.ask("hello")
    assert "empty answer" in talk.page.messages[-1]


# Titles


async def test_a_title_waits_until_nobody_waits_for_a_first_word(talk: Conversation) -> None:
    model = FakeModel(DONE, title=lambda: "**Title:** Rare birds")
    turns = talk.answered_by(model, titles=True)
    second = asyncio.create_task(_elsewhere(turns))
    await asyncio.sleep(0)
    await talk.ask("which birds?")
    assert turns._crowd._expected == 1
    assert not model.titles_asked
    second.cancel()
    await until(lambda: model.titles_asked, "the title")
    await asyncio.gather(second, return_exceptions=True)
    await until(lambda: talk.page.named == ["Rare birds"], "the title in the page")


async def _elsewhere(turns: Any) -> None:
    with turns._crowd.answer():
        await asyncio.Event().wait()
