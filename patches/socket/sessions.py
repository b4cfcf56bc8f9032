"""How Chainlit begins a session."""

from chainlit.config import config

from patches.patch import Parts


def begin_without_a_run(parts: Parts) -> None:
    """Begin a conversation as its user prefers, and offer what can be chosen."""

    async def on_chat_start() -> None:
        await parts.options.begin()

    config.code.on_chat_start = on_chat_start
