"""What a client may send over the socket: one rule for each event that Chainlit has a handler for.

Pure: it judges what was sent by its form. Whose it is, and how much of it one user may send, is
asked after this.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Shape = Callable[[Any], bool]

SHORT = 1_000  # bytes of an event that says nothing but its name
LONGEST = 1_000_000  # bytes of a packet, as the socket's server takes them
_MOST_FILES = 1_000  # that a message names; how many it may have is judged later


@dataclass(frozen=True, slots=True)
class EventRule:
    """Which arguments an event has, and how many bytes its packet.

    `by_server` is one that the server itself begins, which nobody can send; `feature` names what
    has to be switched on for it.
    """

    shapes: Sequence[Shape] = ()
    most: int = SHORT
    by_server: bool = False
    feature: str = ""


def is_uuid(value: object) -> bool:
    """Tell whether it is a UUID in canonical form."""
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False


def is_question(payload: Any) -> bool:
    """Tell whether a client sends what its user can have asked, under UUIDs."""
    return has_message(payload) and payload["message"].get("type") == "user_message"


def has_message(payload: Any) -> bool:
    """Tell whether it has a message as a page sends it: each field of its kind."""
    message = payload.get("message") if isinstance(payload, dict) else None
    return (
        isinstance(message, dict)
        and is_uuid(message.get("id"))
        and isinstance(message.get("output"), str)
        and all(not message.get(it) or is_uuid(message[it]) for it in ("threadId", "parentId"))
        and isinstance(message.get("type"), str)
        and all(message.get(it) is None or _is_text(message[it], 1_000) for it in _TEXTS)
        and (message.get("metadata") is None or _is_record(message["metadata"]))
        and _are_files(payload.get("fileReferences"))
    )


_ASKED = ("id", "type", "output", "threadId", "parentId", "name", "command")
_TEXTS = ("name", "createdAt", "command", "language")


def _is_text(value: Any, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest


def _are_files(given: Any) -> bool:
    return given is None or (isinstance(given, list) and len(given) <= _MOST_FILES)


def as_asked(message: dict[str, Any]) -> dict[str, Any]:
    """Return what a page says of a question, without what is for the program to say.

    When it was asked is, too, but Chainlit wants to read it.
    """
    kept = {name: message[name] for name in _ASKED if name in message}
    metadata = message.get("metadata")
    location = metadata.get("location") if isinstance(metadata, dict) else None
    shown = {"location": location} if _is_text(location, 2_000) else {}
    return {**kept, "createdAt": None, "metadata": shown}


def is_new_question(payload: Any) -> bool:
    """Tell whether it is a question under an id that a page makes, a UUID of version 4."""
    return is_question(payload) and uuid.UUID(payload["message"]["id"]).version == 4


def _is_record(value: Any) -> bool:
    return isinstance(value, dict)


def _is_anything(_value: Any) -> bool:
    return True


RULES: Mapping[str, EventRule] = {
    "connect": EventRule(by_server=True),
    "disconnect": EventRule(by_server=True),
    "connection_successful": EventRule(),
    "clear_session": EventRule(),
    "stop": EventRule(),
    "fetch_favorites": EventRule(),
    "client_message": EventRule((is_new_question,), LONGEST),
    "edit_message": EventRule((is_question,), LONGEST),
    "message_favorite": EventRule((is_question,), LONGEST),
    "window_message": EventRule((_is_anything,), 64_000),
    "chat_settings_change": EventRule((_is_record,), 256_000),
    "chat_settings_edit": EventRule((_is_record,), 256_000),
    "audio_start": EventRule(feature="audio"),
    "audio_chunk": EventRule((_is_record,), LONGEST, feature="audio"),
    "audio_end": EventRule(feature="audio"),
}


def fault(data: Any, size: int, features: Callable[[str], bool]) -> str | None:
    """Return what is wrong with an event, in words for the log; None where nothing is.

    `data` is the name and the arguments as they were sent, `size` the bytes of the packet.
    """
    if not isinstance(data, list) or not data or not isinstance(data[0], str):
        return "it has no name"
    rule = RULES.get(data[0])
    if rule is None:
        return "there is none of this name"
    if rule.by_server:
        return "the server alone begins it"
    if rule.feature and not features(rule.feature):
        return f"{rule.feature} is switched off"
    if size > rule.most:
        return f"it has {size:,} bytes of {rule.most:,}"
    if len(data) - 1 != len(rule.shapes):
        return f"it has {len(data) - 1} arguments instead of {len(rule.shapes)}"
    if not all(fits(value) for fits, value in zip(rule.shapes, data[1:], strict=True)):
        return "what it says has not the form that it should"
    return None
