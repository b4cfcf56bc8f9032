"""What the model gets: the conversation as it is stored, with its files, within the budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import chainlit as cl
from chainlit.chat_context import chat_context

from chat.attachments.collect import Attachments
from chat.models.base import GenerationSettings, Model
from chat.turn import history
from chat.turn.durability import database_deadline
from chat.turn.history import ROLES, PastMessage
from datalayer.errors import StoreUnavailable
from datalayer.layer import KeepchatDataLayer
from datalayer.records import ElementRecord


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """A question, who is to answer it and how."""

    question: cl.Message
    model: Model
    generation: GenerationSettings

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

    messages: list[Any]
    notes: Sequence[str]
    is_first: bool
    """Whether nothing was asked in this conversation before."""

    @property
    def has_images(self) -> bool:
        """Whether the model is to look at something."""
        return any(
            part.get("type") == "image_url"
            for message in self.messages
            if isinstance(message["content"], list)
            for part in message["content"]
        )


class Prompts:
    """Makes prompts from stored conversations."""

    def __init__(self, layer: KeepchatDataLayer, attachments: Attachments) -> None:
        self._layer = layer
        self._attachments = attachments

    async def build(self, request: AnswerRequest, *, sees_images: bool) -> Prompt:
        """Return the prompt for a question, with images or with a word about each instead."""
        question, system = request.question, request.generation.system_prompt
        earlier, elements = await self._earlier(question)
        files = await self._attachments.collect(
            question,
            [message.id for message in earlier],
            elements,
            budget=history.tokens_left(question.content, system=system, budget=request.budget),
            sees_images=sees_images,
        )
        messages = history.build(
            earlier, question.content, system=system, budget=request.budget, files=files
        )
        is_first = all(message.role != "user" for message in earlier)
        return Prompt(messages, files.question.notes, is_first)

    async def _earlier(
        self, question: cl.Message
    ) -> tuple[list[PastMessage], Sequence[ElementRecord]]:
        """Return the messages before a question and the thread's elements."""
        try:
            async with database_deadline():
                thread = await self._layer.get_thread_record(question.thread_id)
        except StoreUnavailable:
            return _seen_before(question), []
        if thread is None:
            return [], []
        messages = history.messages_of(thread.steps)
        return history.before(messages, question.id, question.created_at), thread.elements


def _seen_before(question: cl.Message) -> list[PastMessage]:
    """Return what this page has seen of the conversation; mostly that is all of it."""
    seen = takewhile(lambda message: message.id != question.id, chat_context.get())
    return [
        PastMessage(message.id, ROLES[message.type], message.content, message.created_at or "")
        for message in seen
        if message.type in ROLES and not message.is_error
    ]
