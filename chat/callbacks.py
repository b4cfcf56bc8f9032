"""What Chainlit calls in a conversation. Registered anew when the program's code is reloaded."""

import chainlit as cl
from chainlit.chat_context import chat_context
from chainlit.types import ThreadDict

from chat.turn.turn import Turns
from chat.wording import starters
from chat.wording.commands import send_commands
from chat.wording.profiles import chat_profiles, restore_profile
from chat.wording.settings_panel import send_panel


def register(turns: Turns) -> None:
    """Let Chainlit call these turns."""
    if len(turns.models.names) > 1:

        @cl.set_chat_profiles
        async def set_chat_profiles(_user: cl.User | None) -> list[cl.ChatProfile]:
            return chat_profiles(turns.models)

    starters.register()

    @cl.on_message
    async def on_message(message: cl.Message) -> None:
        await turns.answer(message)

    @cl.on_chat_resume
    async def on_chat_resume(thread: ThreadDict) -> None:
        # Chainlit fills it after this, also when the page has merely reconnected; an edit would
        # take a question that is in it twice for one that follows itself, and delete it.
        chat_context.clear()
        await restore_profile(thread, turns.models)
        # Meanwhile: the page gets its conversation when this returns.
        turns.in_background(send_options(turns))


async def send_options(turns: Turns) -> None:
    """Send the page its commands and its settings panel."""
    await send_commands()
    await send_panel(turns.models, turns.generation)
