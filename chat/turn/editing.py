"""Editing a question: everything after it goes, in one write, and it is answered anew.

Chainlit's own handler removes the later messages only, one by one; their runs and tools would be
there again when the thread is resumed.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import chainlit as cl
from chainlit.chat_context import chat_context
from chainlit.context import init_ws_context
from chainlit.session import WebsocketSession
from chainlit.step import StepDict

from chat.turn.durability import database_deadline
from chat.wording.sentences import EDIT_REFUSED
from datalayer.errors import DataLayerError
from datalayer.layer import KeepchatDataLayer

logger = logging.getLogger(__name__)

Edit = Callable[[str, dict[str, Any]], Awaitable[None]]

READ_S = 1.0  # so long an edit waits for the database to tell what the page has to remove


def edited(original: Edit, layer: KeepchatDataLayer) -> Edit:
    """Return a handler that removes what follows before Chainlit's own changes the message."""

    async def edit_message(sid: str, payload: dict[str, Any]) -> None:
        session = WebsocketSession.get(sid)
        if session is None:
            return
        init_ws_context(session)
        question_id = payload["message"]["id"]
        if not _is_question(question_id):
            await cl.context.emitter.send_toast(EDIT_REFUSED.of_session(), "error")
            await cl.context.emitter.task_end()
            return
        later = await _read_later(layer, session.thread_id, question_id)
        layer.delete_steps_after(session.thread_id, question_id)
        for step_id in later:
            # The page looks at nothing but the id.
            await cl.context.emitter.delete_step(cast(StepDict, {"id": step_id}))
        await original(sid, payload)

    return edit_message


def _is_question(message_id: str) -> bool:
    """Tell whether this is a question of the conversation that the page has open."""
    return any(
        message.id == message_id and message.type == "user_message"
        for message in chat_context.get()
    )


async def _read_later(layer: KeepchatDataLayer, thread_id: str, question_id: str) -> Sequence[str]:
    """Return the ids of the steps after a question; none where the database does not tell soon."""
    try:
        async with database_deadline(READ_S):
            thread = await layer.get_thread_record(thread_id)
    except DataLayerError:
        logger.warning("The page of thread %s keeps old steps until it is reloaded", thread_id)
        return []
    ids = [step.id for step in thread.steps] if thread else []
    return ids[ids.index(question_id) + 1 :] if question_id in ids else []
