"""THREAD_SHARING: a thread's author may let everybody who is signed in read it, files too.

Chainlit's own routes for it do not look at the setting, and send whole threads.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
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
from chat.wording.logins import ASKER
from chat.wording.refusals import NO_SHARING
from datalayer.layer import KeepchatDataLayer
from datalayer.records import StepRecord, ThreadRecord
from datalayer.siblings import HIDDEN
from datalayer.siblings import shown as steps_shown
from datalayer.stores.base import ThreadReads
from datalayer.values import as_id, is_temporary

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
_METADATA = ("icon",)
_METADATA_OF_ANSWERS = (*_METADATA, "state", "model")
# What a conversation needs that goes on: what its model does not take again.
_METADATA_OF_COPIES = (*_METADATA_OF_ANSWERS, "refused", "refused_images")


def sharing_router(
    reads: ThreadReads,
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
        require_sharing(sharing=sharing)
        thread_id = await owners.require_thread(layer, user, payload.threadId)
        if is_temporary(thread_id):
            raise owners.missing()
        sharer = owners.signed_in(user)
        about = {"shared_at": utc_now(), "shared_by": sharer.display_name or sharer.identifier}
        told = about if payload.isShared else dict.fromkeys(about)
        await layer.update_thread(thread_id, metadata={"is_shared": payload.isShared, **told})
        return JSONResponse({"success": True})

    @router.get("/project/share/{thread_id}")
    async def get_shared_thread(thread_id: str, user: UserParam) -> JSONResponse:
        require_sharing(sharing=sharing)
        asker = owners.signed_in(user)
        known_id = as_id(thread_id)
        if known_id is None or not await is_shared(reads, known_id):
            raise owners.missing()
        thread = await layer.get_thread(known_id)
        if thread is None:
            raise owners.missing()
        told = as_shared(judged(thread, now=wall_clock(), growing=growing(thread["id"])))
        return JSONResponse(told | about_share(thread, asker.identifier))

    return router


def require_sharing(*, sharing: bool) -> None:
    """Raise 404 where it is switched off."""
    if not sharing:
        raise HTTPException(404, NO_SHARING.of_request())


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


def about_share(thread: Mapping[str, Any], reader: str) -> dict[str, Any]:
    """Return who shares a thread, and since when."""
    about, owner = thread["metadata"] or {}, thread["userIdentifier"]
    return {
        "sharedBy": about.get("shared_by") or owner,
        "sharedAt": about.get("shared_at") or thread["createdAt"],
        "isOwn": owner == reader,
    }


def as_copied(thread: ThreadRecord, reader: str) -> ThreadRecord | None:
    """Return what a reader sees of a thread while it is shared, as a thread of theirs."""
    if thread.metadata.get("is_shared") is not True:
        return None
    steps = [_copied(step, reader) for step in steps_shown(thread.steps)]
    ids = {step.id for step in steps}
    names = (*_ELEMENT_FIELDS, "objectKey")
    elements = [
        replace(each, fields=next(iter(_picked([each.fields], names))))
        for each in thread.elements
        if each.fields.get("forId") in ids
    ]
    return replace(thread, owner=reader, tags=(), metadata={}, steps=steps, elements=elements)


def _copied(step: StepRecord, reader: str) -> StepRecord:
    [fields] = _picked([step.fields], _STEP_FIELDS)
    if fields.get("type") == "user_message":
        fields["name"] = reader
    metadata = _about(step.fields, _METADATA_OF_COPIES)
    return step._replace(fields={**fields, "metadata": metadata, HIDDEN: None}, feedback=None)


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    [shown] = _picked([step], _STEP_FIELDS)
    if shown["type"] == "user_message":
        shown["name"] = ASKER.of_request()
    metadata = _about(step, _METADATA_OF_ANSWERS if is_answer(step) else _METADATA)
    return {**shown, "metadata": metadata, "streaming": False, "waitForAnswer": False}


def _about(step: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    about = metadata_of(step)
    return {name: about[name] for name in names if about.get(name)}


def _picked(rows: Iterable[Any], names: Iterable[str]) -> Iterable[dict[str, Any]]:
    return ({name: row[name] for name in names if name in row} for row in rows)
