"""How Chainlit begins a session."""

from chainlit.config import config

from chat.callbacks import send_options
from patches.patch import Parts


def begin_without_a_run(parts: Parts) -> None:
    """Offer what can be chosen as a session begins."""

    async def on_chat_start() -> None:
        await send_options(parts.turns)

    config.code.on_chat_start = on_chat_start
