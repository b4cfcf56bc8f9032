"""What of a stored thread goes to the model: a talk by turns, within the budget. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from operator import attrgetter
from typing import Any, Literal, cast

from openai.types.chat import ChatCompletionMessageParam

from chat.attachments.blocks import FittedFiles, PromptFiles, message_parts
from chat.models.tokens import estimate_tokens, last_tokens
from datalayer.records import StepRecord
from datalayer.values import clean_text, clean_time

Role = Literal["user", "assistant"]
ROLES: Mapping[object, Role] = {"user_message": "user", "assistant_message": "assistant"}

# In a step's metadata: ids of messages that the model's server refused, and of those whose images
# it refused. They stay in the conversation, and are not sent again.
REFUSED = "refused"
REFUSED_IMAGES = "refused_images"

GO_ON = (
    "Your last answer broke off before its end. Go on with it exactly where it stops: begin with "
    "the next word, in the same language and form. Repeat nothing of it, and say nothing about "
    "this."
)
LEAST_TOKENS = 200  # of an answer that is gone on with, however little room there is

_IMAGE_ALONE = "[an image]"  # what the model reads of an answer of its own without words


@dataclass(frozen=True, slots=True)
class PastMessage:
    """What somebody said in a conversation."""

    id: str
    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class History:
    """What was said in a thread, and which of it the model's server has refused."""

    messages: Sequence[PastMessage] = ()
    refused_images: frozenset[str] = frozenset()
    last_is_refused: bool = False
    """Whether the newest of what was asked was refused."""


@dataclass(frozen=True, slots=True)
class Talk:
    """What is sent, and of which messages it is made."""

    messages: list[ChatCompletionMessageParam]
    earlier: Sequence[str] = ()
    """The ids of the messages that were answered before."""
    asked: Sequence[str] = ()
    """The ids of what is answered now: the question, and those before it without an answer."""
    with_images: Sequence[str] = ()
    """The ids of the messages whose images are sent."""

    @property
    def before_question(self) -> Sequence[str]:
        """The ids of all that is sent before the question."""
        return [*self.earlier, *self.asked[:-1]]

    @property
    def has_history(self) -> bool:
        """Whether anything is sent before the question."""
        return bool(self.before_question)


def before(steps: Iterable[StepRecord], question_id: str, asked_at: str | None) -> list[StepRecord]:
    """Return the steps that were there when a question was asked.

    A question that is edited, or answered once more, keeps its time; what followed it may still be
    there.
    """
    timestamp = clean_time(asked_at)
    return [
        step
        for step in steps
        if step.id != question_id
        and (timestamp is None or str(step.fields["createdAt"]) < timestamp)
    ]


def messages_of(steps: Iterable[StepRecord], pictured: Iterable[str] = ()) -> list[PastMessage]:
    """Return what was said in a thread; errors and what is no message are left out.

    `pictured` are ids of messages that have something to show.
    """
    shown = frozenset(pictured)
    return [
        PastMessage(step.id, role, _words(step, role, shown))
        for step in steps
        if (role := ROLES.get(step.fields["type"])) and not step.fields["isError"]
    ]


def _words(step: StepRecord, role: Role, pictured: frozenset[str]) -> str:
    text = str(step.fields["output"] or "")
    is_image = role == "assistant" and step.id in pictured and not text.strip()
    return _IMAGE_ALONE if is_image else text


def accepted(messages: Sequence[PastMessage], metadata: Iterable[object]) -> History:
    """Return the messages without those that the metadata of a thread's steps call refused."""
    known = [entry for entry in metadata if isinstance(entry, Mapping)]
    refused = _ids(known, REFUSED)
    questions = [message for message in messages if message.role == "user"]
    return History(
        [message for message in messages if message.id not in refused],
        _ids(known, REFUSED_IMAGES),
        last_is_refused=bool(questions) and questions[-1].id in refused,
    )


