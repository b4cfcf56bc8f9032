"""What is told and offered at the answers of a thread."""

import json
from collections.abc import Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.live.exchanges import exchanges, is_answer, is_question
from chat.live.notes import LEASE_S, Note, judged, notes_of
from chat.turn.reply import CHECKPOINT_S, RENEWED
from datalayer.values import REVISION

NOW = 1_800_000_000_000_000
LEASE = int(LEASE_S * 1_000_000)

Step = dict[str, Any]


def step(
    step_id: str, kind: str, parent: str | None, age: int = 10 * LEASE, **metadata: Any
) -> Step:
    return {
        "id": step_id,
        "type": kind,
        "parentId": parent,
        "output": step_id,
        "metadata": metadata,
        REVISION: NOW - age,
    }


def question(number: int = 1, **metadata: Any) -> list[Step]:
    """A question and its run."""
    about = {"siblings": metadata.pop("alternatives")} if "alternatives" in metadata else {}
    return [
        step(f"q{number}", "user_message", None, **metadata),
        step(f"run{number}", "run", f"q{number}", **about),
    ]


def answer(number: int = 1, **metadata: Any) -> Step:
    return step(f"answer{number}", "assistant_message", f"run{number}", **metadata)


def error(number: int = 1) -> Step:
    return {**step(f"error{number}", "assistant_message", f"run{number}"), "isError": True}


def noted(*steps: Step, **more: Any) -> dict[str, Note]:
    return dict(notes_of(steps, now=NOW, **more).by_step)


def test_a_lease_is_renewed_in_time() -> None:
    assert CHECKPOINT_S * RENEWED < LEASE_S / 2


def test_an_answer_that_is_whole_can_be_branched_from_and_the_last_tried_again() -> None:
    steps = [*question(1), answer(1, state="done"), *question(2), answer(2, state="done")]
    assert noted(*steps) == {
        "answer1": Note(state="done", branch=True),
        "answer2": Note(state="done", branch=True, again=True),
    }


@pytest.mark.parametrize(
    ("state", "told", "goes_on"),
    [
        ("done", "done", False),
        ("stopped", "stopped", True),
        ("cut", "cut", True),
        ("withheld", "withheld", False),
        ("interrupted", "interrupted", True),
        ("streaming", "killed", True),
        ("unanswered", "done", False),
        (["odd"], "done", False),
        (None, "done", False),
    ],
)
def test_what_is_told_of_an_ending(state: Any, told: Any, goes_on: bool) -> None:
    last = [*question(), answer(state=state)]
    expected = Note(state=told, branch=True, again=True, go_on=goes_on)
    assert noted(*last) == {"answer1": expected}
    earlier = noted(*last, *question(2), answer(2))
    assert earlier["answer1"] == Note(state=told, branch=True), "only the last can be gone on with"


def test_without_a_word_there_is_nothing_to_go_on_with() -> None:
    picture = {**answer(state="stopped"), "output": " "}
    assert noted(*question(), picture)["answer1"].go_on is False


def test_a_failure_is_where_one_tries_again() -> None:
    assert noted(*question(), error()) == {"error1": Note(state="done", again=True)}
    assert noted(*question(), answer(state="interrupted"), error()) == {
        "answer1": Note(state="interrupted", branch=True, go_on=True),
        "error1": Note(state="done", again=True),
    }


def test_a_question_that_nothing_answers_is_told_where_it_is_the_last() -> None:
    thoughts = step("thoughts", "llm", "run1")
    told = {"q1": Note(state="unanswered", again=True)}
    assert noted(*question()) == noted(*question(), thoughts) == told
    assert noted(*question(), is_running=True) == {}
    assert noted(*question(), *question(2), answer(2)) == {
        "answer2": Note(state="done", branch=True, again=True)
    }


def test_while_something_runs_nothing_is_offered_but_branches() -> None:
    steps = [*question(1), answer(1, state="done"), *question(2)]
    assert noted(*steps, is_running=True) == {"answer1": Note(state="done", branch=True)}
    growing = answer(2, state="streaming")
    for more in ({"is_running": True}, {"growing": {"answer2"}}):
        assert noted(*steps, growing, **cast(Any, more)) == {
            "answer1": Note(state="done", branch=True),
            "answer2": Note(state="running"),
        }


def test_an_answer_that_is_gone_on_with_runs_before_its_first_word() -> None:
    steps = [*question(), answer(state="stopped")]
    assert noted(*steps, is_running=True) == {"answer1": Note(state="running")}


def test_one_that_was_killed_is_told_while_another_runs() -> None:
    steps = [*question(1), answer(1, state="streaming"), *question(2)]
    assert noted(*steps, is_running=True) == {"answer1": Note(state="killed", branch=True)}


def test_what_was_stored_just_now_is_judged_again() -> None:
    steps = [*question(), answer(age=LEASE - 1, state="streaming")]
    found = notes_of(steps, now=NOW)
    assert found.by_step == {"answer1": Note(state="running")}
    assert found.judge_at == NOW + 1
    later = notes_of(steps, now=NOW + 1)
    assert later.by_step["answer1"].state == "killed"
    assert later.judge_at is None
    assert notes_of(steps, now=NOW, growing={"answer1"}).judge_at is None


# Alternatives


