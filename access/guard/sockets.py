"""What a client sends over the socket: ids must be UUIDs, messages and stars its user's own."""

import uuid
from typing import Any

from chainlit.session import WebsocketSession

from datalayer.errors import DataLayerError
from datalayer.layer import KeepchatDataLayer


def has_valid_ids(auth: Any) -> bool:
    """Tell whether what a client connects with names its session, and its thread, by UUIDs."""
    if not isinstance(auth, dict):
        return False
    thread_id = auth.get("threadId")
    return _is_uuid(auth.get("sessionId")) and (not thread_id or _is_uuid(thread_id))


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


async def may_ask(_layer: KeepchatDataLayer, _session: WebsocketSession, payload: Any) -> bool:
    """Tell whether it is a question.

    Whether its id is new, or one of this thread, is judged where it is stored: a question that is
    refused there is not answered.
    """
    return is_question(payload)


async def may_star(layer: KeepchatDataLayer, session: WebsocketSession, payload: Any) -> bool:
    """Tell whether it is a question of the user's own, in whatever thread."""
    if not is_question(payload):
        return False
    try:
        home = await layer.get_step_thread(payload["message"]["id"], wait=True)
        author = await layer.get_thread_author(home)
    except DataLayerError:
        return False
    return session.user is not None and session.user.identifier == author


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False
