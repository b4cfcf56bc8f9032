"""What a person is told while the database or the storage of files cannot be reached."""

from contextlib import suppress
from dataclasses import dataclass

import chainlit as cl
from chainlit.context import ChainlitContextException

DATABASE = "The database cannot be reached."


@dataclass(frozen=True, slots=True)
class Unstored:
    """What is said of something that is not stored: not yet, or never."""

    late: str
    failed: str


QUESTION = Unstored(
    late=f"{DATABASE} Your message is kept in memory and stored when it is back.",
    failed="This message could not be saved.",
)
ANSWER = Unstored(
    late=f"{DATABASE} This answer is kept in memory and stored when it is back.",
    failed="This answer could not be saved.",
)
_FILE = (
    "“{name}” could not be kept: the storage of files cannot be reached, or refuses it. Send it "
    "again later; the log has the cause."
)


async def show_file_lost(name: str) -> None:
    """Tell whoever sent a file that it is not stored."""
    with suppress(ChainlitContextException):  # nobody's page sent it
        await cl.context.emitter.send_toast(_FILE.format(name=name), "error")
