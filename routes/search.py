"""The route by which a person finds conversations: each with what was found in it, and where."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any, TypeVar

from chainlit.server import UserParam
from chainlit.types import Pagination, ThreadDict, ThreadFilter
from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, StringConstraints

from access.guard import owners
from access.guard.user_limits import UserLimits
from datalayer.layer import KeepchatDataLayer
from datalayer.records import Excerpt, SearchHit
from datalayer.sections import ARCHIVE, folder_of, section_of

PATH = "/keepchat/search"
PAGE = 20  # conversations

T = TypeVar("T")
Json = dict[str, Any]


class AskedSearch(BaseModel):
    """What is looked for, and the `cursor` of the page before. Nothing is said by blanks: then the
    latest conversations are meant.
    """

    query: str = ""
    cursor: Annotated[str, StringConstraints(max_length=1_000)] | None = None


def search_router(layer: KeepchatDataLayer, limits: UserLimits, prefix: str) -> APIRouter:
    """Return the route, by POST: what somebody looks for is in no log of addresses."""
    router = APIRouter(prefix=prefix, include_in_schema=False)

    @router.post(PATH)
    async def search(request: Request, asked: AskedSearch, user: UserParam) -> Json:
        asker = owners.signed_in(user)
        with limits.admit("searches", asker.identifier):
            return await _while_awaited(request, _found(layer, asker, asked))

    return router


async def _found(layer: KeepchatDataLayer, asker: owners.Asker, asked: AskedSearch) -> Json:
    user_id = await owners.user_id(layer, asker)
    try:
        if asked.query.strip():
            return await _search(layer, user_id, asked)
        return await _latest(layer, user_id, asked)
    except ValueError as exc:
        raise HTTPException(400, "The cursor is none that a page gave.") from exc


async def _search(layer: KeepchatDataLayer, user_id: str, asked: AskedSearch) -> Json:
    page = await layer.search(user_id, asked.query, first=PAGE, after=asked.cursor)
    return {"hits": [_hit(hit) for hit in page.hits], "cursor": page.next_cursor}


async def _latest(layer: KeepchatDataLayer, user_id: str, asked: AskedSearch) -> Json:
    pagination = Pagination(first=PAGE, cursor=asked.cursor)
    page = await layer.list_threads(pagination, ThreadFilter(userId=user_id))
    return {"hits": [_listed(it) for it in page.data], "cursor": page.pageInfo.endCursor}


def _hit(hit: SearchHit) -> Json:
    name, parts = [hit.thread.name or ""], _parts(hit.excerpt)
    return {
        "thread": hit.thread.id,
        "step": hit.step_id,
        "name": name if hit.step_id else parts,
        "snippet": parts if hit.step_id else [],
        "when": hit.at,
        **_place(hit.thread.metadata),
    }


def _listed(thread: ThreadDict) -> Json:
    return {
        "thread": thread["id"],
        "step": None,
        "name": [thread["name"] or ""],
        "snippet": [],
        "when": thread["createdAt"],
        **_place(thread["metadata"] or {}),
    }


def _place(metadata: Mapping[str, Any]) -> Json:
    return {"archived": section_of(metadata) == ARCHIVE, "folder": folder_of(metadata)}


def _parts(excerpt: Excerpt) -> Sequence[str]:
    """Return what is plain and what is marked in turn."""
    return [text for text, _is_marked in excerpt.parts()]


async def _while_awaited(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what comes of some work; it is given up where nobody waits for it any more.

    A page looks for each beginning of a word, and waits for the last one alone.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(request.receive())  # which comes after the body: it has left
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
    finally:
        for each in (task, gone):
            each.cancel()
    with suppress(asyncio.CancelledError):
        await task
    raise HTTPException(499, "Nobody waits for it any more.")
