"""What a message may have: how many characters, and files, how large, of which types."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from chainlit.session import WebsocketSession
from fastapi import HTTPException

from access.guard.pages import sessions_of, user_of
from access.guard.user_limits import MEGABYTE, UserLimits
from chat.wording.language import Localized
from chat.wording.refusals import FILE_TOO_LARGE, TOO_MANY_WAIT

_WRAPPING = 64_000  # bytes of a form around its file
# The page does not tell which files are taken out again before the message is sent: so many times
# a message's files may wait.
_SPARE = 5
_JUST_S = 60.0


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """How long a message may be, how many files it takes, how large each may be, of which types and
    endings.
    """

    files: int
    megabytes: int
    types: tuple[str, ...]
    characters: int

    @property
    def body(self) -> int:
        """How many bytes a request with one file may have."""
        return self.megabytes * MEGABYTE + _WRAPPING

    @property
    def too_large(self) -> Localized[str]:
        """The sentence about a file that is too large."""
        return FILE_TOO_LARGE.filled(most=self.megabytes)


class WaitingFiles:
    """Counts the files that sessions have sent and that wait for their message."""

    def __init__(
        self,
        limits: UploadLimits,
        users: UserLimits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = limits.files * _SPARE
        self._users = users
        self._clock = clock
        self._since: WeakKeyDictionary[WebsocketSession, dict[str, float]] = WeakKeyDictionary()
        self._coming: Counter[str] = Counter()  # bytes by user

    @contextmanager
    def reserve(self, session: WebsocketSession, size: int) -> Iterator[Callable[[str], None]]:
        """Reserve a place for one more file while it is stored, and yield what keeps it by its id.

        Raises 400 when too many wait, `LimitReached` when its user has too many or too much.
        """
        waiting = self._since.setdefault(session, {})
        if len(waiting) >= self._most:
            raise HTTPException(400, TOO_MANY_WAIT.of_request())
        user = user_of(session)
        self._check(session, user, size)
        reserved = str(uuid.uuid4())
        waiting[reserved] = self._clock()
        self._coming[user] += size
        try:
            yield lambda file_id: waiting.__setitem__(file_id, self._clock())
        finally:
            self._coming[user] -= size
            del waiting[reserved]

    def _check(self, session: WebsocketSession, user: str, size: int) -> None:
        pages = {*sessions_of(user), session}
        held = sum(file["size"] for page in pages for file in page.files.values())
        number = sum(len(self._since.get(page, ())) for page in pages)
        self._users.check("files", number + 1, user)
        self._users.check("files_mb", (held + self._coming[user] + size) / MEGABYTE, user)

    def restored(self, session: WebsocketSession, file_ids: Iterable[str]) -> None:
        """Note that files wait that were sent to another process."""
        self._since.setdefault(session, {}).update(dict.fromkeys(file_ids, self._clock()))

    def sent(self, session: WebsocketSession, named: Collection[str]) -> None:
        """Note that those that are named are with their message; what was taken out is removed.

        What has just come may be for the next message.
        """
        waiting = self._since.get(session, {})
        long_ago = self._clock() - _JUST_S
        for file_id, since in list(waiting.items()):
            if file_id in named or (since < long_ago and _removed(session, file_id)):
                del waiting[file_id]


def _removed(session: WebsocketSession, file_id: str) -> bool:
    file = session.files.pop(file_id, None)
    if file:
        Path(file["path"]).unlink(missing_ok=True)
    return file is not None


def first_references(given: Any, most: int) -> list[dict[str, str]]:
    """Return the files that a message names, each once, as many as it may have."""
    named = given if isinstance(given, list) else []
    ids = [one["id"] for one in named if isinstance(one, dict) and isinstance(one.get("id"), str)]
    return [{"id": one} for one in list(dict.fromkeys(ids))[:most]]
