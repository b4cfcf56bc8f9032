"""Which steps of a thread are shown, where questions and answers have alternatives. Pure.

A question is a message of the user's that hangs on nothing. Its *answers* are alternatives of each
other: each run `on_message` of it, with all below that. What belongs to the question and is under
no such run belongs to the answer before it; before the first run it is an answer by itself, named
by its first step. Questions whose metadata have the same `sibling_of`, the id of the first of them,
are alternatives too, each with all of its answers; what hangs on nothing belongs to the question
before it.

Hidden is an alternative whose first step is. The newest counts of several that are not, and where
all are, so that what a crash left shows one. A run without anything below it that is not the newest
has nothing to show and is none.

Steps are those of a `ThreadRecord`, in its order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

from datalayer.records import StepRecord

HIDDEN = "hidden"  # the field of a step
SIBLING_OF = "sibling_of"  # in a question's metadata


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Alternatives by the ids of their first steps, oldest first; `index` is of the one shown."""

    ids: Sequence[str]
    index: int


@dataclass(frozen=True, slots=True)
class Place:
    """That a step is in the alternative with this number, from 1, of so many."""

    number: int
    count: int
    is_shown: bool


class View(NamedTuple):
    """The steps that are shown, and those among them that have alternatives, by their ids."""

    steps: Sequence[StepRecord]
    alternatives: Mapping[str, Alternatives]


class _Alternative(Protocol):
    @property
    def first(self) -> StepRecord: ...
    @property
    def steps(self) -> list[StepRecord]: ...


T = TypeVar("T", bound=_Alternative)


@dataclass(frozen=True, slots=True)
class _Answer:
    first: StepRecord
    steps: list[StepRecord] = field(default_factory=list)

    @property
    def is_bare(self) -> bool:
        """Whether it is a run with nothing below."""
        return len(self.steps) == 1 and self.first.fields.get("type") == "run"


@dataclass(frozen=True, slots=True)
class _Question:
    first: StepRecord
    answers: list[_Answer] = field(default_factory=list)

    @property
    def steps(self) -> list[StepRecord]:
        return [self.first, *(step for answer in self.answers for step in answer.steps)]

    @property
    def alternatives(self) -> list[_Answer]:
        """The answers of which there is something to show, and the newest."""
        if len(self.answers) < 2:
            return self.answers
        return [it for it in self.answers[:-1] if not it.is_bare] + self.answers[-1:]

    def answer_of(self, step: StepRecord) -> _Answer:
        """Return the answer that a step belongs to which hangs on none."""
        fields = step.fields
        is_run = fields.get("name") == "on_message" and fields.get("type") == "run"
        if not self.answers or (is_run and fields.get("parentId") == self.first.id):
            self.answers.append(_Answer(step))
        return self.answers[-1]


def group_of(question_id: str, metadata: object) -> str:
    """Return what a question has in common with its alternatives: the id of the first of them."""
    found = metadata.get(SIBLING_OF) if isinstance(metadata, Mapping) else None
    return found if isinstance(found, str) else question_id


def shown(steps: Iterable[StepRecord]) -> Sequence[StepRecord]:
    """Return the steps that are shown."""
    return view(steps).steps


def view(steps: Iterable[StepRecord]) -> View:
    """Return the steps that are shown, and which alternatives these have."""
    given = list(steps)
    if _is_linear(given):
        return View(given, {})
    groups, free = _read(given)
    left_out = {step.id for step in free if step.fields.get(HIDDEN)}
    alternatives: dict[str, Alternatives] = {}
    for questions in groups:
        question = _note(questions, alternatives)
        others = [it for it in questions if it is not question]
        left_out.update(step.id for other in others for step in other.steps)
        if question.answers:
            answer = _note(question.alternatives, alternatives)
            rest = [it for it in question.answers if it is not answer]
            left_out.update(step.id for other in rest for step in other.steps)
    kept = [step for step in given if step.id not in left_out] if left_out else given
    return View(kept, alternatives)


