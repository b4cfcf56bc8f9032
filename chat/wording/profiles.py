"""What people choose: a model and the chat settings of a conversation, a command for a question."""

import logging

import chainlit as cl
from chainlit.session import WebsocketSession
from chainlit.types import ThreadDict

from chat.models.registry import Models
from chat.turn.turn import Turns
from chat.wording import commands
from chat.wording.settings_panel import LABELS, chosen, widgets

logger = logging.getLogger(__name__)

GONE = "The model {gone} is not available any more; {used} answers now."


def profiles(models: Models) -> list[cl.ChatProfile]:
    """Return the models as chat profiles."""
    first = models.names[0]
    return [
        cl.ChatProfile(
            name=name,
            markdown_description=f"Answers are written by **{name}**.",
            default=name == first,
        )
        for name in models.names
    ]


async def offer(turns: Turns) -> None:
    """Send the page its commands, and its form of chat settings as the session has them."""
    await commands.offer()
    session = cl.context.session
    model = turns.models.find(session.chat_profile) or turns.models.default
    manner = chosen(session.chat_settings, turns.manner)
    await cl.ChatSettings(widgets(manner, model, LABELS.of_session())).send()


async def restore_profile(thread: ThreadDict, models: Models) -> None:
    """Go on with a model that there is: the page could not be used with any other."""
    session = cl.context.session
    metadata = thread["metadata"] or {}
    gone = metadata.get("chat_profile")
    if not gone or not isinstance(session, WebsocketSession) or models.find(gone):
        return
    used = models.default.name
    logger.info("Thread %s goes on with %s: there is no %s any more", thread["id"], used, gone)
    name = used if len(models.names) > 1 else None
    thread["metadata"] = {**metadata, "chat_profile": name}
    session.chat_profile = name
    cl.user_session.set("chat_profile", name)
    await cl.context.emitter.send_toast(GONE.format(gone=gone, used=used), "warning")
