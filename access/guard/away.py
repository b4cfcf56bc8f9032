"""What a request is answered that needs what is away: the database, or the storage of files."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import Scope

from chat.wording.language import Localized
from chat.wording.unavailable import TRY_AGAIN

RETRY_S = "5"


def try_again(scope: Scope, sentence: Localized[str] = TRY_AGAIN) -> JSONResponse:
    """Return a 503 that says, in the reader's language, what is away and when to come back."""
    detail = sentence.in_language(Headers(scope=scope).get("accept-language"))
    headers = {"Retry-After": RETRY_S, "Cache-Control": "no-store"}
    return JSONResponse({"detail": detail}, 503, headers)
