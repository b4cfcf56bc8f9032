"""A Chainlit app of one's own that keeps everything with Keepchat: `chainlit run app.py`."""

import chainlit as cl

from bootstrap.embedding import keepchat_data_layer

PEOPLE = {"anna": "correct horse"}  # yours come from elsewhere

layer = keepchat_data_layer()


@cl.password_auth_callback
async def sign_in(username: str, password: str) -> cl.User | None:
    """Say who signs in; None for nobody."""
    is_right = PEOPLE.get(username) == password
    return cl.User(identifier=username) if is_right else None


@cl.on_chat_resume
async def on_chat_resume(_thread: object) -> None:
    """Let people go on with what is in their sidebar."""


@cl.on_message
async def on_message(message: cl.Message) -> None:
    """Answer, with a file."""
    text = f"You said: {message.content}"
    await cl.Message(text, elements=[cl.File(name="said.txt", content=message.content)]).send()
