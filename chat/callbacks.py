"""What Chainlit calls in a conversation. Registered anew when the program's code is reloaded."""

from collections.abc import Mapping

import chainlit as cl
from chainlit.chat_context import chat_context
from chainlit.types import ThreadDict

from chat.options import Options
from chat.turn.turn import Turns
from chat.wording import starters
from chat.wording.profiles import CHOSEN, restore_model


def register(turns: Turns, options: Options) -> None:
    """Let Chainlit call these turns, whose pages have these options."""
    starters.register()

    @cl.on_message
    async def on_message(message: cl.Message) -> None:
        await options.begun()
        await turns.answer(message)

    @cl.on_window_message
    async def on_window_message(told: object) -> None:
        if isinstance(told, Mapping):
            await options.take_model(told.get(CHOSEN))

    @cl.on_chat_resume
    async def on_chat_resume(thread: ThreadDict) -> None:
        # Chainlit fills it after this, also when the page has merely reconnected; an edit would
        # take a question that is in it twice for one that follows itself, and delete it.
        chat_context.clear()
        await restore_model(thread, turns.models)
        # Meanwhile: the page gets its conversation when this returns.
        turns.in_background(options.resume())
