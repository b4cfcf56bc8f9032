"""What a request is answered that needs the database while it is away."""

from fastapi import Request
from fastapi.responses import JSONResponse

from chat.wording.unavailable import DATABASE

RETRY_S = "5"


async def unavailable(request: Request, exc: Exception) -> JSONResponse:  # noqa: ARG001 - FastAPI's
    """Answer with 503 instead of a `StoreUnavailable`."""
    detail = f"{DATABASE} Try again in a few seconds."
    return JSONResponse({"detail": detail}, 503, {"Retry-After": RETRY_S})
