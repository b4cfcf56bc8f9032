"""The guard around Chainlit's socket: ids that a client sends must be UUIDs, and what it sends a
message of its own.
"""

import logging
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from chainlit.server import sio
from chainlit.session import WebsocketSession
from socketio.exceptions import ConnectionRefusedError as SocketRefused

from datalayer.errors import DataLayerError
from datalayer.layer import KeepchatDataLayer

logger = logging.getLogger(__name__)

Connect = Callable[[str, dict[str, Any], Any], Awaitable[Any]]
Event = Callable[[str, Any], Awaitable[Any]]
Allowed = Callable[[WebsocketSession, str], Awaitable[bool]]


def guard_socket() -> None:
    """Check every connection before Chainlit sees it."""
    sio.on("connect", guarded(sio.handlers["/"]["connect"]))


def guarded(original: Connect) -> Connect:
    """Return a connect handler that refuses unless all ids are UUIDs."""

    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> Any:
        if not has_valid_ids(auth):
            message = "sessionId and threadId must be UUIDs"
            raise SocketRefused(message)
        return await original(sid, environ, auth)

    return connect


def has_valid_ids(auth: Any) -> bool:
    """Tell whether what a client connects with names its session, and its thread, by UUIDs."""
    if not isinstance(auth, dict):
        return False
    thread_id = auth.get("threadId")
    return _is_uuid(auth.get("sessionId")) and (not thread_id or _is_uuid(thread_id))


def guard_messages(layer: KeepchatDataLayer) -> None:
    """Look at what clients send before Chainlit does.

    `chat.turn.editing` does the same for edits: they name a question of the session's thread.
    """
    for event, is_allowed in (("client_message", _may_ask), ("message_favorite", _may_star)):
        sio.on(event, owned(sio.handlers["/"][event], partial(is_allowed, layer)))


def owned(original: Event, is_allowed: Allowed) -> Event:
    """Return a handler that lets through questions that may be sent."""

    async def handle(sid: str, payload: Any) -> Any:
        session = WebsocketSession.get(sid)
        if session is None:
            return None
        if not is_question(payload) or not await is_allowed(session, payload["message"]["id"]):
            logger.warning("A message in thread %s is refused", session.thread_id)
            return None
        return await original(sid, payload)

    return handle


async def _may_ask(layer: KeepchatDataLayer, session: WebsocketSession, step_id: str) -> bool:
    """Tell whether the question is new, or one of this thread."""
    try:
        return await layer.get_step_thread(step_id) in ("", session.thread_id)
    except DataLayerError:
        return True  # the chat goes on without its database, which will not let a row move


async def _may_star(layer: KeepchatDataLayer, session: WebsocketSession, step_id: str) -> bool:
    """Tell whether the question is the user's own, in whatever thread."""
    try:
        home = await layer.get_step_thread(step_id, wait=True)
        author = await layer.get_thread_author(home)
    except DataLayerError:
        return False
    return session.user is not None and session.user.identifier == author


def is_question(payload: Any) -> bool:
    """Tell whether a client sends what its user can have asked, under UUIDs."""
    message = payload.get("message") if isinstance(payload, dict) else None
    return (
        isinstance(message, dict)
        and message.get("type") == "user_message"
        and isinstance(message.get("output"), str)
        and _is_uuid(message.get("id"))
        and all(not message.get(it) or _is_uuid(message[it]) for it in ("threadId", "parentId"))
    )


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False
