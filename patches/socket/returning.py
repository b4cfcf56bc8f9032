"""Pages that come, or come back, while the database is away: let in, or told, in time."""

import logging
from typing import Any

from chainlit.server import sio
from chainlit.session import WebsocketSession
from socketio.exceptions import ConnectionRefusedError as SocketRefused

from chat.turn.durability import database_deadline
from common.failures import in_one_line
from datalayer.errors import DataLayerError, level_of
from patches.originals import Handler, wrap
from patches.patch import Parts

logger = logging.getLogger("keepchat")


def let_in(_parts: Parts) -> None:
    """Let a page that was there before come back, whether or not the database is there."""
    wrap("connect", without_database)
    wrap("connection_successful", or_ended)
    wrap("disconnect", leaving)


def without_database(original: Handler) -> Handler:
    """Return a connect handler that reads no thread for a page that was let into it before."""

    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> Any:
        page = WebsocketSession.get_by_id(auth["sessionId"])
        is_known = page is not None and page.thread_id == auth.get("threadId")
        async with database_deadline():
            connected = await original(sid, environ, {**auth, "threadId": ""} if is_known else auth)
        if is_known and WebsocketSession.get(sid) is not page:
            raise SocketRefused("failed")  # it has been forgotten meanwhile
        return connected

    return connect


def leaving(original: Handler) -> Handler:
    """Return a handler of pages that are left, which can store what was chosen nowhere."""

    async def disconnect(sid: str, *reason: Any) -> None:
        try:
            await original(sid, *reason)
        except DataLayerError as exc:
            logger.log(
                level_of(exc), "What was chosen in a page is not stored: %s", in_one_line(exc)
            )

    return disconnect


def or_ended(original: Handler) -> Handler:
    """Return a handler that ends the line of a page whose thread cannot be read: it would wait."""

    async def connection_successful(sid: str) -> None:
        try:
            await original(sid)
        except DataLayerError as exc:
            logger.log(level_of(exc), "A page is not given its thread: %s", in_one_line(exc))
            await sio.disconnect(sid)

    return connection_successful
