"""What time the service thinks it is. Ours may be wrong, and links are judged by the service's."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Ours, put right by what the service's answers say; it was ahead by `ahead`."""

    def __init__(self, ours: Callable[[], datetime] = _utc_now) -> None:
        self._ours = ours
        self.ahead = timedelta()

    def note(self, answer: Any) -> None:
        """Remember the date of an answer; the SDK calls it for each."""
        said = _moment(answer.http_response.headers.get("Date"))
        if said:
            self.ahead = self._ours() - said

    def now(self) -> datetime:
        """Return the time as the service has it, UTC."""
        return self._ours() - self.ahead


def _moment(date: str | None) -> datetime | None:
    try:
        said = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return said if said.tzinfo else None
