"""What of a stored thread goes to the model. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from openai.types.chat import ChatCompletionMessageParam

from datalayer.values import clean_time

_ROLES = {"user_message": "user", "assistant_message": "assistant"}
_OVERHEAD_TOKENS = 4  # what a message costs besides its text


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text has, rather too many than too few.

    Three bytes of UTF-8 a token: English has about four, Chinese two to three.
    """
    return _OVERHEAD_TOKENS + (len(text.encode("utf-8", "replace")) + 2) // 3


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
    steps: Iterable[Mapping[str, Any]], question: str, *, system: str, budget: int
) -> list[ChatCompletionMessageParam]:
    """Return the system prompt, as much of the newest history as the budget holds, the question.

    `budget` is in tokens. The system prompt and the question are always whole.
    """
    left = budget - estimate_tokens(system) - estimate_tokens(question)
    kept: list[dict[str, str]] = []
    for message in reversed([_message(step) for step in steps if _counts(step)]):
        left -= estimate_tokens(message["content"])
        if left < 0:
            break
        kept.append(message)
    head = [{"role": "system", "content": system}] if system else []
    messages = [*head, *reversed(kept), {"role": "user", "content": question}]
    return cast(list[ChatCompletionMessageParam], messages)


def _counts(step: Mapping[str, Any]) -> bool:
    return step.get("type") in _ROLES and bool(step.get("output")) and not step.get("isError")


def _message(step: Mapping[str, Any]) -> dict[str, str]:
    return {"role": _ROLES[step["type"]], "content": step["output"]}
