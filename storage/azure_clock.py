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
        date = answer.http_response.headers.get("Date")
        if date:
            self.ahead = self._ours() - parsedate_to_datetime(date)

    def now(self) -> datetime:
        """Return the time as the service has it, UTC."""
        return self._ours() - self.ahead
