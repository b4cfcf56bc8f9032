"""One turn: the question is durable, the model is asked, its answer is shown and kept."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import aclosing
from typing import Any

import chainlit as cl
import openai

from chat.attachments import notices
from chat.attachments.collect import Attachments
from chat.models.base import AnswerWithheld, EmptyAnswer, Manner
from chat.models.registry import Models
from chat.turn.coalesce import gathered
from chat.turn.prompt import Asked, Prompt, Prompts
from chat.turn.reply import Reply
from chat.turn.titles import Titles
from chat.wording import away, commands
from chat.wording.sentences import (
    ANSWER_IS_CUT,
    WITHHELD,
    ThreadDeleted,
    is_about_images,
    sentence_for,
)
from chat.wording.settings_panel import chosen
from datalayer.errors import DataLayerError, StoreUnavailable
from datalayer.layer import KeepchatDataLayer

logger = logging.getLogger(__name__)


class CannotSee(Exception):
    """The model refuses the images of the prompt."""


class Turns:
    """Answers messages, each by the model and in the manner that its conversation has chosen."""

    def __init__(
        self,
        *,
        layer: KeepchatDataLayer,
        models: Models,
        manner: Manner,
        attachments: Attachments,
        titles: Titles | None = None,
    ) -> None:
        self.models = models
        self.manner = manner
        self._layer = layer
        self._prompts = Prompts(layer, attachments)
        self._titles = titles
        self._running: set[asyncio.Task[Any]] = set()

    async def close(self) -> None:
        """Stop the answers that are on their way; what was shown of them is stored."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._titles:
            await self._titles.close()

    async def answer(self, question: cl.Message) -> None:
        """Answer a message in its thread; whatever goes wrong is said in the page."""
        session = cl.context.session
        # Chainlit does so for a new question, not for an edited one: Stop would not stop it.
        session.current_task = asyncio.current_task()
        self._note(session.current_task)
        model = self.models.find(session.chat_profile) or self.models.default
        manner = commands.told(question.command, chosen(session.chat_settings, self.manner))
        asked = Asked(question, model, manner)
        reply = Reply(self._layer, model.name)
        try:
            async with reply.stored_on_the_way():
                await self._stream_seeing(asked, reply)
            await reply.finish("done")
            await self._after(asked, reply)
        except asyncio.CancelledError:
            # A second Stop must not keep what was shown from being stored.
            await asyncio.shield(reply.finish("stopped"))
            raise
        except Exception as exc:  # every failure is said in the page, and the chat goes on
            logger.warning("No whole answer in thread %s", question.thread_id, exc_info=exc)
            await reply.finish("interrupted")
            await cl.ErrorMessage(content=sentence_for(exc, model.variables)).send()
        finally:
            self.in_background(self._keep_choices(question.thread_id))

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what nobody waits for; it ends with the program."""
        self._note(asyncio.create_task(work))

    def _note(self, task: asyncio.Task[Any] | None) -> None:
        if task:
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _stream_seeing(self, asked: Asked, reply: Reply) -> None:
        """Stream the answer; a model that refuses images is asked again without them."""
        told: set[str] = set()
        try:
            await self._stream(asked, reply, told, sees_images=asked.model.sees_images)
        except CannotSee:
            await self._stream(asked, reply, told, sees_images=False)

    async def _stream(
        self, asked: Asked, reply: Reply, told: set[str], *, sees_images: bool
    ) -> None:
        durable = asyncio.create_task(self._when_durable(asked.question.thread_id))
        try:
            prompt = await self._prompts.build(asked, sees_images=sees_images)
            await notices.tell([note for note in prompt.notes if note not in told])
            told.update(prompt.notes)
            try:
                await self._show(asked, prompt, reply, durable)
            except openai.APIStatusError as exc:
                if prompt.has_images and not reply.text and is_about_images(exc):
                    raise CannotSee from exc
                raise
            await durable
        finally:
            durable.cancel()
        if not reply.text:
            raise AnswerWithheld if reply.is_withheld else EmptyAnswer

    async def _show(
        self, asked: Asked, prompt: Prompt, reply: Reply, durable: asyncio.Task[None]
    ) -> None:
        pieces = asked.model.stream(prompt.messages, asked.manner)
        async with aclosing(gathered(pieces)) as batches:
            async for batch in batches:
                await durable
                await reply.show(batch)

    async def _when_durable(self, thread_id: str) -> None:
        """Wait until the question is stored; `ThreadDeleted` when its thread is no more.

        When the database is away too long, the person is told and the answer shown all the same.
        """
        try:
            async with asyncio.timeout(away.AWAY_S):
                await self._layer.flush(thread_id)
                author = await self._layer.get_thread_author(thread_id)
        except (TimeoutError, StoreUnavailable):
            logger.warning("The question in thread %s waits for the database", thread_id)
            await cl.context.emitter.send_toast(away.QUESTION, "warning")
            return
        except DataLayerError:
            logger.exception("The question in thread %s is not stored", thread_id)
            await cl.context.emitter.send_toast("This message could not be saved.", "error")
            return
        if not author:
            raise ThreadDeleted(thread_id)

    async def _after(self, asked: Asked, reply: Reply) -> None:
        if reply.is_cut:
            said = ANSWER_IS_CUT.format(tokens=asked.answer_tokens)
            await cl.context.emitter.send_toast(said, "warning")
        if reply.is_withheld:
            await cl.context.emitter.send_toast(WITHHELD, "warning")
        if self._titles:
            self._titles.begin(asked.model, asked.question, reply.text)

    async def _keep_choices(self, thread_id: str) -> None:
        """Store what was chosen for the conversation; Chainlit does when the page is left."""
        session = cl.context.session
        chosen = {"chat_profile": session.chat_profile, "chat_settings": session.chat_settings}
        try:
            await self._layer.update_thread(thread_id, metadata=chosen)
        except DataLayerError:
            logger.exception("Profile and settings of thread %s are not stored", thread_id)
