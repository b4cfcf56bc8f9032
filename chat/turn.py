"""One turn: the question is durable, the model is asked, its answer is shown and kept."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import aclosing
from itertools import takewhile
from typing import Any

import chainlit as cl
import openai
from chainlit.chat_context import chat_context

from chat import away, commands, history
from chat.attachments import notices
from chat.attachments.gathering import Attachments
from chat.choice import Models
from chat.gathering import gathered
from chat.manner import chosen
from chat.model import EmptyAnswer, Manner, Model
from chat.reply import Reply
from chat.sentences import ANSWER_IS_CUT, ThreadDeleted, is_about_images, sentence_for
from chat.titles import Titles
from datalayer.errors import DataLayerError, StoreUnavailable
from datalayer.layer import KeepchatDataLayer

logger = logging.getLogger(__name__)

Row = Mapping[str, Any]


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
        self._attachments = attachments
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
        reply = Reply(self._layer, model.name)
        try:
            async with reply.stored_on_the_way():
                await self._stream_seeing(question, reply, model, manner)
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

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._note(asyncio.create_task(work))

    def _note(self, task: asyncio.Task[Any] | None) -> None:
        if task:
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _stream_seeing(
        self, question: cl.Message, reply: Reply, model: Model, manner: Manner
    ) -> None:
        """Stream the answer; a model that refuses images is asked again without them."""
        try:
            await self._stream(question, reply, model, manner, sees_images=model.sees_images)
        except openai.APIStatusError as exc:
            if not is_about_images(exc) or reply.text:
                raise
            await self._stream(question, reply, model, manner, sees_images=False)

    async def _stream(
        self,
        question: cl.Message,
        reply: Reply,
        model: Model,
        manner: Manner,
        *,
        sees_images: bool,
    ) -> None:
        durable = asyncio.create_task(self._when_durable(question.thread_id))
        try:
            messages = await self._messages(question, model, manner, sees_images=sees_images)
            pieces = model.stream(messages, manner)
            async with aclosing(gathered(pieces)) as batches:
                async for batch in batches:
                    await durable
                    await reply.show(batch)
            await durable
        finally:
            durable.cancel()
        if not reply.text:
            raise EmptyAnswer

    async def _messages(
        self, question: cl.Message, model: Model, manner: Manner, *, sees_images: bool
    ) -> list[Any]:
        earlier, elements = await self._earlier(question)
        budget = model.context_tokens - min(manner.answer_tokens, model.longest_answer)
        attached = await self._attachments.gather(
            question,
            earlier,
            elements,
            room=history.room(question.content, system=manner.system_prompt, budget=budget),
            sees_images=sees_images,
        )
        await notices.tell(attached.question.notes)
        return history.build(
            earlier,
            question.content,
            system=manner.system_prompt,
            budget=budget,
            attached=attached,
        )

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

    async def _after(
        self, question: cl.Message, reply: Reply, model: Model, manner: Manner
    ) -> None:
        if reply.is_cut:
            limit = min(manner.answer_tokens, model.longest_answer)
            await cl.context.emitter.send_toast(ANSWER_IS_CUT.format(tokens=limit), "warning")
        self._begin(self._keep_choices(question.thread_id))
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
