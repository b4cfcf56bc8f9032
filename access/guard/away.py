"""What a request is answered that needs what is away: the database, or the storage of files."""

from starlette.responses import Response
from starlette.types import Scope

from access.told import NOT_KEPT, told, wants_page
from chat.wording.language import Localized
from chat.wording.unavailable import TRY_AGAIN

RETRY_S = "5"


def try_again(scope: Scope, sentence: Localized[str] = TRY_AGAIN) -> Response:
    """Return a 503 that says, in the reader's language, what is away and when to come back.

    A page that is loaded comes back by itself.
    """
    by_itself = {"Refresh": RETRY_S} if wants_page(scope) else {}
    return told(scope, sentence, 503, headers={**NOT_KEPT, "Retry-After": RETRY_S, **by_itself})
