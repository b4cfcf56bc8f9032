"""Titles: once its first answer is there, the model gives a conversation a name."""

import asyncio
import logging
from typing import cast

import chainlit as cl
from chainlit.session import WebsocketSession
from openai.types.chat import ChatCompletionMessageParam

from chat.live.title import title_of
from chat.models.base import GenerationSettings, Model
from chat.turn.crowd import Crowd
from chat.turn.title_text import clean
from chat.wording.faults import is_defect
from common.concurrency.tasks import TaskSet
from common.failures import in_one_line
from datalayer.layer import KeepchatDataLayer
from datalayer.values import clean_text

logger = logging.getLogger(__name__)

SHOWN = 1_500  # characters of question and answer that the model sees
# Models that think need room for that, too; the others stop by themselves.
GENERATION = GenerationSettings(answer_tokens=500)
TIMEOUT_S = 60.0
PROMPT = (
    "Give the conversation below a title of at most six words, in the language of the question. "
    "Answer with the title alone."
)


class Titles:
    """Names new conversations in the background, when no answer waits for its first word."""

    def __init__(self, layer: KeepchatDataLayer, crowd: Crowd) -> None:
        self._layer = layer
        self._crowd = crowd
        self._tasks = TaskSet()

    def begin(self, model: Model, question: cl.Message, answer: str) -> None:
        """Name the conversation of a first question, unless somebody has named it."""
        session = cl.context.session
        if model.names_threads and isinstance(session, WebsocketSession):
            self._tasks.start(self._name(session, model, question, answer))

    async def close(self) -> None:
        """Give up what is on its way."""
        await self._tasks.cancel()

    async def _name(
        self, session: WebsocketSession, model: Model, question: cl.Message, answer: str
    ) -> None:
        thread_id = question.thread_id
        await self._crowd.until_idle()
        try:
            name = await self._layer.get_thread_name(thread_id)
            if not is_from_question(name, question.content):
                return
            async with asyncio.timeout(TIMEOUT_S):
                title = clean(await _ask(model, question.content, answer))
            # Somebody may have renamed it meanwhile.
            if title and await self._layer.get_thread_name(thread_id) == name:
                await self._layer.update_thread(thread_id, name=title)
                await _show(session, thread_id, title)
        except Exception as exc:  # the conversation keeps the name that it has
            logger.warning(
                "Thread %s gets no title: %s",
                thread_id,
                in_one_line(exc),
                exc_info=exc if is_defect(exc) else None,
            )


def is_from_question(name: str | None, question: str) -> bool:
    """Tell whether a thread's name is but the beginning of its question; None is no thread."""
    if name is None:
        return False
    start = " ".join(name.removesuffix("…").split())
    return " ".join(question.split()).startswith(start)


async def _ask(model: Model, question: str, answer: str) -> str:
    talk = clean_text(f"Question: {question[:SHOWN]}\n\nAnswer: {answer[:SHOWN]}")
    messages = [{"role": "system", "content": PROMPT}, {"role": "user", "content": talk}]
    return await model.complete(cast(list[ChatCompletionMessageParam], messages), GENERATION)


async def _show(session: WebsocketSession, thread_id: str, title: str) -> None:
    """Let the pages of the thread fetch their lists again, and the asker's tab have the title."""
    if session.thread_id == thread_id:
        about = {"interaction": title, "thread_id": thread_id}
        await cl.context.emitter.emit("first_interaction", about)
        await cl.context.emitter.send_window_message(title_of(thread_id, title))
