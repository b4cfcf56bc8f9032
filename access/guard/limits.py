"""How many files may be sent, how large, of which types."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from chainlit.session import WebsocketSession
from fastapi import HTTPException

MEGABYTE = 1_000_000  # as the page counts
_WRAPPING = 64_000  # bytes of a form around its file
# The page does not tell which files are taken out again before the message is sent: so many times
# a message's files may wait.
_SPARE = 5


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """How many files a message takes, how large each may be, of which types and endings."""

    files: int
    megabytes: int
    types: tuple[str, ...]

    @property
    def body(self) -> int:
        """How many bytes a request with one file may have."""
        return self.megabytes * MEGABYTE + _WRAPPING

    @property
    def too_large(self) -> str:
        """The sentence about a file that is too large."""
        return f"A file may have {self.megabytes} MB at most."


class WaitingFiles:
    """Counts the files that each session has sent and that wait for their message."""

    def __init__(self, limits: UploadLimits) -> None:
        self._most = limits.files * _SPARE
        self._ids: WeakKeyDictionary[WebsocketSession, set[str]] = WeakKeyDictionary()

    @contextmanager
    def reserve(self, session: WebsocketSession) -> Iterator[Callable[[str], None]]:
        """Reserve a place for one more file while it is stored, and yield what keeps it by its id.

        Raises 400 when too many wait.
        """
        waiting = self._ids.setdefault(session, set())
        if len(waiting) >= self._most:
            raise HTTPException(400, "Too many files wait for their message. Send it, or reload.")
        reserved = str(uuid.uuid4())
        waiting.add(reserved)
        try:
            yield waiting.add
        finally:
            waiting.discard(reserved)

    def clear(self, session: WebsocketSession) -> None:
        """Forget those that wait: their message is there."""
        self._ids.get(session, set()).clear()


def first_references(given: Any, most: int) -> list[dict[str, str]]:
    """Return the files that a message names, each once, as many as it may have."""
    named = given if isinstance(given, list) else []
    ids = [one["id"] for one in named if isinstance(one, dict) and isinstance(one.get("id"), str)]
    return [{"id": one} for one in list(dict.fromkeys(ids))[:most]]
