"""The revisions that the times of a source make. Pure.

A revision is the moment, in microseconds of UTC, at which the source dates a row. So it is the same
each time that a row is read, and writing it again changes nothing; and it is lower than the
revisions that the running program makes, whose clock is read later: whatever was changed in
Keepchat stays. A moment ahead of the present would win over changes that are still to come, and
the present is another at each run: such a row gets a revision from the beginning of time, which is
always the same and below all others.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

SLOT = 1_000  # revisions in the millisecond of a row: `refresh.py` finds room in it
FIRST = 1  # the lowest revision: of rows without a time, or with one that cannot be
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Dated(NamedTuple):
    """The revision of a row, and whether its time is ahead of the present."""

    revision: int
    ahead: bool = False


def dated(timestamp: datetime | None, now: int, *, fallback: datetime | None = None) -> Dated:
    """Return the revision of a timestamp; `now` is the present as a revision.

    A row from ahead is dated by `fallback`, or the beginning of time if that is no better.
    """
    ahead = _micros(timestamp) > now
    micros = _micros(fallback if ahead else timestamp)
    return Dated(FIRST if micros > now else micros, ahead)


def _micros(timestamp: datetime | None) -> int:
    return max(FIRST, ((timestamp or _EPOCH) - _EPOCH) // _MICROSECOND)


def in_zone(timestamp: datetime, zone: tzinfo) -> datetime | None:
    """Return a time, one of that zone if it names none, as UTC; None for the ends of time."""
    try:
        return (timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        return None
