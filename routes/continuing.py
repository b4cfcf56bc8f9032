"""The route by which who reads what is shared goes on with it, in a copy of their own."""

import logging

from chainlit.server import UserParam
from fastapi import APIRouter, HTTPException, Request

from access.guard import owners
from access.guard.readers import is_shared
from chat.actions.continuing import Continuing
from chat.wording.refusals import NOT_COPIED, NOT_SHARED
from common.failures import in_one_line
from datalayer.errors import CopyFailed, level_of
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.base import Store
from datalayer.values import as_id
from routes.middleware.deadline import COPYING, allow
from routes.sharing import as_copied, require_sharing
from storage.errors import StorageUnavailable

logger = logging.getLogger(__name__)

PATH = "/keepchat/share/{thread_id}/copy"


def continuing_router(
    store: Store, layer: KeepchatDataLayer, prefix: str, *, sharing: bool
) -> APIRouter:
    """Return the route, to be placed before Chainlit's own."""
    router = APIRouter(prefix=prefix, include_in_schema=False)
    continuing = Continuing(layer, as_copied)

    @router.post(PATH)
    async def copy_shared_thread(
        request: Request, thread_id: str, user: UserParam
    ) -> dict[str, str]:
        require_sharing(sharing=sharing)
        reader = owners.signed_in(user).identifier
        known_id = as_id(thread_id)
        if known_id is None or not await is_shared(store, known_id):
            raise HTTPException(404, NOT_SHARED.of_request())
        allow(request, COPYING)
        try:
            return {"thread": await continuing.copy(known_id, reader)}
        except CopyFailed as exc:
            if isinstance(exc.__cause__, StorageUnavailable):
                raise exc.__cause__ from exc
            logger.log(level_of(exc), "No copy of thread %s: %s", known_id, in_one_line(exc))
            raise HTTPException(409, NOT_COPIED.of_request()) from exc

    return router
