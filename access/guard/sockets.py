"""What a client connects with, and whose it is what it sends: messages and stars its user's own."""

import json
from typing import Any

from chainlit.session import WebsocketSession

from access.guard.events import is_question, is_uuid
from datalayer.errors import DataLayerError
from datalayer.layer import KeepchatDataLayer

LONGEST_PROFILE = 1_000  # characters
CLIENTS = ("webapp", "copilot", "teams", "slack", "discord")


def has_valid_auth(auth: Any) -> bool:
    """Tell whether a client connects as a page does: session, and thread, are UUIDs."""
    if not isinstance(auth, dict):
        return False
    thread_id, profile = auth.get("threadId"), auth.get("chatProfile")
    return (
        is_uuid(auth.get("sessionId"))
        and (not thread_id or is_uuid(thread_id))
        and (not profile or (isinstance(profile, str) and len(profile) <= LONGEST_PROFILE))
        and auth.get("clientType") in CLIENTS
        and _is_environment(auth.get("userEnv"))
    )


def _is_environment(given: Any) -> bool:
    try:
        return not given or isinstance(json.loads(given), dict)
    except (TypeError, ValueError, RecursionError):
        return False


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
