"""The exchanges of a thread: each question with what is shown below it. Pure.

Steps are dicts as `KeepchatDataLayer.get_thread` gives them: those that are shown, in their order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Step = Mapping[str, Any]

ERROR = "error"  # the state in the metadata of an error: Chainlit forgets that it is one


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and what belongs to it; without one, what is before the first question."""

    question: Step | None
    steps: list[Step] = field(default_factory=list)

    @property
    def messages(self) -> Sequence[Step]:
        """The answers, and what was said where there is none."""
        return [step for step in self.steps if step.get("type") == "assistant_message"]

    @property
    def answer(self) -> Step | None:
        """The last answer."""
        return next((step for step in reversed(self.messages) if is_answer(step)), None)

    @property
    def failures(self) -> Sequence[str]:
        """The ids of what was said of the last answer, or in its stead, since it failed."""
        after = self.steps[self.steps.index(self.answer) + 1 :] if self.answer else self.steps
        return [step["id"] for step in after if step in self.messages]

    @property
    def roots(self) -> Sequence[str]:
        """The ids of those steps that are below none of the others: mostly one run."""
        ids = {step["id"] for step in self.steps}
        return [step["id"] for step in self.steps if step.get("parentId") not in ids]


def exchanges(steps: Iterable[Step]) -> list[Exchange]:
    """Return a thread's exchanges in order.

    A step belongs to the question that it is below, whatever was asked meanwhile; what is below
    none to the one before it.
    """
    last = Exchange(None)
    found = [last]
    homes: dict[object, Exchange] = {}
    for step in steps:
        if is_question(step):
            home = last = Exchange(step)
            found.append(home)
        else:
            home = homes.get(step.get("parentId"), last)
            home.steps.append(step)
        homes[step["id"]] = home
    return found if found[0].steps else found[1:]


def exchange_of(steps: Iterable[Step], step_id: str) -> Exchange | None:
    """Return the exchange that a step is in, as its question or below it."""
    return next((it for it in exchanges(steps) if step_id in _ids(it)), None)


def required(step: Step | None) -> Step:
    """Return a step that has to be there. Raises `ValueError` where it is not."""
    if step is None:
        message = "The exchange has no question, or no answer to go on with."
        raise ValueError(message)
    return step


def is_question(step: Step) -> bool:
    """Tell whether a step is a question: a message of a person's that hangs on nothing."""
    return step.get("type") == "user_message" and step.get("parentId") is None


def is_answer(step: Step) -> bool:
    """Tell whether a step is an answer, and no word about a failure."""
    is_error = step.get("isError") or metadata_of(step).get("state") == ERROR
    return step.get("type") == "assistant_message" and not is_error


def metadata_of(step: Step) -> Mapping[str, Any]:
    """Return a step's metadata, whatever was written there."""
    metadata = step.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _ids(exchange: Exchange) -> set[str]:
    own = [exchange.question["id"]] if exchange.question else []
    return {*own, *(step["id"] for step in exchange.steps)}
