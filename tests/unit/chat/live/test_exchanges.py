"""Which steps of a thread belong to which question."""

from typing import Any

from chat.live.exchanges import exchange_of, exchanges, is_answer


def step(step_id: str, kind: str, parent: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": step_id, "type": kind, "parentId": parent, "output": step_id, **more}


QUESTION = step("q", "user_message")
RUN = step("run", "run", "q")
ANSWER = step("answer", "assistant_message", "run")
ERROR = step("error", "assistant_message", "run", isError=True)


def ids(steps: Any) -> list[list[str]]:
    return [
        [one["id"] for one in ([it.question] if it.question else []) + it.steps]
        for it in exchanges(steps)
    ]


def test_each_question_has_what_follows_it() -> None:
    first = step("hello", "assistant_message")
    steps = [first, QUESTION, RUN, ANSWER, step("q2", "user_message"), step("run2", "run", "q2")]
    assert ids(steps) == [["hello"], ["q", "run", "answer"], ["q2", "run2"]]
    assert ids([]) == []


def test_a_step_belongs_to_the_question_that_it_is_below() -> None:
    """Two pages asked at once."""
    other = [step("q2", "user_message"), step("run2", "run", "q2")]
    bare = step("bare", "tool", "gone")
    steps = [QUESTION, RUN, *other, ANSWER, step("answer2", "assistant_message", "run2"), bare]
    assert ids(steps) == [["q", "run", "answer"], ["q2", "run2", "answer2", "bare"]]


def test_what_somebody_said_in_a_run_is_no_question() -> None:
    assert ids([QUESTION, RUN, step("said", "user_message", "run")]) == [["q", "run", "said"]]


def test_any_step_names_its_exchange() -> None:
    steps = [QUESTION, RUN, ANSWER]
    for each in steps:
        found = exchange_of(steps, each["id"])
        assert found
        assert found.question == QUESTION
    assert exchange_of(steps, "other") is None


def test_the_answer_and_what_was_said_of_it() -> None:
    steps = [
        QUESTION,
        RUN,
        ERROR,
        ANSWER,
        step("late", "llm", "run"),
        {**ERROR, "id": "late error"},
    ]
    [exchange] = exchanges(steps)
    assert exchange.answer == ANSWER
    assert exchange.failures == ["late error"]
    assert [it["id"] for it in exchange.messages] == ["error", "answer", "late error"]
    [without] = exchanges([QUESTION, RUN, ERROR])
    assert without.answer is None
    assert without.failures == ["error"]


def test_an_error_that_was_stored_is_none_of_the_answers() -> None:
    """Chainlit forgets that it is one."""
    assert not is_answer({**ANSWER, "metadata": {"state": "error"}})
    assert is_answer({**ANSWER, "metadata": None})
    assert is_answer({**ANSWER, "metadata": "odd"})


def test_what_stands_alone_is_a_root() -> None:
    [exchange] = exchanges([QUESTION, RUN, ANSWER, step("tool", "tool", "gone")])
    assert exchange.roots == ["run", "tool"]