def _ids(metadata: Iterable[Mapping[str, object]], name: str) -> frozenset[str]:
    lists = (found for entry in metadata if isinstance(found := entry.get(name), list))
    return frozenset(map(str, chain.from_iterable(lists)))


def build(
    earlier: Sequence[PastMessage],
    question: PastMessage,
    *,
    system: str,
    budget: int,
    files: PromptFiles = PromptFiles(),  # noqa: B008 - frozen
) -> Talk:
    """Return the system prompt, as much of the newest history as the budget holds, the question.

    `budget` is in tokens. The system prompt and the question are always whole; the files of
    earlier messages are cut to what is left. After the system prompt questions and answers
    alternate, the first and the last is a question: those in a row are put together.
    """
    left = tokens_left(question.text, system=system, budget=budget) - files.question.tokens
    kept = [*_fitting(earlier, left, files), _Said(question, files.question)]
    first = next(index for index, said in enumerate(kept) if said.role == "user")
    turns = [list(turn) for _, turn in groupby(kept[first:], attrgetter("role"))]
    head = [{"role": "system", "content": clean_text(system)}] if system.strip() else []
    talk = [{"role": turn[0].role, "content": _content(turn)} for turn in turns]
    return Talk(
        cast(list[ChatCompletionMessageParam], [*head, *talk]),
        earlier=[said.message.id for turn in turns[:-1] for said in turn],
        asked=[said.message.id for said in turns[-1]],
        with_images=[said.message.id for said in kept[first:] if said.files.images],
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """A message with what is sent of its files."""

    message: PastMessage
    files: FittedFiles

    @property
    def role(self) -> Role:
        return self.message.role


def _fitting(earlier: Sequence[PastMessage], left: int, files: PromptFiles) -> list[_Said]:
    """Return the newest messages that cost so many tokens at most, without a gap."""
    kept: list[_Said] = []
    for message in reversed([message for message in earlier if _counts(message, files)]):
        left -= estimate_tokens(message.text)
        # Nobody takes images of an assistant.
        fitted = files.of(message.id, left) if message.role == "user" else FittedFiles()
        left -= fitted.tokens
        if left < 0:
            break
        kept.append(_Said(message, fitted))
    return kept[::-1]


def going_on(partial: str, room: int) -> list[ChatCompletionMessageParam]:
    """Return what follows a question whose answer is gone on with; nothing without a part of it.

    `room` is in tokens: of what is longer the end is sent.
    """
    if not partial:
        return []
    room = max(LEAST_TOKENS, room - estimate_tokens(GO_ON))
    answer = last_tokens(clean_text(partial), room)
    messages = [{"role": "assistant", "content": answer}, {"role": "user", "content": GO_ON}]
    return cast(list[ChatCompletionMessageParam], messages)


def cost_of(messages: Iterable[ChatCompletionMessageParam]) -> int:
    """Return about how many tokens messages without files have."""
    return sum(estimate_tokens(str(message.get("content"))) for message in messages)


def tokens_left(question: str, *, system: str, budget: int) -> int:
    """Return how many tokens are left for files and history."""
    return budget - estimate_tokens(system) - estimate_tokens(question)


def _counts(message: PastMessage, files: PromptFiles) -> bool:
    return bool(message.text.strip()) or (message.role == "user" and message.id in files.earlier)


def _content(turn: Iterable[_Said]) -> str | list[dict[str, Any]]:
    """Return what was said in a row as one content, as OpenAI's protocol has it."""
    parts = list(_joined(part for said in turn for part in _parts(said)))
    if all(part["type"] == "text" for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def _parts(said: _Said) -> list[dict[str, Any]]:
    return message_parts(clean_text(said.message.text), said.files)


def _joined(parts: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for kind, group in groupby(parts, lambda part: str(part["type"])):
        if kind != "text":
            yield from group
        elif text := "\n\n".join(part["text"] for part in group if part["text"].strip()):
            yield {"type": "text", "text": text}
