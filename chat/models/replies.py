"""Errors that a server tells within a reply that is none by its status. Pure."""

from collections.abc import Mapping
from typing import Any

_MESSAGES = ("message", "msg", "detail", "status_msg", "error_msg", "error_message", "title")
_CODES = ("code", "status_code", "status", "type")


class ReplyError(Exception):
    """A server told an error; the message has its words, `body` all of it."""

    def __init__(self, message: str, code: str = "", body: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.body = body


def error_of(event: Mapping[str, Any]) -> ReplyError | None:
    """Return the error that an event tells, None where it tells none."""
    told = _told(event)
    if told is None:
        return None
    if not isinstance(told, dict):
        return ReplyError(str(told), body=event)
    inner = told.get("error")
    if isinstance(inner, dict):
        told = inner
    message = next((str(told[name]) for name in _MESSAGES if told.get(name)), str(told))
    code = next((str(told[name]) for name in _CODES if told.get(name)), "")
    return ReplyError(message, code, event)


def _told(event: Mapping[str, Any]) -> Any:
    if error := event.get("error"):
        return error
    if event.get("object") == "error" or event.get("type") == "error":
        return event
    base = event.get("base_resp")
    if isinstance(base, dict) and base.get("status_code"):
        return base
    has_words = any(event.get(name) for name in ("detail", "message", "msg", "error_msg"))
    return event if has_words and "choices" not in event else None
