"""What of a stored thread goes to the model. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from openai.types.chat import ChatCompletionMessageParam

from chat.attachments.blocks import Attached, Fitted, content
from chat.models.tokens import estimate_tokens as estimate_tokens
from datalayer.values import clean_time

_ROLES = {"user_message": "user", "assistant_message": "assistant"}


def before(
    steps: Iterable[Mapping[str, Any]], question_id: str, asked_at: str | None
) -> list[Mapping[str, Any]]:
    """Return the steps that were there when a question was asked.

    An edited question keeps its time; what followed it may still be on its way out of the store.
    """
    moment = clean_time(asked_at)
    return [
        step
        for step in steps
        if step["id"] != question_id and (moment is None or step["createdAt"] < moment)
    ]


def build(
    steps: Iterable[Mapping[str, Any]],
    question: str,
    *,
    system: str,
    budget: int,
    attached: Attached = Attached(),  # noqa: B008 - frozen
) -> list[ChatCompletionMessageParam]:
    """Return the system prompt, as much of the newest history as the budget holds, the question.

    `budget` is in tokens. The system prompt and the question are always whole; the files of
    earlier messages are cut to what is left.
    """
    left = room(question, system=system, budget=budget) - attached.question.tokens
    kept: list[dict[str, Any]] = []
    for step in reversed([step for step in steps if _counts(step, attached)]):
        left -= estimate_tokens(step["output"] or "")
        files = attached.of(step.get("id"), left)
        left -= files.tokens
        if left < 0:
            break
        kept.append(_message(step, files))
    asked = content(question, attached.question)
    head = [{"role": "system", "content": system}] if system else []
    messages = [*head, *reversed(kept), {"role": "user", "content": asked}]
    return cast(list[ChatCompletionMessageParam], messages)


def room(question: str, *, system: str, budget: int) -> int:
    """Return how many tokens are left for files and history."""
    return budget - estimate_tokens(system) - estimate_tokens(question)


def _counts(step: Mapping[str, Any], attached: Attached) -> bool:
    says_something = bool(step.get("output")) or step.get("id") in attached.earlier
    return step.get("type") in _ROLES and says_something and not step.get("isError")


def _message(step: Mapping[str, Any], files: Fitted) -> dict[str, Any]:
    return {"role": _ROLES[step["type"]], "content": content(step["output"] or "", files)}
