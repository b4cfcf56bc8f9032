"""Before Chainlit's handlers of the socket's events."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from chainlit.server import sio
from chainlit.session import WebsocketSession
from socketio.exceptions import ConnectionRefusedError as SocketRefused

from access.guard.limits import UploadLimits, WaitingFiles, first_references
from access.guard.sockets import has_valid_auth, may_ask, may_star
from access.guard.user_limits import LimitReached, UserLimits
from access.login.base import LoginMode
from chat import callbacks
from chat.turn import editing
from common.failures import in_one_line
from datalayer.layer import KeepchatDataLayer
from patches.originals import Handler, wrap
from patches.patch import Parts

logger = logging.getLogger(__name__)

Judge = Callable[[KeepchatDataLayer, WebsocketSession, Any], Awaitable[bool]]

NOT_SENT = ("connect", "disconnect")  # the events that the server itself begins


def check_login(parts: Parts) -> None:
    """Disconnect an open page at its next event once its login does not count any more."""
    for event in sio.handlers["/"].keys() - set(NOT_SENT):
        wrap(event, lambda original: if_signed_in(original, parts.login))


def if_signed_in(original: Handler, login: LoginMode) -> Handler:
    """Return a handler that lets only those through who are still signed in."""

    async def handle(sid: str, *sent: Any) -> Any:
        session = WebsocketSession.get(sid)
        if session is not None and not login.honours(session.token or ""):
            await sio.disconnect(sid)
            return None
        return await original(sid, *sent)

    return handle


def check_ids(parts: Parts) -> None:
    """Refuse a connection that no page makes."""
    wrap("connect", lambda original: if_auth_is_valid(original, parts.user_limits))


def if_auth_is_valid(original: Handler, limits: UserLimits) -> Handler:
    """Return a connect handler that refuses unless all ids are UUIDs, in words where it can."""

    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> Any:
        if not has_valid_auth(auth):
            message = "sessionId and threadId must be UUIDs, and all else of its kind"
            raise SocketRefused(message)
        language = environ.get("HTTP_ACCEPT_LANGUAGE")
        try:
            limits.check_bytes("env_kb", auth.get("userEnv"), "somebody")
            return await original(sid, environ, auth)
        except LimitReached as exc:
            raise SocketRefused(exc.sentence.in_language(language)) from exc
        except (SocketRefused, ConnectionRefusedError):
            raise
        except Exception as exc:
            logger.error("A page cannot connect: %s", in_one_line(exc))  # noqa: TRY400
            raise SocketRefused("failed") from exc

    return connect


def limit_files(parts: Parts) -> None:
    """Take no more files with a message than are allowed."""
    wrap(
        "client_message",
        lambda original: with_few_files(original, parts.limits, parts.waiting_files),
    )


def with_few_files(original: Handler, limits: UploadLimits, waiting: WaitingFiles) -> Handler:
    """Return a handler that leaves out files above the limit; then none waits any more."""

    async def message(sid: str, payload: Any) -> Any:
        session = WebsocketSession.get(sid)
        if session is not None and isinstance(payload, dict):
            given = payload.get("fileReferences")
            payload["fileReferences"] = first_references(given, limits.files)
            waiting.clear(session)
        return await original(sid, payload)

    return message


def check_message(parts: Parts) -> None:
    """Refuse a message that its user cannot have asked here."""
    wrap("client_message", lambda original: if_allowed(original, may_ask, parts.layer))


def check_star(parts: Parts) -> None:
    """Refuse a star on what is not the user's own question."""
    wrap("message_favorite", lambda original: if_allowed(original, may_star, parts.layer))


def if_allowed(original: Handler, is_allowed: Judge, layer: KeepchatDataLayer) -> Handler:
    """Return a handler that lets through what a session may send."""

    async def handle(sid: str, payload: Any) -> Any:
        session = WebsocketSession.get(sid)
        if session is None:
            return None
        if not await is_allowed(layer, session, payload):
            logger.warning("A message in thread %s is refused", session.thread_id)
            return None
        return await original(sid, payload)

    return handle


def edit_in_one_write(parts: Parts) -> None:
    """Remove all that follows an edited question."""
    wrap("edit_message", lambda original: editing.edited(original, parts.layer))


def stop_without_a_message(_parts: Parts) -> None:
    """Stop an answer, and add no message."""
    wrap("stop", lambda _original: callbacks.stop)
