"""What became of the files is told in the page: now as a toast, and for good as a step."""

from collections.abc import Sequence

import chainlit as cl

from chat.wording.language import Localized

_STEP = Localized(en="Attachments", zh="附件")


async def show_notices(notes: Sequence[Localized[str]]) -> None:
    """Show sentences about files; they are no part of what the model gets."""
    if not notes:
        return
    sentences = [note.of_session() for note in notes]
    for sentence in sentences:
        await cl.context.emitter.send_toast(sentence, "warning")
    async with cl.Step(name=_STEP.of_session(), type="tool", default_open=True) as step:
        step.output = "\n\n".join(sentences)
