"""What a request is answered that goes beyond what its sender may have."""

import math

from fastapi import Request
from fastapi.responses import JSONResponse

from access.guard.away import try_again
from access.guard.user_limits import LimitReached, Stopping
from access.login.throttle import TooManyAttempts
from chat.wording.language import Localized

LATER = Localized(
    en="Too many attempts to sign in have failed. Try again in {seconds} s.",
    zh="登录失败次数过多。请在 {seconds} 秒后重试。",
)


async def limit_reached(request: Request, exc: Exception) -> JSONResponse:
    """Answer with the sentence of a `LimitReached`, in the reader's language."""
    if not isinstance(exc, LimitReached):
        raise exc
    if isinstance(exc, Stopping):
        return try_again(request.scope, exc.sentence)
    sentence = exc.sentence.in_language(request.headers.get("accept-language"))
    return JSONResponse({"detail": sentence}, exc.status)


async def too_many_attempts(request: Request, exc: Exception) -> JSONResponse:
    """Answer a `TooManyAttempts` with 429, and when to come back."""
    if not isinstance(exc, TooManyAttempts):
        raise exc
    seconds = math.ceil(exc.retry_s)
    sentence = LATER.in_language(request.headers.get("accept-language"))
    headers = {"Retry-After": str(seconds)}
    return JSONResponse({"detail": sentence.format(seconds=seconds)}, 429, headers)
