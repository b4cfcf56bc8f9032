"""What time the service thinks it is. Ours may be wrong, and links are judged by the service's."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ServiceClock:
    """Ours, put right by what the service's answers say; it was ahead by `ahead`."""

    def __init__(self, ours: Callable[[], datetime] = _utc_now) -> None:
        self._ours = ours
        self.ahead = timedelta()

    def observe(self, answer: Any) -> None:
        """Remember the date of an answer; the SDK calls it for each."""
        theirs = _parse_date(answer.http_response.headers.get("Date"))
        if theirs:
            self.ahead = self._ours() - theirs

    def now(self) -> datetime:
        """Return the time as the service has it, UTC."""
        return self._ours() - self.ahead


def _parse_date(header: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(header or "")
    except ValueError:
        return None
    return date if date.tzinfo else None
