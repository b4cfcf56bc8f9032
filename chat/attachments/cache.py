"""What was read is kept for a while: each turn needs it again."""

from collections import OrderedDict
from collections.abc import Hashable

from chat.attachments.results import Picture, Reading, Text

_OVERHEAD = 500  # bytes that an entry takes besides its text


class ReadingCache:
    """Readings by file, the least recently used leave when `room` (bytes) is used up."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._used = 0
        self._entries: OrderedDict[Hashable, tuple[Reading, int]] = OrderedDict()

    def get(self, key: Hashable) -> Reading | None:
        """Return what is kept of a file."""
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key][0]

    def put(self, key: Hashable, reading: Reading) -> None:
        """Keep a reading, unless it is larger than all there is room for."""
        self._drop(key)
        size = _size(reading)
        if size > self._room:
            return
        self._entries[key] = (reading, size)
        self._used += size
        while self._used > self._room:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        if key in self._entries:
            self._used -= self._entries.pop(key)[1]


def _size(reading: Reading) -> int:
    if isinstance(reading, Text):
        return _OVERHEAD + 4 * len(reading.text)  # a character takes up to four bytes
    return _OVERHEAD + (len(reading.data) if isinstance(reading, Picture) else 0)
