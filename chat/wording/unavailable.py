"""What a person is told while the database is away."""

from contextlib import suppress

import chainlit as cl
from chainlit.context import ChainlitContextException
from fastapi import Request
from fastapi.responses import JSONResponse

AWAY_S = 5.0  # a turn waits so long for the database, and then goes on without it

_AWAY = "The database cannot be reached."
QUESTION = f"{_AWAY} Your message is kept in memory and stored when it is back."
ANSWER = f"{_AWAY} This answer is kept in memory and stored when it is back."

_FILE = (
    "“{name}” could not be kept: the storage of files cannot be reached, or refuses it. Send it "
    "again later; the log has the cause."
)


async def file_lost(name: str) -> None:
    """Tell whoever sent a file that it is not stored."""
    with suppress(ChainlitContextException):  # nobody's page sent it
        await cl.context.emitter.send_toast(_FILE.format(name=name), "error")


async def unavailable(request: Request, exc: Exception) -> JSONResponse:  # noqa: ARG001 - FastAPI's
    """Answer a request of the page that the database would have to answer."""
    return JSONResponse({"detail": f"{_AWAY} Try again in a moment."}, 503)
