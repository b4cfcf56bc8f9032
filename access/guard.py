"""The guard around Chainlit's socket: ids that a client sends must be UUIDs."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from chainlit.server import sio
from socketio.exceptions import ConnectionRefusedError as SocketRefused

Connect = Callable[[str, dict[str, Any], Any], Awaitable[Any]]


def guard_socket() -> None:
    """Check every connection before Chainlit sees it; does nothing the second time."""
    original = sio.handlers["/"]["connect"]
    if not getattr(original, "is_keepchat_guard", False):
        sio.on("connect", guarded(original))


def guarded(original: Connect) -> Connect:
    """Return a connect handler that refuses unless all ids are UUIDs."""

    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> Any:
        if not has_valid_ids(auth):
            message = "sessionId and threadId must be UUIDs"
            raise SocketRefused(message)
        return await original(sid, environ, auth)

    connect.is_keepchat_guard = True  # type: ignore[attr-defined]
    return connect


def has_valid_ids(auth: Any) -> bool:
    """Tell whether what a client connects with names its session, and its thread, by UUIDs."""
    if not isinstance(auth, dict):
        return False
    thread_id = auth.get("threadId")
    return _is_uuid(auth.get("sessionId")) and (not thread_id or _is_uuid(thread_id))


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False
