"""A hybrid clock: revisions by the wall clock, and never behind what was seen of a thread.

A wall clock that is set back, or another replica's that is ahead, would otherwise make a later
change count as the older one. What is not known here any more, a store tells: its result names the
newest revision, above which the change is sent once more.
"""

from collections.abc import Callable

from datalayer.writes import RevisionClock, wall_clock

REMEMBERED = 10_000  # threads


class _Newest(dict[str, int]):
    """The newest revision by thread or user, of those that were noted last.

    A plain dict, since each write asks it several times: an LRU cache takes four times as long.
    """

    def note(self, key: str, revision: int) -> None:
        """Note a revision; an older one than is known changes nothing."""
        self[key] = max(revision, self.pop(key, 0))
        if len(self) > REMEMBERED:
            del self[next(iter(self))]


class HybridClock(RevisionClock):
    """Hands out revisions for threads, and for users by identifier; microseconds of UTC."""

    def __init__(self, now: Callable[[], int] = wall_clock) -> None:
        super().__init__(now)
        self._seen = _Newest()
        self._own = _Newest()

    def next_of(self, key: str) -> int:
        """Return the next revision, above all that was seen of a thread or user."""
        revision = max(self.next(), self._seen.get(key, 0) + 1)
        self._seen.note(key, revision)
        return revision

    def note_own(self, key: str, revision: int) -> None:
        """Note that a write with a revision of this clock is on its way."""
        self._own.note(key, revision)

    def observe(self, key: str, revision: int) -> None:
        """Note the newest revision of a thread or user that was read."""
        self._seen.note(key, revision)

    def is_own(self, key: str, revision: int) -> bool:
        """Tell whether a revision may be that of a write from here."""
        return revision <= self._own.get(key, 0)
