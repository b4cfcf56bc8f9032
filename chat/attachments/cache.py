"""What was read is kept for a while: each turn needs it again. So is what took too long."""

import time
from collections.abc import Callable, Hashable
from contextlib import suppress

from cachetools import LRUCache, TTLCache

from chat.attachments.results import ExtractedText, Picture, Reading, Reason, Unread

REMEMBERED_S = 600.0  # for so long what was slow, or was killed, is not tried again
_MOST_REMEMBERED = 10_000
_OVERHEAD = 500  # bytes that an entry takes besides its text


class ReadingCache:
    """Readings by what was read; the least recently used leave when `max_bytes` are used up."""

    def __init__(self, max_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept: LRUCache[Hashable, Reading] = LRUCache(max_bytes, getsizeof=_size)
        self._failed: TTLCache[Hashable, Reading] = TTLCache(
            _MOST_REMEMBERED, REMEMBERED_S, timer=clock
        )

    def get(self, key: Hashable) -> Reading | None:
        """Return what was read, or why it was not."""
        return self._kept.get(key) or self._failed.get(key)

    def put(self, key: Hashable, reading: Reading) -> None:
        """Keep a reading, unless it is larger than all that may be kept, or says nothing."""
        if isinstance(reading, Unread) and reading.reason is Reason.UNAVAILABLE:
            return
        is_temporary = isinstance(reading, Unread) and reading.is_temporary
        with suppress(ValueError):
            (self._failed if is_temporary else self._kept)[key] = reading


def _size(reading: Reading) -> int:
    if isinstance(reading, ExtractedText):
        return _OVERHEAD + 4 * len(reading.text)  # a character takes up to four bytes
    return _OVERHEAD + (len(reading.data) if isinstance(reading, Picture) else 0)
