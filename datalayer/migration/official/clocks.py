"""The three clocks of Chainlit's official layer, and the revisions that its times make. Pure.

Its columns are times without a zone, from three places:

* Steps are dated by Chainlit in UTC (`startTime`, `endTime`).
* Users, and when a thread was last looked at (`updatedAt`), by the local time of the program.
* All other `createdAt` and `updatedAt` by the database, in the time zone of its session.

A revision is the moment, in microseconds of UTC, at which the source dates a row: the start of a
step, the creation of all else. So it is the same each time that a row is read, and writing it again
changes nothing; and it is lower than the revisions that the running program makes, whose clock is
read later: whatever was changed in Keepchat stays. A moment ahead of the present would win over
changes that are still to come, and the present is another at each run: such a row gets a revision
from the beginning of time, which is always the same and below all others.

The columns hold milliseconds: rows of one thread from the same one are numbered within it, so that
their order stays, and `refresh.py` finds room in it for what theirs has changed since.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

SLOT = 1_000  # revisions in the millisecond of a row
FIRST = 1  # the lowest revision: of rows without a time, or with one that cannot be
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class SourceClocks:
    """Where the program's and the database's clocks stood, and the present as a revision."""

    program: tzinfo
    server: tzinfo
    now: int

    def of_program(self, raw: object) -> datetime | None:
        """Return a time that the program took from its clock."""
        return _in_zone(raw, self.program)

    def of_server(self, raw: object) -> datetime | None:
        """Return a time that the database took from its clock."""
        return _in_zone(raw, self.server)

    def of_steps(self, raw: object) -> datetime | None:
        """Return a time that Chainlit gave to a step."""
        return _in_zone(raw, UTC)

    def revision(
        self, timestamp: datetime | None, rank: int = 0, *, fallback: datetime | None = None
    ) -> tuple[int, bool]:
        """Return the revision of a timestamp, and whether that is ahead of the present.

        A row from ahead is dated by `fallback`, or the beginning of time if that is no better.
        """
        ahead = _micros(timestamp) > self.now
        micros = _micros(fallback if ahead else timestamp)
        return (FIRST if micros > self.now else micros) + min(rank, SLOT - 1), ahead


def _micros(timestamp: datetime | None) -> int:
    return max(FIRST, ((timestamp or _EPOCH) - _EPOCH) // _MICROSECOND)


def _in_zone(raw: object, zone: tzinfo) -> datetime | None:
    if not isinstance(raw, datetime):
        return None
    try:
        return (raw if raw.tzinfo else raw.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:  # the ends of time, which PostgreSQL calls infinity
        return None


class Ranks:
    """Numbers rows that come one after another with the same key."""

    def __init__(self) -> None:
        self._last: object = None
        self._rank = 0

    def next(self, key: object) -> int:
        """Return 0 for a new key, 1 for the same again, and so on."""
        self._rank = self._rank + 1 if key == self._last else 0
        self._last = key
        return self._rank
