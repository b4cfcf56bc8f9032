"""What became of the files is told in the page: now as a toast, and for good as a step."""

from collections.abc import Sequence

import chainlit as cl


async def show_notices(notes: Sequence[str]) -> None:
    """Show sentences about files; they are no part of what the model gets."""
    if not notes:
        return
    for note in notes:
        await cl.context.emitter.send_toast(note, "warning")
    async with cl.Step(name="Attachments", type="tool", default_open=True) as step:
        step.output = "\n\n".join(notes)
