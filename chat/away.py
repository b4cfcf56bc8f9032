"""What a person is told while the database is away."""

from fastapi import Request
from fastapi.responses import JSONResponse

AWAY_S = 5.0  # a turn waits so long for the database, and then goes on without it

_AWAY = "The database cannot be reached."
QUESTION = f"{_AWAY} Your message is kept in memory and stored when it is back."
ANSWER = f"{_AWAY} This answer is kept in memory and stored when it is back."


async def unavailable(request: Request, exc: Exception) -> JSONResponse:  # noqa: ARG001 - FastAPI's
    """Answer a request of the page that the database would have to answer."""
    return JSONResponse({"detail": f"{_AWAY} Try again in a moment."}, 503)
