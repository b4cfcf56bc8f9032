"""Chainlit's chat profiles: which model answers in a conversation."""

import logging

import chainlit as cl
from chainlit.session import WebsocketSession
from chainlit.types import ThreadDict

from chat.models.registry import Models
from chat.wording.language import Localized

logger = logging.getLogger(__name__)

GONE = Localized(
    en="The model {gone} is not available any more; {used} answers now.",
    zh="模型 {gone} 已不可用；现在由 {used} 作答。",
)


def chat_profiles(models: Models) -> list[cl.ChatProfile]:
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
    await cl.context.emitter.send_toast(GONE.of_session().format(gone=gone, used=used), "warning")
