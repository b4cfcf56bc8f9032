"""The routes by which a page asks for more of an answer that is there, and learns how it ended."""

from collections.abc import Callable
from typing import Any

from chainlit.server import UserParam
from chainlit.session import WebsocketSession
from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel

from access.guard import owners
from access.guard.pages import sessions_of
from access.guard.readers import may_read
from chat.actions.answers import Action, ActionRefused, AnswerActions
from chat.live.notes import notes_of
from chat.live.offers import wall_clock
from chat.live.running import LiveThreads
from chat.turn.turn import Turns
from chat.wording.actions import NOT_OPEN
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.base import ThreadReads
from routes.middleware.deadline import COPYING, allow

PATH = "/keepchat/answers/{thread_id}"


class AskedAction(BaseModel):
    """What a page asks for: which action, with which step, in which session of its own."""

    action: Action
    step: str
    session: str | None = None


def answers_router(
    reads: ThreadReads,
    layer: KeepchatDataLayer,
    live: LiveThreads,
    actions: AnswerActions,
    turns: Callable[[], Turns],
    prefix: str,
    *,
    sharing: bool,
) -> APIRouter:
    """Return the routes. `turns` returns those of the code that is loaded."""
    router = APIRouter(prefix=prefix, include_in_schema=False)

    @router.get(PATH)
    async def get_notes(thread_id: str, user: UserParam) -> dict[str, Any]:
        asker = owners.signed_in(user)
        is_readable = await may_read(reads, asker, thread_id, sharing=sharing)
        thread = await layer.get_thread(thread_id) if is_readable else None
        if thread is None:
            raise owners.missing()
        here = live.get(thread["id"])
        notes = notes_of(
            thread["steps"],
            now=wall_clock(),
            is_running=bool(here and here.is_running),
            growing=here.growing if here else (),
        )
        told = notes if thread["userIdentifier"] == asker.identifier else notes.for_readers()
        return {"notes": told.as_json()}

    @router.post(PATH)
    async def act(
        request: Request, thread_id: str, asked: AskedAction, user: UserParam
    ) -> dict[str, Any]:
        asker = owners.signed_in(user)
        known_id = await owners.require_thread(layer, asker, thread_id)
        try:
            page = _page(asker, known_id, asked.session)
            if asked.action == "branch":
                allow(request, COPYING)
            return dict(await actions.act(turns(), page, asked.action, asked.step))
        except ActionRefused as exc:
            raise HTTPException(409, exc.sentence.of_request()) from exc

    return router


def _page(asker: owners.Asker, thread_id: str, session_id: str | None) -> WebsocketSession:
    """Return a user's page of a thread: the one that asks, or another.

    Raises `ActionRefused` where there is none.
    """
    pages = [page for page in sessions_of(asker.identifier) if page.thread_id == thread_id]
    if not pages:
        raise ActionRefused(NOT_OPEN)
    return next((page for page in pages if page.id == session_id), pages[0])
