"""What is told and offered at the answers of a thread: how each ended, and what can be done. Pure.

Steps are dicts as `KeepchatDataLayer.get_thread` gives them: those that are shown, in their order,
each with its `REVISION`; `metadata.siblings` of the first step of an alternative has the ids of all
alternatives, its own among them.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, get_args

from chat.live.exchanges import Exchange, Step, exchanges, is_answer, metadata_of
from chat.wording.endings import Ended, State
from datalayer.values import REVISION

Growing = Callable[[str], Container[str]]
"""Tells the ids of the steps of a thread that are known to be written."""

LEASE_S: Final = 5.0
"""An answer that is being written is stored more often than this, also when there is no news."""


def nothing_grows(_thread_id: str) -> Container[str]:
    """Say that nothing of a thread is known to be written."""
    return ()


_LEASE: Final = int(LEASE_S * 1_000_000)
_ENDED: Mapping[str, Ended] = {state: state for state in get_args(Ended)}
_TO_GO_ON: frozenset[State] = frozenset({"stopped", "cut", "interrupted", "killed"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What is told at a step, and what is offered there."""

    state: State
    model: str = ""
    """Which model wrote an answer, where that is known."""
    again: bool = False
    """Whether its question can be answered once more."""
    go_on: bool = False
    """Whether the answer can be gone on with."""
    branch: bool = False
    """Whether a new thread can be made of all up to here."""
    siblings: Sequence[str] = ()
    """The first steps of all alternatives, two at least; empty where there are none."""
    index: int = 0
    """Which of them this is in."""

    def as_json(self) -> dict[str, Any]:
        """Return it as the page takes it."""
        note = {"state": self.state, "again": self.again, "goOn": self.go_on, "branch": self.branch}
        place = {"siblings": [*self.siblings], "index": self.index}
        by = {"model": self.model} if self.model else {}
        return {**note, **by, **(place if self.siblings else {})}


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes of a thread by the ids of the steps that they stand at."""

    by_step: Mapping[str, Note]
    judge_at: int | None = None
    """When to look again, in microseconds of UTC: an answer may have been left by then."""

    def for_readers(self) -> "Notes":
        """Return them as those have them who may do nothing: how each answer ended, and by whom."""
        return replace(
            self,
            by_step={
                it: Note(state=note.state, model=note.model) for it, note in self.by_step.items()
            },
        )

    def as_json(self) -> dict[str, Any]:
        """Return them as the page takes them."""
        return {step_id: note.as_json() for step_id, note in self.by_step.items()}


def notes_of(
    steps: Sequence[Step], *, now: int, is_running: bool = False, growing: Container[str] = ()
) -> Notes:
    """Return the notes of a thread at a time, in microseconds of UTC.

    `is_running`: its last question is being answered, or the answer gone on with, here or
    elsewhere. `growing` are ids of answers that are known to be written now, wherever they stand.
    """
    found = exchanges(steps)
    answers = [step for exchange in found for step in exchange.steps if is_answer(step)]
    known = {step["id"] for step in answers if step["id"] in growing}
    if is_running and found and found[-1].answer:
        known.add(found[-1].answer["id"])
    states = {it["id"]: "running" if it["id"] in known else _ended(it, now) for it in answers}
    leased = [it for it in answers if states[it["id"]] == "running" and it["id"] not in known]
    is_busy = is_running or "running" in states.values()
    return Notes(
        _noted(found, answers, states, is_busy=is_busy),
        min((_revision(step) + _LEASE for step in leased), default=None),
    )


def judged(thread: Mapping[str, Any], *, now: int, growing: Container[str] = ()) -> dict[str, Any]:
    """Return a thread whose answers say in `metadata.state` how they ended, as of this time.

    `now` is in microseconds of UTC; `growing` are ids of answers that are known to be written on.
    What others write is known by its last checkpoint.
    """
    notes = notes_of(thread["steps"], now=now, growing=growing).by_step
    return {**thread, "steps": [_judged(step, notes) for step in thread["steps"]]}


def _judged(step: Step, notes: Mapping[str, Note]) -> Step:
    note = notes.get(step["id"])
    if note is None or not is_answer(step):
        return step
    return {**step, "metadata": {**metadata_of(step), "state": note.state}}


def _ended(step: Step, now: int) -> State:
    """Return how an answer ended, as far as its row tells."""
    state = metadata_of(step).get("state")
    if state == "streaming":
        return "killed" if now - _revision(step) >= _LEASE else "running"
    return _ENDED.get(str(state), "done")


def _revision(step: Step) -> int:
    revision = step.get(REVISION)
    return revision if isinstance(revision, int) else 0


def _noted(
    found: Sequence[Exchange],
    answers: Sequence[Step],
    states: Mapping[str, State],
    *,
    is_busy: bool,
) -> Mapping[str, Note]:
    notes = {answer["id"]: _note(answer, states[answer["id"]]) for answer in answers}
    for exchange in found:
        _note_siblings(exchange, notes)
    if found and not is_busy:
        _offer(found[-1], notes)
    return notes


def _note(answer: Step, state: State) -> Note:
    model = metadata_of(answer).get("model")
    return Note(
        state=state, model=model if isinstance(model, str) else "", branch=state != "running"
    )


def _note_siblings(exchange: Exchange, notes: dict[str, Note]) -> None:
    """Note a question's alternatives at it, an answer's at the last message of the one shown.

    Where that has no message they are noted at the question, in place of the question's own.
    """
    question = exchange.question
    first = next(filter(_siblings, exchange.steps), None)
    last = exchange.messages[-1] if exchange.messages else question
    for place, named in ((question, question), (last, first)):
        if place and named and _siblings(named):
            ids = _siblings(named)
            note = notes.get(place["id"], Note(state="done"))
            index = ids.index(named["id"])
            notes[place["id"]] = replace(note, siblings=ids, index=index)


def _siblings(step: Step) -> Sequence[str]:
    ids = metadata_of(step).get("siblings")
    is_place = isinstance(ids, list) and len(ids) > 1 and step["id"] in ids
    return ids if isinstance(ids, list) and is_place else ()


def _offer(last: Exchange, notes: dict[str, Note]) -> None:
    """Offer what can be done with the last exchange, at its last message or at its question."""
    if last.question is None:
        return
    if (answer := last.answer) and _can_go_on(answer, notes[answer["id"]]):
        notes[answer["id"]] = replace(notes[answer["id"]], go_on=True)
    place = (last.messages or [last.question])[-1]["id"]
    note = replace(notes.get(place, Note(state="done")), again=True)
    notes[place] = note if last.messages else replace(note, state="unanswered")


def _can_go_on(answer: Step, note: Note) -> bool:
    return note.state in _TO_GO_ON and bool(str(answer.get("output") or "").strip())
