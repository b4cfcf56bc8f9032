"""What the model gets: the conversation as it is stored, with its files, within the budget."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import chainlit as cl
from chainlit.chat_context import chat_context

from chat.attachments.collect import Attachments
from chat.models.base import Manner, Model
from chat.turn import history
from chat.wording import away
from datalayer.errors import StoreUnavailable
from datalayer.layer import KeepchatDataLayer

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, who is to answer it and how."""

    question: cl.Message
    model: Model
    manner: Manner

    @property
    def answer_tokens(self) -> int:
        """How long the answer may be."""
        return min(self.manner.answer_tokens, self.model.longest_answer)

    @property
    def budget(self) -> int:
        """How many tokens of conversation the model takes in beside its answer."""
        return self.model.context_tokens - self.answer_tokens


@dataclass(frozen=True, slots=True)
class Prompt:
    """The messages for the model, and what is to be said of the question's files."""

    messages: list[Any]
    notes: Sequence[str]

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

    async def build(self, asked: Asked, *, sees_images: bool) -> Prompt:
        """Return the prompt for a question, with images or with a word about each instead."""
        question, system = asked.question, asked.manner.system_prompt
        earlier, elements = await self._earlier(question)
        attached = await self._attachments.gather(
            question,
            earlier,
            elements,
            room=history.room(question.content, system=system, budget=asked.budget),
            sees_images=sees_images,
        )
        messages = history.build(
            earlier, question.content, system=system, budget=asked.budget, attached=attached
        )
        return Prompt(messages, attached.question.notes)

    async def _earlier(self, question: cl.Message) -> tuple[list[Row], Sequence[Row]]:
        """Return the steps before a question and the thread's elements."""
        try:
            async with asyncio.timeout(away.AWAY_S):
                thread = await self._layer.get_thread(question.thread_id)
        except (TimeoutError, StoreUnavailable):
            # What this page has seen of the conversation; mostly that is all of it.
            seen = takewhile(lambda message: message.id != question.id, chat_context.get())
            return [dict(message.to_dict()) for message in seen], []
        if thread is None:
            return [], []
        before = history.before(thread["steps"] or [], question.id, question.created_at)
        return before, thread["elements"] or []