def to_show(steps: Iterable[StepRecord], first_id: str) -> dict[str, bool]:
    """Return what `hidden` is to become for which steps, so that this alternative is shown.

    That is only what changes, and nothing where there is no such alternative. Of a question the
    answer is shown that was, or the newest.
    """
    for questions in _read(steps)[0]:
        for question in questions:
            named = [it for it in question.answers if it.first.id == first_id]
            if named or question.first.id == first_id:
                answers = named or [_chosen(it) for it in [question.alternatives] if it]
                return _changes(questions, question, answers)
    return {}


def belonging(steps: Iterable[StepRecord], first_id: str) -> list[str]:
    """Return the ids of all steps of an alternative, named by its first step; none for no such."""
    for questions in _read(steps)[0]:
        for question in questions:
            alternatives: list[_Alternative] = [question, *question.answers]
            for found in alternatives:
                if found.first.id == first_id:
                    return [step.id for step in found.steps]
    return []


def places(steps: Iterable[StepRecord]) -> dict[str, Place]:
    """Return the place of each step that is in one of several alternatives; answers' come first."""
    found: dict[str, Place] = {}
    for questions in _read(steps)[0]:
        shown_question = _chosen(questions)
        for number, question in enumerate(questions, 1):
            is_shown = question is shown_question
            if len(questions) > 1:
                place = Place(number, len(questions), is_shown)
                found |= {step.id: place for step in question.steps}
            found |= _answer_places(question.alternatives, is_shown=is_shown)
    return found


def _answer_places(answers: Sequence[_Answer], *, is_shown: bool) -> dict[str, Place]:
    if len(answers) < 2:
        return {}
    chosen = _chosen(answers)
    return {
        step.id: Place(number, len(answers), is_shown and answer is chosen)
        for number, answer in enumerate(answers, 1)
        for step in answer.steps
    }


def _is_linear(steps: Iterable[StepRecord]) -> bool:
    """Tell quickly, of most threads, that nothing in them has alternatives or is hidden.

    False also where that is not to be seen at once.
    """
    before = ""
    for step in steps:
        fields = step.fields
        kind = fields.get("type")
        if fields.get(HIDDEN) or (kind == "run" and fields.get("parentId") != before):
            return False  # the first answer begins right after its question, none other does
        metadata = fields.get("metadata")
        if metadata and kind == "user_message" and group_of(step.id, metadata) != step.id:
            return False
        before = step.id
    return True


def _read(steps: Iterable[StepRecord]) -> tuple[list[list[_Question]], list[StepRecord]]:
    """Return the questions by their groups, and the steps that belong to none."""
    groups: dict[str, list[_Question]] = {}
    free: list[StepRecord] = []
    homes: dict[object, tuple[_Question | None, _Answer | None]] = {}
    last: _Question | None = None
    for step in steps:
        fields = step.fields
        question, answer = homes.get(fields.get("parentId"), (last, None))
        if fields.get("parentId") is None and fields.get("type") == "user_message":
            question = last = _Question(step)
            group = group_of(step.id, fields.get("metadata"))
            groups.setdefault(group, []).append(question)
        elif question is None:
            free.append(step)
        else:
            answer = answer or question.answer_of(step)
            answer.steps.append(step)
        homes[step.id] = question, answer
    return list(groups.values()), free


def _chosen(alternatives: Sequence[T]) -> T:
    """Return the one that is shown."""
    visible = [it for it in alternatives if not it.first.fields.get(HIDDEN)]
    return (visible or alternatives)[-1]


def _note(alternatives: Sequence[T], noted: dict[str, Alternatives]) -> T:
    """Return the one that is shown, and note the others with it."""
    if len(alternatives) == 1:
        return alternatives[0]
    chosen = _chosen(alternatives)
    ids = [it.first.id for it in alternatives]
    noted[chosen.first.id] = Alternatives(ids, ids.index(chosen.first.id))
    return chosen


def _changes(
    questions: Iterable[_Question], question: _Question, answers: Iterable[_Answer]
) -> dict[str, bool]:
    wanted = {question.first.id, *(step.id for answer in answers for step in answer.steps)}
    return {
        step.id: step.id not in wanted
        for each in questions
        for step in each.steps
        if bool(step.fields.get(HIDDEN)) != (step.id not in wanted)
    }
