"""The three clocks of Chainlit's official layer, and the revisions that its times make. Pure.

Its columns are times without a zone, from three places:

* Steps are dated by Chainlit in UTC (`startTime`, `endTime`).
* Users, and when a thread was last looked at (`updatedAt`), by the local time of the program.
* All other `createdAt` and `updatedAt` by the database, in the time zone of its session.

A row is dated by the start of a step, by the creation of all else. The columns hold milliseconds:
rows of one thread from the same one are numbered within it, so that their order stays.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from datalayer.migration.importing.revisions import SLOT, Dated, dated, in_zone


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
    ) -> Dated:
        """Return the revision of a timestamp, with its rank within the millisecond.

        A row from ahead is dated by `fallback`, or the beginning of time if that is no better.
        """
        found = dated(timestamp, self.now, fallback=fallback)
        return Dated(found.revision + min(rank, SLOT - 1), found.ahead)


def _in_zone(raw: object, zone: tzinfo) -> datetime | None:
    return in_zone(raw, zone) if isinstance(raw, datetime) else None


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
