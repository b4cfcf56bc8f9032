"""Editing a question: everything after it goes, in one write, and it is answered anew.

Chainlit's own handler removes the later messages only, one by one; their runs and tools would be
there again when the thread is resumed.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import chainlit as cl
from chainlit.context import init_ws_context
from chainlit.server import sio
from chainlit.session import WebsocketSession

from datalayer.errors import DataLayerError
from datalayer.layer import KeepchatDataLayer

logger = logging.getLogger(__name__)

Edit = Callable[[str, dict[str, Any]], Awaitable[None]]


def guard_edits(layer: KeepchatDataLayer) -> None:
    """Put this before Chainlit's handler; done again, it replaces itself."""
    handler = sio.handlers["/"]["edit_message"]
    sio.on("edit_message", edited(getattr(handler, "original", handler), layer))


def edited(original: Edit, layer: KeepchatDataLayer) -> Edit:
    """Return a handler that removes what follows before Chainlit's own changes the message."""

    async def edit_message(sid: str, payload: dict[str, Any]) -> None:
        session = WebsocketSession.get(sid)
        if session is None:
            return
        init_ws_context(session)
        try:
            await _remove_later(layer, session.thread_id, payload["message"]["id"])
        except (LookupError, DataLayerError) as exc:
            logger.warning("An edit in thread %s is refused", session.thread_id, exc_info=exc)
            sentence = "This message cannot be edited now. Reload the page and try again."
            await cl.context.emitter.send_toast(sentence, "error")
            await cl.context.emitter.task_end()
            return
        await original(sid, payload)

    edit_message.original = original  # type: ignore[attr-defined]
    return edit_message


async def _remove_later(layer: KeepchatDataLayer, thread_id: str, step_id: str) -> None:
    await layer.flush(thread_id)
    thread = await layer.get_thread(thread_id)
    later = after(thread["steps"] or [] if thread else [], step_id)
    await layer.delete_steps(thread_id, [step["id"] for step in later])
    for step in later:
        await cl.context.emitter.delete_step(step)


def after(steps: Sequence[Any], question_id: str) -> list[Any]:
    """Return the steps that come after a question. Raises `LookupError` when it is not there."""
    asked = [step["id"] for step in steps if step["type"] == "user_message"]
    if question_id not in asked:
        message = f"There is no question {question_id}."
        raise LookupError(message)
    ids = [step["id"] for step in steps]
    return list(steps[ids.index(question_id) + 1 :])
