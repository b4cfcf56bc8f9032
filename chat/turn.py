"""One turn: the question is durable, the model is asked, its answer is shown and kept."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from itertools import takewhile
from typing import Any

import chainlit as cl
from chainlit.chat_context import chat_context
from chainlit.utils import utc_now

from chat import away, history
from chat.gathering import gathered
from chat.model import EmptyAnswer, Model
from chat.sentences import ThreadDeleted, sentence_for
from datalayer.errors import DataLayerError, StoreUnavailable
from datalayer.layer import KeepchatDataLayer

logger = logging.getLogger(__name__)

CHECKPOINT_S = 1.0  # what is shown is stored at least this often


class Turns:
    """Answers messages with one model."""

    def __init__(self, layer: KeepchatDataLayer, model: Model, system_prompt: str) -> None:
        self._layer = layer
        self._model = model
        self._system_prompt = system_prompt
        self._running: set[asyncio.Task[Any]] = set()

    async def close(self) -> None:
        """Stop the answers that are on their way; what was shown of them is stored."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def answer(self, question: cl.Message) -> None:
        """Answer a message in its thread; whatever goes wrong is said in the page."""
        self._note_running()
        reply = cl.Message(content="", created_at=utc_now(), metadata={"state": "streaming"})
        try:
            async with self._checkpoints(reply):
                await self._stream(question, reply)
            await self._finish(reply, "done")
        except asyncio.CancelledError:
            # A second Stop must not keep what was shown from being stored.
            await asyncio.shield(self._finish(reply, "stopped"))
            raise
        except Exception as exc:  # every failure is said in the page, and the chat goes on
            logger.warning("No whole answer in thread %s", question.thread_id, exc_info=exc)
            await self._finish(reply, "interrupted")
            await cl.ErrorMessage(content=sentence_for(exc)).send()

    def _note_running(self) -> None:
        task = asyncio.current_task()
        if task:
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _stream(self, question: cl.Message, reply: cl.Message) -> None:
        durable = asyncio.create_task(self._when_durable(question.thread_id))
        try:
            pieces = self._model.stream(await self._messages(question))
            async with aclosing(gathered(pieces)) as texts:
                async for text in texts:
                    await durable
                    await reply.stream_token(text)
            await durable
        finally:
            durable.cancel()
        if not reply.content:
            raise EmptyAnswer

    async def _messages(self, question: cl.Message) -> list[Any]:
        return history.build(
            await self._earlier(question),
            question.content,
            system=self._system_prompt,
            budget=self._model.context_tokens - self._model.answer_tokens,
        )

    async def _earlier(self, question: cl.Message) -> Iterable[Mapping[str, Any]]:
        try:
            async with asyncio.timeout(away.AWAY_S):
                thread = await self._layer.get_thread(question.thread_id)
        except (TimeoutError, StoreUnavailable):
            # What this page has seen of the conversation; mostly that is all of it.
            seen = takewhile(lambda message: message.id != question.id, chat_context.get())
            return [dict(message.to_dict()) for message in seen]
        steps = thread["steps"] if thread else []
        return history.before(steps, question.id, question.created_at)

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

    @asynccontextmanager
    async def _checkpoints(self, reply: cl.Message) -> AsyncIterator[None]:
        task = asyncio.create_task(self._keep_storing(reply))
        try:
            yield
        finally:
            task.cancel()

    async def _keep_storing(self, reply: cl.Message) -> None:
        stored = ""
        while True:
            await asyncio.sleep(CHECKPOINT_S)
            if reply.content != stored:
                stored = reply.content
                self._layer.checkpoint(reply.to_dict())

    async def _finish(self, reply: cl.Message, state: str) -> None:
        """Store what was shown and tell the page that it is all."""
        if not reply.content:
            return
        reply.streaming = False
        reply.metadata = {"state": state}
        step = reply.to_dict()
        chat_context.add(reply)
        stored = asyncio.create_task(self._layer.update_step(step))
        await cl.context.emitter.update_step(step)
        try:
            async with asyncio.timeout(away.AWAY_S):
                await asyncio.shield(stored)
        except (TimeoutError, StoreUnavailable):
            logger.warning("The answer %s waits for the database", reply.id)
            await cl.context.emitter.send_toast(away.ANSWER, "warning")
        except DataLayerError:
            logger.exception("The answer %s is not stored", reply.id)
            await cl.context.emitter.send_toast("This answer could not be saved.", "error")
