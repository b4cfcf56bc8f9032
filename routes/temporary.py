"""The route by which a page says that nothing of its conversation is to be stored, or leaves it."""

from chainlit.server import UserParam
from chainlit.session import WebsocketSession
from fastapi import APIRouter
from pydantic import BaseModel

from access.guard import owners
from access.guard.temporary import TemporaryChats
from chat.live.running import LiveThreads

PATH = "/keepchat/temporary/{session_id}"


class Switch(BaseModel):
    """Whether it is to be one."""

    on: bool


def temporary_router(chats: TemporaryChats, live: LiveThreads, prefix: str) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix=prefix, include_in_schema=False)

    @router.put(PATH)
    async def switch(session_id: str, wanted: Switch, user: UserParam) -> dict[str, bool]:
        page = _page(user, session_id)
        await chats.switch(page, on=wanted.on)
        await live.tell_kind(page)
        return {"on": chats.is_on(page)}

    @router.delete(PATH)
    async def leave(session_id: str, user: UserParam) -> dict[str, bool]:
        page = _page(user, session_id)
        page.to_clear = True  # as its line is cut
        await chats.end(page)
        return {"on": False}

    return router


def _page(user: owners.Asker | None, session_id: str) -> WebsocketSession:
    """Return an open page of a user's. Raises 404 where it is none."""
    owners.require_session(user, session_id)
    page: WebsocketSession | None = WebsocketSession.get_by_id(session_id)
    if page is None:
        raise owners.missing()
    return page
