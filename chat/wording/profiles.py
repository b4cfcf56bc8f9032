"""Which model answers: chosen in the composer, for a new conversation and within one.

Chainlit's name for it is a mode. What is chosen is the session's chat profile, and is kept with the
thread under that name, as it was when models were chat profiles.
"""

import logging

import chainlit as cl
from chainlit.mode import Mode, ModeOption
from chainlit.session import WebsocketSession
from chainlit.types import ThreadDict

from chat.models.registry import Models
from chat.wording.language import Localized

logger = logging.getLogger(__name__)

MODE = "model"
CHOSEN = "keepchatModel"
"""Under what a page tells which model is chosen, before it asks for anything.

What it names in a message is of that message alone: an answer that is given anew or gone on with
has none.
"""

GONE = Localized(
    en="The model {gone} is not available any more; {used} answers now.",
    zh="模型 {gone} 已不可用；现在由 {used} 作答。",
)
NAME = Localized(en="Model", zh="模型")


async def send_models(models: Models) -> None:
    """Send the page the models to choose from, with that of the session; one is no choice."""
    if len(models.names) < 2:
        return
    chosen = models.of_profile(cl.context.session.chat_profile).name
    options = [ModeOption(id=name, name=name, default=name == chosen) for name in models.names]
    await cl.context.emitter.set_modes([Mode(id=MODE, name=NAME.of_session(), options=options)])


async def restore_model(thread: ThreadDict, models: Models) -> None:
    """Go on with the model that was chosen last, or say which one does instead."""
    session = cl.context.session
    kept = (thread["metadata"] or {}).get("chat_profile")
    if not kept or not isinstance(session, WebsocketSession) or models.find(kept):
        return
    used = models.default.name
    logger.info("Thread %s goes on with %s: there is no %s any more", thread["id"], used, kept)
    session.chat_profile = used
    cl.user_session.set("chat_profile", used)
    await cl.context.emitter.send_toast(GONE.filled(gone=kept, used=used).of_session(), "warning")
