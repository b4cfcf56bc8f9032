"""One turn: the question is durable, the model is asked, its answer is shown and kept."""

import asyncio
import logging
from contextlib import aclosing
from typing import Any

import chainlit as cl

from chat import commands, history
from chat.choice import Models
from chat.gathering import gathered
from chat.manner import chosen
from chat.model import EmptyAnswer, Manner, Model
from chat.reply import Reply
from chat.sentences import ANSWER_IS_CUT, ThreadDeleted, sentence_for
from chat.titles import Titles
from datalayer.errors import DataLayerError
from datalayer.layer import KeepchatDataLayer

logger = logging.getLogger(__name__)


class Turns:
    """Answers messages, each by the model and in the manner that its conversation has chosen."""

    def __init__(
        self, layer: KeepchatDataLayer, models: Models, manner: Manner, titles: Titles | None
    ) -> None:
        self.models = models
        self.manner = manner
        self._layer = layer
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
        self._note_running()
        session = cl.context.session
        model = self.models.find(session.chat_profile) or self.models.default
        manner = commands.told(question.command, chosen(session.chat_settings, self.manner))
        reply = Reply(self._layer, model.name)
        try:
            async with reply.stored_on_the_way():
                await self._stream(question, reply, model, manner)
            await reply.finish("done")
            await self._after(question, reply, model, manner)
        except asyncio.CancelledError:
            # A second Stop must not keep what was shown from being stored.
            await asyncio.shield(reply.finish("stopped"))
            raise
        except Exception as exc:  # every failure is said in the page, and the chat goes on
            logger.warning("No whole answer in thread %s", question.thread_id, exc_info=exc)
            await reply.finish("interrupted")
            await cl.ErrorMessage(content=sentence_for(exc)).send()

    def _note_running(self) -> None:
        task = asyncio.current_task()
        if task:
            # Chainlit does so for a new question, not for an edited one: Stop would not stop it.
            cl.context.session.current_task = task
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _stream(
        self, question: cl.Message, reply: Reply, model: Model, manner: Manner
    ) -> None:
        durable = asyncio.create_task(self._when_durable(question.thread_id))
        try:
            pieces = model.stream(await self._messages(question, model, manner), manner)
            async with aclosing(gathered(pieces)) as batches:
                async for batch in batches:
                    await durable
                    await reply.show(batch)
            await durable
        finally:
            durable.cancel()
        if not reply.text:
            raise EmptyAnswer

    async def _messages(self, question: cl.Message, model: Model, manner: Manner) -> list[Any]:
        thread = await self._layer.get_thread(question.thread_id)
        return history.build(
            history.before(thread["steps"] if thread else [], question.id, question.created_at),
            question.content,
            system=manner.system_prompt,
            budget=model.context_tokens - min(manner.answer_tokens, model.longest_answer),
        )

    async def _when_durable(self, thread_id: str) -> None:
        """Wait until the question is stored; `ThreadDeleted` when its thread is no more."""
        try:
            await self._layer.flush(thread_id)
            author = await self._layer.get_thread_author(thread_id)
        except DataLayerError:
            logger.exception("The question in thread %s is not stored", thread_id)
            await cl.context.emitter.send_toast("This message could not be saved.", "error")
            return
        if not author:
            raise ThreadDeleted(thread_id)

    async def _after(
        self, question: cl.Message, reply: Reply, model: Model, manner: Manner
    ) -> None:
        if reply.is_cut:
            limit = min(manner.answer_tokens, model.longest_answer)
            await cl.context.emitter.send_toast(ANSWER_IS_CUT.format(tokens=limit), "warning")
        await self._keep_choices(question.thread_id)
        if self._titles:
            self._titles.begin(model, question, reply.text)

    async def _keep_choices(self, thread_id: str) -> None:
        """Store what was chosen for the conversation; Chainlit does when the page is left."""
        session = cl.context.session
        chosen = {"chat_profile": session.chat_profile, "chat_settings": session.chat_settings}
        try:
            await self._layer.update_thread(thread_id, metadata=chosen)
        except DataLayerError:
            logger.exception("Profile and settings of thread %s are not stored", thread_id)
