"""What a request is answered that goes beyond what its user may have."""

from fastapi import Request
from fastapi.responses import JSONResponse

from access.guard.user_limits import LimitReached


async def limit_reached(request: Request, exc: Exception) -> JSONResponse:
    """Answer with the sentence of a `LimitReached`, in the reader's language."""
    if not isinstance(exc, LimitReached):
        raise exc
    sentence = exc.sentence.in_language(request.headers.get("accept-language"))
    return JSONResponse({"detail": sentence}, exc.status)
