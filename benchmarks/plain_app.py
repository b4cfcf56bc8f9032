"""A plain Chainlit app, as its documentation has it: what Keepchat is compared with.

It is copied into a folder of its own and run there. With DATABASE_URL Chainlit's own asyncpg layer
keeps its conversations.
"""

import os

import chainlit as cl
from chainlit.chat_context import chat_context
from openai import AsyncOpenAI

client = AsyncOpenAI()


@cl.password_auth_callback
async def log_in(username: str, password: str) -> cl.User | None:
    return cl.User(identifier=username) if password else None


@cl.on_message
async def on_message(_message: cl.Message) -> None:
    answer = cl.Message(content="")
    stream = await client.chat.completions.create(
        model=os.environ["OPENAI_MODEL"],
        messages=[{"role": "system", "content": "Be brief."}, *chat_context.to_openai()],
        stream=True,
    )
    async for chunk in stream:
        if chunk.choices and (token := chunk.choices[0].delta.content):
            await answer.stream_token(token)
    await answer.update()
