"""What is shown of a thread whose questions and answers have alternatives."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalayer.fields import STEP_FIELDS
from datalayer.records import StepRecord
from datalayer.rules.ordering import in_page_order
from datalayer.siblings import Alternatives, Place, belonging, places, shown, to_show, view


def step(step_id: str, kind: str, parent: str | None = None, **fields: Any) -> StepRecord:
    given = {"type": kind, "parentId": parent, **fields}
    return StepRecord(step_id, "thread", 1, {**dict.fromkeys(STEP_FIELDS), **given})


def question(step_id: str, sibling_of: str | None = None, **fields: Any) -> StepRecord:
    metadata = {"sibling_of": sibling_of} if sibling_of else {}
    return step(step_id, "user_message", metadata=metadata, **fields)


def answer(run_id: str, of: str, *, hidden: bool = False) -> list[StepRecord]:
    """A run with a thought and a message."""
    return [
        step(run_id, "run", of, name="on_message", hidden=hidden),
        step(f"{run_id} thought", "llm", run_id, hidden=hidden),
        step(f"{run_id} said", "assistant_message", run_id, hidden=hidden),
    ]


def ids(steps: Iterable[StepRecord]) -> list[str]:
    return [it.id for it in steps]


def changed(steps: Iterable[StepRecord], hidden: Mapping[str, bool]) -> list[StepRecord]:
    return [
        it._replace(fields={**it.fields, "hidden": hidden.get(it.id, it.fields["hidden"])})
        for it in steps
    ]


TWICE = [
    *[question("q1"), *answer("r1", "q1")],
    *[question("q2"), *answer("r2", "q2", hidden=True), *answer("r3", "q2")],
]
EDITED = [
    *[question("q1"), *answer("r1", "q1")],
    *[question("q2", hidden=True), *answer("r2", "q2", hidden=True)],
    *[question("q3", "q2"), *answer("r3", "q3")],
    *[question("q4"), *answer("r4", "q4")],
]


def test_without_alternatives_all_is_shown() -> None:
    steps = [step("hello", "assistant_message"), question("q1"), *answer("r1", "q1")]
    assert view(steps) == (steps, {})
    assert view([]) == ([], {})


def test_of_two_answers_the_one_that_is_not_hidden_is_shown() -> None:
    assert ids(shown(TWICE)) == ids([*TWICE[:5], *answer("r3", "q2")])
    assert view(TWICE).alternatives == {"r3": Alternatives(["r2", "r3"], 1)}
    turned = changed(TWICE, to_show(TWICE, "r2"))
    assert ids(shown(turned)) == ids(TWICE[:8])
    assert view(turned).alternatives == {"r2": Alternatives(["r2", "r3"], 0)}


def test_an_edited_question_has_what_follows_it_as_its_alternative() -> None:
    assert ids(shown(EDITED)) == ids([*EDITED[:4], *EDITED[8:]])
    assert view(EDITED).alternatives == {"q3": Alternatives(["q2", "q3"], 1)}
    turned = changed(EDITED, to_show(EDITED, "q2"))
    assert ids(shown(turned)) == ids([*EDITED[:8], *EDITED[12:]])


def test_a_question_is_shown_with_the_newest_of_its_answers() -> None:
    steps = [*EDITED[:8], *answer("r2b", "q2", hidden=True), *EDITED[8:]]
    found = to_show(steps, "q2")
    assert {name for name, hidden in found.items() if not hidden} == {
        *("q2", "r2b", "r2b thought", "r2b said")
    }
    assert view(changed(steps, found)).alternatives == {
        "q2": Alternatives(["q2", "q3"], 0),
        "r2b": Alternatives(["r2", "r2b"], 1),
    }


def test_showing_an_answer_shows_its_question() -> None:
    turned = changed(EDITED, to_show(EDITED, "r2"))
    assert "r2 said" in ids(shown(turned))
    assert "q3" not in ids(shown(turned))


@pytest.mark.parametrize("hidden", [True, False, None])
def test_the_newest_counts_where_a_crash_left_several_or_none(hidden: bool | None) -> None:
    every = changed(TWICE, dict.fromkeys(ids(TWICE), hidden))  # type: ignore[arg-type]
    assert ids(shown(every)) == ids([*TWICE[:5], *answer("r3", "q2")])
    every = changed(EDITED, dict.fromkeys(ids(EDITED), hidden))  # type: ignore[arg-type]
    assert ids(shown(every)) == ids([*EDITED[:4], *EDITED[8:]])


def test_only_what_changes_is_to_be_written() -> None:
    assert to_show(TWICE, "r3") == {}
    assert to_show(TWICE, "nobody") == {}
    both = changed(TWICE, dict.fromkeys(["r2", "r2 said"], False))
    assert to_show(both, "r3") == {"r2": True, "r2 said": True}


def test_what_an_older_thread_says_under_no_run_is_one_answer() -> None:
    old = [question("q1"), step("a", "assistant_message"), step("tool", "tool", "q1")]
    assert view(old) == (old, {})
    again = [*changed(old, {"a": True, "tool": True}), *answer("r1", "q1")]
    assert ids(shown(again)) == ids([old[0], *answer("r1", "q1")])
    assert view(again).alternatives == {"r1": Alternatives(["a", "r1"], 1)}
    assert belonging(again, "a") == ["a", "tool"]


def test_what_comes_after_a_run_belongs_to_it() -> None:
    steps = [*TWICE[:4], step("late", "assistant_message"), *TWICE[4:]]
    assert view(steps).alternatives.keys() == {"r3"}
    assert belonging(steps, "r1") == ["r1", "r1 thought", "r1 said", "late"]


def test_a_run_with_another_name_is_no_alternative() -> None:
    steps = [question("q1"), step("agent", "run", "q1", name="Agent"), *answer("r1", "q1")]
    assert belonging(steps[:1] + steps[1:2], "agent") == ["agent"]
    steps = [question("q1"), *answer("r1", "q1"), step("agent", "run", "q1", name="Agent")]
    assert view(steps) == (steps, {})


def test_an_attempt_without_anything_below_it_is_no_alternative() -> None:
    bare = step("bare", "run", "q1", name="on_message")
    steps = [question("q1"), bare, *answer("r1", "q1")]
    assert view(steps).alternatives == {}
    assert ids(shown(steps)) == ids([steps[0], *answer("r1", "q1")])
    just_begun = [question("q1"), *answer("r1", "q1", hidden=True), bare]
    assert view(just_begun).alternatives == {"bare": Alternatives(["r1", "bare"], 1)}


def test_what_the_user_says_within_an_answer_belongs_to_it() -> None:
    asked = [step("reply", "user_message", "r2"), step("then", "assistant_message", "r2")]
    steps = [*TWICE[:8], *changed(asked, {"reply": True, "then": True}), *TWICE[8:]]
    assert ids(shown(steps)) == ids(shown(TWICE))
    assert {"reply", "then"} < set(belonging(steps, "r2"))


def test_what_comes_before_all_questions_is_hidden_by_itself() -> None:
    steps = [step("hello", "assistant_message", hidden=True), *TWICE]
    assert ids(shown(steps)) == ids(shown(TWICE))


def test_who_belongs_to_an_alternative() -> None:
    assert belonging(EDITED, "q3") == ids(EDITED[8:12])
    assert belonging(EDITED, "r3") == ids(EDITED[9:12])
    assert belonging(EDITED, "r3 said") == []


def test_the_places_of_alternatives() -> None:
    assert places(TWICE[:4]) == {}
    found = places(TWICE)
    assert found["r2 said"] == Place(1, 2, is_shown=False)
    assert found["r3"] == Place(2, 2, is_shown=True)
    assert "q2" not in found
    found = places([*EDITED[:8], *answer("r2b", "q2", hidden=True), *EDITED[8:]])
    assert found["q2"] == Place(1, 2, is_shown=False)
    assert found["r2b"] == Place(2, 2, is_shown=False)
    assert found["r3"] == Place(2, 2, is_shown=True)


@pytest.mark.parametrize("metadata", [None, {"sibling_of": 3}, {"sibling_of": None}, {"a": 1}])
def test_metadata_of_any_kind(metadata: object) -> None:
    steps = [question("q1"), step("q2", "user_message", metadata=metadata)]
    assert view(steps) == (steps, {})


# Any conversation


@dataclass
class Turn:
    """A question with its answers, each as the ids of its steps."""

    id: str
    group: str
    answers: list[list[str]] = field(default_factory=list)


@dataclass
class Talk:
    """A conversation as it came about, and what the test knows of it."""

    steps: list[StepRecord] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)

    def groups(self) -> list[list[Turn]]:
        found: dict[str, list[Turn]] = {}
        for turn in self.turns:
            found.setdefault(turn.group, []).append(turn)
        return list(found.values())

    def firsts(self) -> list[str]:
        return [name for turn in self.turns for name in (turn.id, *(it[0] for it in turn.answers))]


@st.composite
def talks(draw: st.DrawFn) -> Talk:
    """Questions, edited ones, and answers to any of them, with any flags."""
    talk, numbers = Talk(), count()
    flags: st.SearchStrategy[bool | None] = draw(
        st.sampled_from([st.none(), st.sampled_from([None, False, True])])
    )

    def add(kind: str, parent: str | None = None, **fields: Any) -> str:
        name = f"{kind} {next(numbers)}"
        talk.steps.append(step(name, kind, parent, hidden=draw(flags), **fields))
        return name

    for _ in range(draw(st.integers(0, 12))):
        what = draw(st.sampled_from(["question", "edit", "answer", "answer"]))
        if what == "question" or not talk.turns:
            name = add("user_message")
            talk.turns.append(Turn(name, name))
            if draw(st.booleans()):  # of an older thread
                talk.turns[-1].answers.append([add("assistant_message"), add("tool")])
        elif what == "edit":
            of = draw(st.sampled_from(talk.turns)).group
            talk.turns.append(Turn(add("user_message", metadata={"sibling_of": of}), of))
        else:
            turn = draw(st.sampled_from(talk.turns))
            run = add("run", turn.id, name="on_message")
            turn.answers.append([run, *(add("tool", run) for _ in range(draw(st.integers(1, 3))))])
    return talk


def expected(talk: Talk) -> set[str]:
    """What is shown, told another way."""
    hidden = {it.id for it in talk.steps if it.fields["hidden"]}

    def chosen(names: Sequence[str]) -> str:
        return [name for name in names if name not in hidden or hidden >= set(names)][-1]

    found: set[str] = set()
    for group in talk.groups():
        name = chosen([turn.id for turn in group])
        [turn] = [turn for turn in group if turn.id == name]
        found.add(name)
        if turn.answers:
            first = chosen([it[0] for it in turn.answers])
            found.update(*(it for it in turn.answers if it[0] == first))
    return found


@given(talks())
def test_one_alternative_of_each_is_shown_whole(talk: Talk) -> None:
    steps = in_page_order(talk.steps)
    found = view(steps)
    wanted = expected(talk)
    assert list(found.steps) == [it for it in steps if it.id in wanted]
    for name, alternatives in found.alternatives.items():
        others = {*alternatives.ids} - {name}
        assert alternatives.ids[alternatives.index] == name
        assert name in wanted
        assert others
        assert not wanted & others


@given(talks(), st.data())
def test_what_is_to_be_shown_is_shown_and_hidden_is_what_is_not(
    talk: Talk, data: st.DataObject
) -> None:
    if not talk.turns:
        return
    wanted = data.draw(st.sampled_from(talk.firsts()))
    [group] = [
        group
        for group in talk.groups()
        if any(wanted in (it.id, *(a[0] for a in it.answers)) for it in group)
    ]
    writes = to_show(talk.steps, wanted)
    after = changed(talk.steps, writes)
    assert wanted in ids(shown(after))
    assert to_show(after, wanted) == {}
    own = {name for turn in group for name in (turn.id, *(n for a in turn.answers for n in a))}
    assert writes.keys() <= own
    visible = set(ids(shown(after)))
    for it in after:  # as the search has it
        if it.id in own:
            assert bool(it.fields["hidden"]) == (it.id not in visible)


@given(talks())
def test_places_are_told_of_alternatives_alone(talk: Talk) -> None:
    found, visible = places(talk.steps), set(ids(shown(talk.steps)))
    for name, place in found.items():
        assert place.is_shown == (name in visible)
        assert 1 <= place.number <= place.count
    assert {it.id for it in talk.steps} - visible <= found.keys()
