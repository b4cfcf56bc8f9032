"""What of a stored thread goes to the model. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from openai.types.chat import ChatCompletionMessageParam

from chat.attachments.blocks import FittedFiles, PromptFiles, message_content
from chat.models.tokens import estimate_tokens
from datalayer.records import StepRecord
from datalayer.values import clean_time

Role = Literal["user", "assistant"]
ROLES: Mapping[object, Role] = {"user_message": "user", "assistant_message": "assistant"}


@dataclass(frozen=True, slots=True)
class PastMessage:
    """What somebody said in a conversation, and when."""

    id: str
    role: Role
    text: str
    created_at: str = ""


def messages_of(steps: Iterable[StepRecord]) -> list[PastMessage]:
    """Return what was said in a thread; errors and what is no message are left out."""
    return [
        PastMessage(
            step.id,
            ROLES[step.fields["type"]],
            str(step.fields["output"] or ""),
            str(step.fields["createdAt"]),
        )
        for step in steps
        if step.fields["type"] in ROLES and not step.fields["isError"]
    ]


def before(
    messages: Iterable[PastMessage], question_id: str, asked_at: str | None
) -> list[PastMessage]:
    """Return the messages that were there when a question was asked.

    An edited question keeps its time; what followed it may still be on its way out of the store.
    """
    timestamp = clean_time(asked_at)
    return [
        message
        for message in messages
        if message.id != question_id and (timestamp is None or message.created_at < timestamp)
    ]


def build(
    earlier: Sequence[PastMessage],
    question: str,
    *,
    system: str,
    budget: int,
    files: PromptFiles = PromptFiles(),  # noqa: B008 - frozen
) -> list[ChatCompletionMessageParam]:
    """Return the system prompt, as much of the newest history as the budget holds, the question.

    `budget` is in tokens. The system prompt and the question are always whole; the files of
    earlier messages are cut to what is left.
    """
    left = tokens_left(question, system=system, budget=budget) - files.question.tokens
    kept: list[dict[str, Any]] = []
    for message in reversed([message for message in earlier if _counts(message, files)]):
        left -= estimate_tokens(message.text)
        fitted = files.of(message.id, left)
        left -= fitted.tokens
        if left < 0:
            break
        kept.append(_message(message.role, message.text, fitted))
    head = [{"role": "system", "content": system}] if system else []
    messages = [*head, *reversed(kept), _message("user", question, files.question)]
    return cast(list[ChatCompletionMessageParam], messages)


def tokens_left(question: str, *, system: str, budget: int) -> int:
    """Return how many tokens are left for files and history."""
    return budget - estimate_tokens(system) - estimate_tokens(question)


def _counts(message: PastMessage, files: PromptFiles) -> bool:
    return bool(message.text) or message.id in files.earlier


def _message(role: Role, text: str, files: FittedFiles) -> dict[str, Any]:
    return {"role": role, "content": message_content(text, files)}
