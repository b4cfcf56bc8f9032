"""Going back to an exchange of the conversation that a page has open: asking again, going on."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import cast

import chainlit as cl
from chainlit.chat_context import chat_context
from chainlit.config import config
from chainlit.context import local_steps
from chainlit.step import StepDict

from chat.live.exchanges import Exchange, Step, metadata_of, required
from datalayer.layer import KeepchatDataLayer


@contextmanager
def below(run_id: str | None) -> Iterator[None]:
    """Put what is shown below a run of before, as what its own turn has shown."""
    runs = [cl.Step(id=run_id, name="on_message", type="run")] if run_id else []
    token = local_steps.set(runs)
    try:
        yield
    finally:
        local_steps.reset(token)


def message_of(step: Step) -> cl.Message:
    """Return a stored message as the page's conversation has it, and says what is stored."""
    found = next((it for it in chat_context.get() if it.id == step["id"]), None)
    message = found or cl.Message.from_dict(cast(StepDict, step))
    message.content = str(step.get("output") or "")
    message.metadata = dict(metadata_of(step))
    return message


async def ask_again(layer: KeepchatDataLayer, exchange: Exchange) -> None:
    """Have a question answered once more, as if it had just come; its former answer is hidden.

    `exchange` is of the thread that the page has open. Raises `ValueError` without a question.
    """
    question = message_of(required(exchange.question))
    await remove_from_page(exchange.roots)
    forget(step["id"] for step in exchange.steps)
    chat_context.add(question)
    # Its new run is stored by a task, which begins in the next turn of the loop: so are these, and
    # all of it at once.
    hidden = [step["id"] for step in exchange.steps]
    asyncio.get_running_loop().call_soon(layer.hide, question.thread_id, hidden)
    await config.code.on_message(question)


async def remove_from_page(step_ids: Iterable[str]) -> None:
    """Take steps, with all below them, from the page."""
    for step_id in step_ids:
        # The page looks at nothing but the id.
        await cl.context.emitter.delete_step(cast(StepDict, {"id": step_id}))


def forget(step_ids: Iterable[str]) -> None:
    """Take messages from what the page has seen of the conversation."""
    gone = set(step_ids)
    for message in chat_context.get():
        if message.id in gone:
            chat_context.remove(message)
