"""What Chainlit calls in a conversation. Registered anew when the program's code is reloaded."""

import chainlit as cl
from chainlit.config import config
from chainlit.context import init_ws_context
from chainlit.server import sio
from chainlit.session import WebsocketSession
from chainlit.types import ThreadDict

from chat.turn import Turns


def register(turns: Turns) -> None:
    """Let Chainlit call these turns."""

    @cl.on_message
    async def on_message(message: cl.Message) -> None:
        await turns.answer(message)

    @cl.on_chat_resume
    async def on_chat_resume(thread: ThreadDict) -> None:
        """Exists so that Chainlit lets threads be resumed; the page gets the thread itself."""

    sio.on("stop", _stop)


async def _stop(sid: str) -> None:
    """Stop the answer. Chainlit's own handler would add a message that says so to the thread."""
    session = WebsocketSession.get(sid)
    if session is None:
        return
    init_ws_context(session)
    if session.current_task:
        session.current_task.cancel()
    if config.code.on_stop:
        await config.code.on_stop()
