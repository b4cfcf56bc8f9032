"""One turn: the question is durable, the model is asked, its answer is shown and kept."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import aclosing
from typing import Any

import chainlit as cl
import openai

from chat.attachments.collect import Attachments
from chat.attachments.notices import show_notices
from chat.models.base import AnswerWithheld, EmptyAnswer, GenerationSettings
from chat.models.registry import Models
from chat.turn.coalesce import coalesced
from chat.turn.durability import until_stored
from chat.turn.prompt import AnswerRequest, Prompt, Prompts
from chat.turn.reply import Reply
from chat.turn.tasks import TaskSet
from chat.turn.titles import Titles
from chat.wording.commands import with_command
from chat.wording.sentences import (
    ANSWER_IS_CUT,
    WITHHELD,
    ThreadDeleted,
    is_about_images,
    sentence_for,
)
from chat.wording.settings_panel import generation_from
from chat.wording.unavailable import QUESTION
from datalayer.errors import DataLayerError, StepGone
from datalayer.layer import KeepchatDataLayer

logger = logging.getLogger(__name__)


class ImagesRefused(Exception):
    """The model does not take the images of the prompt."""


class Turns:
    """Answers messages, each by the model and with the settings of its conversation."""

    def __init__(
        self,
        *,
        layer: KeepchatDataLayer,
        models: Models,
        generation: GenerationSettings,
        attachments: Attachments,
        titles: Titles | None = None,
    ) -> None:
        self.models = models
        self.generation = generation
        self._layer = layer
        self._prompts = Prompts(layer, attachments)
        self._titles = titles
        self._tasks = TaskSet()

    async def close(self) -> None:
        """Stop the answers that are on their way; what was shown of them is stored."""
        await self._tasks.cancel()
        if self._titles:
            await self._titles.close()

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what nobody waits for; it ends with the program."""
        self._tasks.start(work)

    async def answer(self, question: cl.Message) -> None:
        """Answer a message in its thread; whatever goes wrong is said in the page."""
        self._let_stop()
        request = self._request(question)
        reply = Reply(self._layer, request.model.name)
        try:
            async with reply.checkpointing():
                prompt = await self._stream_without_refused_images(request, reply)
            await reply.finish("done")
            await self._after(request, prompt, reply)
        except asyncio.CancelledError:
            # A second Stop must not keep what was shown from being stored.
            await asyncio.shield(reply.finish("stopped"))
            raise
        except Exception as exc:  # every failure is said in the page, and the chat goes on
            logger.warning("No whole answer in thread %s", question.thread_id, exc_info=exc)
            await reply.finish("interrupted")
            await cl.ErrorMessage(content=sentence_for(exc, request.model.variables)).send()
        finally:
            self.in_background(self._keep_chosen(question.thread_id))

    def _let_stop(self) -> None:
        """Let Stop, and the end of the program, end this task.

        Chainlit does the first for a new question, but not for an edited one.
        """
        if task := asyncio.current_task():
            cl.context.session.current_task = task
            self._tasks.add(task)

    def _request(self, question: cl.Message) -> AnswerRequest:
        session = cl.context.session
        generation = generation_from(session.chat_settings, self.generation)
        return AnswerRequest(
            question=question,
            model=self.models.of_profile(session.chat_profile),
            generation=with_command(generation, question.command),
        )

    async def _stream_without_refused_images(self, request: AnswerRequest, reply: Reply) -> Prompt:
        """Stream the answer; a model that refuses images is asked again without them."""
        shown: set[str] = set()
        try:
            return await self._stream(request, reply, shown, sees_images=request.model.sees_images)
        except ImagesRefused:
            return await self._stream(request, reply, shown, sees_images=False)

    async def _stream(
        self, request: AnswerRequest, reply: Reply, shown: set[str], *, sees_images: bool
    ) -> Prompt:
        """Stream the answer while the question is being stored; `shown` are notes of files."""
        durable = asyncio.create_task(self._until_durable(request.question))
        try:
            prompt = await self._prompts.build(request, sees_images=sees_images)
            await show_notices([note for note in prompt.notes if note not in shown])
            shown.update(prompt.notes)
            await self._show(request, prompt, reply, durable)
            await durable
        finally:
            durable.cancel()
        if not reply.text:
            raise AnswerWithheld if reply.is_withheld else EmptyAnswer
        return prompt

    async def _show(
        self, request: AnswerRequest, prompt: Prompt, reply: Reply, durable: asyncio.Task[None]
    ) -> None:
        """Show the answer from the moment when the question is durable."""
        pieces = request.model.stream(prompt.messages, request.generation)
        try:
            async with aclosing(coalesced(pieces)) as batches:
                async for batch in batches:
                    await durable
                    await reply.show(batch)
        except openai.APIStatusError as exc:
            if prompt.has_images and not reply.text and is_about_images(exc):
                raise ImagesRefused from exc
            raise

    async def _until_durable(self, question: cl.Message) -> None:
        """Wait until the question is stored; `ThreadDeleted` when its thread is no more.

        When the database is away too long, the person is told and the answer shown all the same.
        """
        name = f"The question in thread {question.thread_id}"
        await until_stored(self._stored(question), name, QUESTION)

    async def _stored(self, question: cl.Message) -> None:
        try:
            await self._layer.flush(question.thread_id, question.id)
        except StepGone as exc:
            if not await self._layer.get_thread_author(question.thread_id):
                raise ThreadDeleted(question.thread_id) from exc

    async def _after(self, request: AnswerRequest, prompt: Prompt, reply: Reply) -> None:
        if reply.is_cut:
            sentence = ANSWER_IS_CUT.format(tokens=request.answer_tokens)
            await cl.context.emitter.send_toast(sentence, "warning")
        if reply.is_withheld:
            await cl.context.emitter.send_toast(WITHHELD, "warning")
        if self._titles and prompt.is_first:
            self._titles.begin(request.model, request.question, reply.text)

    async def _keep_chosen(self, thread_id: str) -> None:
        """Store what was chosen for the conversation; Chainlit does when the page is left."""
        session = cl.context.session
        chosen = {"chat_profile": session.chat_profile, "chat_settings": session.chat_settings}
        try:
            await self._layer.update_thread(thread_id, metadata=chosen)
        except DataLayerError:
            logger.exception("Profile and settings of thread %s are not stored", thread_id)
