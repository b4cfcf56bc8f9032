"""What was read is kept for a while: each turn needs it again."""

from collections.abc import Hashable
from contextlib import suppress

from cachetools import LRUCache

from chat.attachments.results import ExtractedText, Picture, Reading

_OVERHEAD = 500  # bytes that an entry takes besides its text


class ReadingCache(LRUCache[Hashable, Reading]):
    """Readings by file; the least recently used leave when `max_bytes` are used up."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(max_bytes, getsizeof=_size)

    def put(self, key: Hashable, reading: Reading) -> None:
        """Keep a reading, unless it is larger than all that may be kept."""
        with suppress(ValueError):
            self[key] = reading


def _size(reading: Reading) -> int:
    if isinstance(reading, ExtractedText):
        return _OVERHEAD + 4 * len(reading.text)  # a character takes up to four bytes
    return _OVERHEAD + (len(reading.data) if isinstance(reading, Picture) else 0)