def test_alternatives_of_an_answer_are_told_at_its_last_message() -> None:
    runs = ["run0", "run1", "run2"]
    asked = question(alternatives=runs)
    assert noted(*asked, answer())["answer1"].as_json() == {
        "state": "done", "again": True, "goOn": False, "branch": True, "siblings": runs, "index": 1,
    }  # fmt: skip
    found = noted(*asked, answer(state="interrupted"), error())
    assert found["error1"].siblings == runs
    assert "siblings" not in found["answer1"].as_json()


def test_alternatives_of_a_question_are_told_at_it() -> None:
    asked = question(siblings=["q0", "q1"], alternatives=["run1", "run3"])
    found = noted(*asked, answer(), *question(2), answer(2))
    assert found["q1"] == Note(state="done", siblings=["q0", "q1"], index=1)
    assert found["answer1"] == Note(state="done", branch=True, siblings=["run1", "run3"])


def test_alternatives_without_a_message_are_told_at_the_question() -> None:
    asked = question(siblings=["q0", "q1"], alternatives=["run0", "run1"])
    expected = Note(state="unanswered", again=True, siblings=["run0", "run1"], index=1)
    assert noted(*asked) == {"q1": expected}


def test_alternatives_of_what_hangs_on_no_run() -> None:
    steps = [
        step("q1", "user_message", None),
        step("tool", "tool", None, siblings=["tool", "run2"]),
        step("old", "assistant_message", None),
    ]
    assert noted(*steps)["old"].siblings == ["tool", "run2"]


@pytest.mark.parametrize("siblings", [["run1"], ["run0", "run2"], "run1", None, 3])
def test_what_is_no_list_of_alternatives_is_none(siblings: Any) -> None:
    assert noted(*question(alternatives=siblings), answer())["answer1"].siblings == ()


# A thread to be read


def test_a_thread_says_what_is_told() -> None:
    steps = [*question(), answer(state="streaming", icon="x"), error()]
    read = judged({"id": "t", "steps": steps}, now=NOW)
    assert read["steps"][2]["metadata"] == {"state": "killed", "icon": "x"}
    assert [read["steps"][at] for at in (0, 1, 3)] == [*steps[:2], steps[3]]
    assert steps[2]["metadata"]["state"] == "streaming", "the thread itself stays as it is"


# Any thread


@st.composite
def threads(draw: st.DrawFn) -> list[Step]:
    kinds = st.sampled_from(["user_message", "run", "assistant_message", "llm", "error"])
    states = st.sampled_from(
        ["done", "stopped", "cut", "withheld", "interrupted", "streaming", None]
    )
    steps: list[Step] = []
    for number in range(draw(st.integers(0, 12))):
        kind = draw(kinds)
        parents = [None, *(it["id"] for it in steps)]
        parent = None if kind == "user_message" else draw(st.sampled_from(parents))
        made = step(
            f"s{number}",
            "assistant_message" if kind == "error" else kind,
            parent,
            age=draw(st.integers(-LEASE, 3 * LEASE)),
            state=draw(states),
            siblings=draw(st.sampled_from([None, [f"s{number}", "other"]])),
        )
        made["output"] = draw(st.sampled_from(["", "text"]))
        steps.append({**made, "isError": kind == "error"})
    return steps


def growing_of(steps: Sequence[Step]) -> st.SearchStrategy[set[str]]:
    return st.sets(st.sampled_from([it["id"] for it in steps])) if steps else st.just(set())


@given(st.data(), threads(), st.booleans())
def test_of_any_thread(data: st.DataObject, steps: list[Step], is_running: bool) -> None:
    growing = data.draw(growing_of(steps))
    found = notes_of(steps, now=NOW, is_running=is_running, growing=growing)
    notes, by_id = found.by_step, {it["id"]: it for it in steps}
    answers = [it["id"] for it in steps if is_answer(it)]
    running = {key for key, note in notes.items() if note.state == "running"}
    json.dumps(found.as_json())
    assert {key for key in notes if key in answers} == {*answers}, "each answer has a note"
    assert {key for key, note in notes.items() if note.branch} == {*answers} - running
    assert growing & {*answers} <= running
    is_busy = is_running or bool(running)
    again = [key for key, note in notes.items() if note.again]
    has_question = any(map(is_question, steps))
    assert len(again) == (has_question and not is_busy)
    last = exchanges(steps)[-1] if steps else None
    for key in again:
        assert last
        assert last.question
        assert by_id[key] in [last.question, *last.messages]
    for key, note in notes.items():
        assert len(note.siblings) != 1
        if note.state == "killed":
            assert NOW - by_id[key][REVISION] >= LEASE
        if note.go_on:
            assert last
            assert last.answer == by_id[key]
            assert not is_busy
            assert by_id[key]["output"]
        assert (note.state == "unanswered") <= (is_question(by_id[key]) and not is_busy)


@given(threads())
def test_nothing_looks_as_if_it_ran_for_ever(steps: list[Step]) -> None:
    now, rounds = NOW, 0
    while (found := notes_of(steps, now=now)).judge_at is not None:
        assert found.judge_at > now
        now, rounds = found.judge_at, rounds + 1
        assert rounds <= len(steps)
    assert "running" not in {note.state for note in found.by_step.values()}


def test_which_model_wrote_an_answer_is_told_to_readers_too() -> None:
    found = notes_of([*question(), answer(model="small"), *question(2), answer(2)], now=NOW)
    told = [found.by_step[it].as_json().get("model") for it in ("answer1", "answer2")]
    assert told == ["small", None]
    assert found.for_readers().by_step["answer1"] == Note(state="done", model="small")
