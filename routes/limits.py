"""What a request is answered that goes beyond what its sender may have."""

import math

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from access.guard.away import try_again
from access.guard.user_limits import LimitReached, Stopping
from access.login.guessing.throttle import TooManyAttempts
from chat.wording.language import Localized

LATER = Localized(
    en="Too many attempts to sign in have failed. Try again in {seconds} s.",
    zh="登录失败次数过多。请在 {seconds} 秒后重试。",
)


async def limit_reached(request: Request, exc: Exception) -> Response:
    """Answer with the sentence of a `LimitReached`, in the reader's language."""
    if not isinstance(exc, LimitReached):
        raise exc
    if isinstance(exc, Stopping):
        return try_again(request.scope, exc.sentence)
    sentence = exc.sentence.of_request()
    return JSONResponse({"detail": sentence}, exc.status)


async def too_many_attempts(_request: Request, exc: Exception) -> JSONResponse:
    """Answer a `TooManyAttempts` with 429, and when to come back."""
    if not isinstance(exc, TooManyAttempts):
        raise exc
    seconds = math.ceil(exc.retry_s)
    sentence = LATER.filled(seconds=seconds)
    headers = {"Retry-After": str(seconds)}
    return JSONResponse({"detail": sentence.of_request()}, 429, headers)
