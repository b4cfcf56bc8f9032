"""THREAD_SHARING: a thread's author may let everybody who is signed in read it, files too.

Chainlit's own routes for it do not look at the setting, and send whole threads.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from chainlit.server import UserParam
from chainlit.types import ShareThreadRequest
from chainlit.utils import utc_now
from fastapi import APIRouter, HTTPException
from fastapi.responses import JSONResponse

from access.guard import owners
from access.guard.readers import is_shared
from chat.live.exchanges import is_answer, metadata_of
from chat.live.notes import Growing, judged, nothing_grows
from chat.live.offers import wall_clock
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.base import Store
from datalayer.values import as_id

# What the page needs to show a thread, and nothing that it does not show.
_STEP_FIELDS = (
    "id",
    "threadId",
    "parentId",
    "type",
    "name",
    "input",
    "output",
    "showInput",
    "isError",
    "language",
    "command",
    "createdAt",
    "start",
    "end",
    "defaultOpen",
    "autoCollapse",
)
_ELEMENT_FIELDS = (
    "id",
    "threadId",
    "forId",
    "type",
    "name",
    "display",
    "url",
    "mime",
    "size",
    "page",
    "language",
    "props",
    "autoPlay",
    "playerConfig",
)
ASKER = "User"  # instead of the name that somebody signs in with


def sharing_router(
    store: Store,
    layer: KeepchatDataLayer,
    prefix: str,
    *,
    sharing: bool,
    growing: Growing = nothing_grows,
) -> APIRouter:
    """Return the routes, to be placed before Chainlit's own and in their stead."""
    router = APIRouter(prefix=prefix, include_in_schema=False)

    @router.put("/project/thread/share")
    async def share_thread(payload: ShareThreadRequest, user: UserParam) -> JSONResponse:
        _require(sharing=sharing)
        thread_id = await owners.require_thread(layer, user, payload.threadId)
        shared_at = utc_now() if payload.isShared else None
        metadata = {"is_shared": payload.isShared, "shared_at": shared_at}
        await layer.update_thread(thread_id, metadata=metadata)
        return JSONResponse({"success": True})

    @router.get("/project/share/{thread_id}")
    async def get_shared_thread(thread_id: str, user: UserParam) -> JSONResponse:
        _require(sharing=sharing)
        owners.signed_in(user)
        known_id = as_id(thread_id)
        if known_id is None or not await is_shared(store, known_id):
            raise owners.missing()
        thread = await layer.get_thread(known_id)
        if thread is None:
            raise owners.missing()
        return JSONResponse(
            as_shared(judged(thread, now=wall_clock(), growing=growing(thread["id"])))
        )

    return router


def _require(*, sharing: bool) -> None:
    if not sharing:
        raise HTTPException(404, "Sharing is switched off.")


def as_shared(thread: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a thread those see with whom it is shared."""
    return {
        "id": thread["id"],
        "name": thread["name"],
        "createdAt": thread["createdAt"],
        "metadata": {"is_shared": True},
        "steps": [_step(step) for step in thread["steps"]],
        "elements": list(_picked(thread["elements"] or [], _ELEMENT_FIELDS)),
    }


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    [shown] = _picked([step], _STEP_FIELDS)
    if shown["type"] == "user_message":
        shown["name"] = ASKER
    names = ("icon", "state") if is_answer(step) else ("icon",)
    about = metadata_of(step)
    metadata = {name: about[name] for name in names if about.get(name)}
    return {**shown, "metadata": metadata, "streaming": False, "waitForAnswer": False}


def _picked(rows: Iterable[Any], names: Iterable[str]) -> Iterable[dict[str, Any]]:
    return ({name: row[name] for name in names if name in row} for row in rows)
