"""What the model gets: the conversation as it is stored, with its files, within the budget."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import cast

import chainlit as cl
from chainlit.chat_context import chat_context
from openai.types.chat import ChatCompletionMessageParam

from chat.attachments.collect import Attachments
from chat.live.exchanges import ERROR
from chat.models.base import GenerationSettings, Model
from chat.turn import history
from chat.turn.attempts import Attempt
from chat.turn.durability import AWAY_S, DEADLINE_S, database_deadline
from chat.turn.history import ROLES, History, PastMessage, Talk
from chat.wording.language import Localized
from datalayer.errors import StoreUnavailable
from datalayer.layer import KeepchatDataLayer
from datalayer.records import ElementRecord, StepRecord
from datalayer.siblings import group_of, shown
from datalayer.values import Json


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """A question, who is to answer it and how."""

    question: cl.Message
    model: Model
    generation: GenerationSettings
    partial: str = ""
    """What there is of its answer, where that is gone on with."""

    @property
    def answer_tokens(self) -> int:
        """How long the answer may be."""
        return min(self.generation.answer_tokens, self.model.longest_answer)

    @property
    def budget(self) -> int:
        """How many tokens of conversation the model takes in beside its answer."""
        return self.model.context_tokens - self.answer_tokens


@dataclass(frozen=True, slots=True)
class Prompt:
    """The messages for the model, and what is to be said of the question's files."""

    talk: Talk
    notes: Sequence[Localized[str]]
    is_first: bool
    """Whether nothing was asked in this conversation before."""
    follows_refusal: bool = False
    """Whether the question before was refused, too."""

    @property
    def messages(self) -> list[ChatCompletionMessageParam]:
        """What is sent."""
        return self.talk.messages


class Prompts:
    """Makes prompts from stored conversations."""

    def __init__(self, layer: KeepchatDataLayer, attachments: Attachments) -> None:
        self._layer = layer
        self._attachments = attachments

    async def build(self, request: AnswerRequest, attempt: Attempt) -> Prompt:
        """Return the prompt for a question, with images or with a word about each instead."""
        question, system = request.question, request.generation.system_prompt
        past, elements = await self._earlier(question)
        room = history.tokens_left(question.content, system=system, budget=request.budget)
        further = history.going_on(request.partial, int(room * attempt.history_share))
        budget = request.budget - history.cost_of(further)
        left = history.tokens_left(question.content, system=system, budget=budget)
        earlier = past.messages if attempt.history_share else []
        files = await self._attachments.collect(
            question,
            [message.id for message in earlier if message.role == "user"],
            elements,
            budget=left,
            sees_images=attempt.sees_images,
            refused_images=past.refused_images - {question.id} | attempt.refused_images,
        )
        asked = PastMessage(question.id, "user", question.content)
        talk = history.build(
            earlier,
            asked,
            system=system,
            budget=budget - int(max(0, left) * (1 - attempt.history_share)),
            files=files,
        )
        is_first = all(message.role != "user" for message in past.messages)
        whole = replace(talk, messages=[*talk.messages, *further])
        return Prompt(whole, files.question.notes, is_first, past.last_is_refused)

    async def _earlier(self, question: cl.Message) -> tuple[History, Sequence[ElementRecord]]:
        """Return what was said before a question and the thread's elements."""
        if _begins_thread(question):
            return History(), []
        try:
            async with database_deadline(AWAY_S if self._layer.is_away else DEADLINE_S):
                thread = await self._layer.get_thread_record(question.thread_id)
        except StoreUnavailable:
            return _seen_before(question), []
        if thread is None:
            return History(), []
        known = shown(_with(question, thread.steps))
        steps = history.before(known, question.id, question.created_at)
        pictured = (str(element.fields["forId"]) for element in thread.elements)
        messages = history.messages_of(steps, pictured)
        metadata = [step.fields["metadata"] for step in steps]
        return history.accepted(messages, metadata), thread.elements


def _with(question: cl.Message, steps: Sequence[StepRecord]) -> Sequence[StepRecord]:
    """Return a thread's steps with a question, which may be on its way to the store.

    With it goes what tells that the one of which it is the edited form is not shown any more.
    """
    if any(step.id == question.id for step in steps):
        return steps
    fields = cast(dict[str, Json], {**question.to_dict(), "parentId": None})
    return [*steps, StepRecord(question.id, question.thread_id, 0, fields)]


def _begins_thread(question: cl.Message) -> bool:
    """Tell whether a thread was begun by this page with this question: nothing was said in it.

    An edited one has files that its page does not know.
    """
    resumed = getattr(cl.context.session, "thread_id_to_resume", None)
    is_edited = group_of(question.id, question.metadata) != question.id
    seen = [message.id for message in chat_context.get()]
    return not resumed and not is_edited and seen == [question.id]


def _seen_before(question: cl.Message) -> History:
    """Return what this page has seen of the conversation; mostly that is all of it."""
    group = group_of(question.id, question.metadata)
    seen = list(
        takewhile(
            lambda message: group_of(message.id, message.metadata) != group, chat_context.get()
        )
    )
    messages = [
        PastMessage(message.id, ROLES[message.type], message.content or "")
        for message in seen
        if message.type in ROLES and not _is_error(message)
    ]
    return history.accepted(messages, [message.metadata for message in seen])


def _is_error(message: cl.Message) -> bool:
    # One that was read from the database has lost all but its metadata.
    return message.is_error or (message.metadata or {}).get("state") == ERROR
