"""Conversations of which nothing is stored: where Chainlit would, and what ends with the page."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from chainlit.session import BaseSession, WebsocketSession
from chainlit.types import FileReference

from access.guard.held_files import CAN_HOLD, hold
from access.guard.temporary import TemporaryChats
from access.guard.user_limits import LimitReached
from chat.wording.temporary import GONE
from datalayer.values import as_id, is_temporary
from patches.originals import Handler, replace, wrap
from patches.patch import Parts
from patches.socket.handlers import return_message

Persist = Callable[..., Awaitable[FileReference]]
Delete = Callable[[WebsocketSession], Awaitable[None]]


def keep_nothing(parts: Parts) -> None:
    """Let nothing of a temporary conversation be on the disk, nor anywhere after its end."""
    replace(BaseSession, "persist_file", in_memory)
    replace(WebsocketSession, "delete", lambda original: ending(original, parts.temporary))
    wrap("connect", without_its_thread)
    wrap("client_message", lambda original: if_there(original, parts.temporary))


def in_memory(original: Persist) -> Persist:
    """Return what keeps a file of a session, in memory where its conversation is temporary."""

    async def persist_file(
        session: BaseSession,
        name: str,
        mime: str,
        path: str | None = None,
        content: bytes | str | None = None,
    ) -> FileReference:
        text = content.encode() if isinstance(content, str) else content
        source = Path(path) if path else text
        if source and CAN_HOLD and is_temporary(session.thread_id):
            return await hold(session, name, mime, source)
        return await original(session, name, mime, path=path, content=content)

    return persist_file


def ending(original: Delete, chats: TemporaryChats) -> Delete:
    """Return what forgets a page, and with it what was temporary in it."""

    async def delete(session: WebsocketSession) -> None:
        await chats.end(session)
        await original(session)

    return delete


def without_its_thread(original: Handler) -> Handler:
    """Return a connect handler that opens no temporary thread: it belongs to one page alone.

    A page that comes back after its end has nothing but its id, and so stores nothing.
    """

    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> Any:
        thread_id = as_id(auth.get("threadId") or None) or ""
        if not is_temporary(thread_id):
            return await original(sid, environ, auth)
        connected = await original(sid, environ, {**auth, "threadId": ""})
        page = WebsocketSession.get(sid)
        if page and not page.restored:
            page.thread_id = thread_id
        return connected

    return connect


def if_there(original: Handler, chats: TemporaryChats) -> Handler:
    """Return a handler that gives messages back once their temporary conversation has ended, or
    where its user's would hold too much.
    """

    async def message(sid: str, payload: Any) -> Any:
        page = WebsocketSession.get(sid)
        if page is None:
            return None
        if chats.is_gone(page):
            await return_message(page, payload, GONE)
            return None
        try:
            chats.check(page, len(str(payload["message"].get("output") or "")))
        except LimitReached as exc:
            await return_message(page, payload, exc.sentence)
            return None
        return await original(sid, payload)

    return message
