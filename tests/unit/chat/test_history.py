"""What of a thread goes to the model."""

from typing import Any

from chat.models.tokens import estimate_tokens
from chat.turn.history import PastMessage, before, build, messages_of
from datalayer.fields import STEP_FIELDS
from datalayer.records import StepRecord


def step(kind: str, output: str | None, **more: Any) -> StepRecord:
    fields = dict.fromkeys(STEP_FIELDS) | {"type": kind, "output": output, **more}
    return StepRecord("1", "thread", 1, fields)


def asked(text: str) -> PastMessage:
    return PastMessage("1", "user", text)


def answered(text: str) -> PastMessage:
    return PastMessage("1", "assistant", text)


THREAD = [
    step("user_message", "first question"),
    step("run", ""),
    step("assistant_message", "first answer"),
    step("tool", "a tool's output"),
    step("assistant_message", None),
    step("assistant_message", "The model's server is busy.", isError=True),
]


def test_messages_go_in_order_between_the_prompt_and_the_question() -> None:
    assert build(messages_of(THREAD), "second question", system="Be brief.", budget=1_000) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "first question"},
        {"role": "assistant", "content": "first answer"},
        {"role": "user", "content": "second question"},
    ]


def test_an_empty_prompt_is_no_message() -> None:
    assert build([], "q", system="", budget=100) == [{"role": "user", "content": "q"}]


def test_the_oldest_is_left_out_first() -> None:
    messages = build([asked("a" * 300), answered("b" * 300)], "c", system="", budget=120)
    assert [message["role"] for message in messages] == ["assistant", "user"]


def test_the_history_has_no_gap() -> None:
    earlier = [asked("x"), answered("y" * 900), asked("z")]
    messages = build(earlier, "q", system="", budget=100)
    assert [message.get("content") for message in messages] == ["z", "q"]


def test_the_question_is_whole_even_when_it_is_over_the_budget() -> None:
    question = "q" * 10_000
    assert build(messages_of(THREAD), question, system="s", budget=10)[-1] == {
        "role": "user",
        "content": question,
    }


def test_tokens_are_rather_overestimated() -> None:
    assert estimate_tokens("hello world, how are you today") >= 8
    assert estimate_tokens("你好世界") >= 4


def at(second: int) -> PastMessage:
    return PastMessage(str(second), "user", "x", f"2026-01-02T12:00:0{second}.000000Z")


def test_what_followed_an_edited_question_is_no_history() -> None:
    messages = [at(1), at(2), at(3), at(4)]
    assert before(messages, "3", "2026-01-02T12:00:03Z") == [at(1), at(2)]
    assert before(messages, "5", "2026-01-02T12:00:05Z") == messages
    assert before(messages, "4", None) == [at(1), at(2), at(3)]
