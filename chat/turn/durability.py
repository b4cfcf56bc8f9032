"""How long a turn waits for the database, and what is said when it goes on without it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import chainlit as cl

from chat.wording.language import Localized
from chat.wording.unavailable import FILES_LATE, Unstored
from common.failures import in_one_line
from datalayer.errors import DataLayerError, JournalUnusable, StoreUnavailable

logger = logging.getLogger(__name__)

DEADLINE_S = 5.0
AWAY_S = 1.0  # where it is known that the database does not answer


@asynccontextmanager
async def database_deadline(seconds: float = DEADLINE_S) -> AsyncIterator[None]:
    """Raise `StoreUnavailable` when what is done here takes longer than so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as exc:
        message = f"The database has not answered for {seconds:g} s."
        raise StoreUnavailable(message) from exc


async def until_stored(
    stored: Awaitable[object], name: str, sentences: Localized[Unstored]
) -> None:
    """Wait for what is being stored; where it is not, the page says so.

    `name` is what the log calls it.
    """
    try:
        async with database_deadline():
            await stored
    except DataLayerError as exc:
        if isinstance(exc, StoreUnavailable) and not isinstance(exc, JournalUnusable):
            logger.debug("%s waits for the database", name)
            await cl.context.emitter.send_toast(sentences.of_session().late, "warning")
            return
        logger.error("%s is not stored: %s", name, in_one_line(exc))  # noqa: TRY400 - in one line
        said = sentences.of_session()
        sentence = said.unkept if isinstance(exc, JournalUnusable) else said.failed
        await cl.context.emitter.send_toast(sentence, "error")


async def until_kept(files: Awaitable[None], thread_id: str) -> None:
    """Wait until the files of a question are kept, but no longer than for the database.

    Where they are not by then, the page says so. One that is given up is told by whoever does.
    """
    try:
        async with asyncio.timeout(DEADLINE_S):
            await files
    except TimeoutError:
        logger.warning("Files of the question in thread %s are not kept yet", thread_id)
        await cl.context.emitter.send_toast(FILES_LATE.of_session(), "warning")
