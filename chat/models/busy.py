"""When a server that is busy is asked again. Pure, but for the clock that it is told."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import openai

from chat.models.base import Waiting
from common.concurrency.retry import RetryPolicy

# A server's own words beat these: pauses where it only fails, and where it loads its model.
FAULTS = RetryPolicy(first_pause_s=0.5, longest_pause_s=8, jitter=0.25)
LOADS = RetryPolicy(first_pause_s=1, longest_pause_s=5, jitter=0.25)
MAX_RETRIES = 2
SHORTEST_S = 1.0  # a server that names less names nothing: it would be asked for ever

_LOADING = re.compile(
    r"load(ing)? (the |this )?model|model.{0,40}loading|warming up|cold start", re.IGNORECASE
)
_USED_UP = re.compile(
    r"insufficient_quota|exceeded your current quota|billing|credit|balance", re.IGNORECASE
)
_RETRIED = (408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 523, 524, 529)


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds after which a server wants to be asked again, None where it says none."""
    if (milliseconds := _number(headers.get("retry-after-ms", ""))) is not None:
        return milliseconds / 1_000
    said = headers.get("retry-after", "").strip()
    if (seconds := _number(said)) is not None:
        return seconds
    try:
        date = parsedate_to_datetime(said)
    except ValueError:
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())


def _number(said: str) -> float | None:
    try:
        number = float(said)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def wait_for(error: openai.APIError, number: int, now: datetime) -> Waiting | None:
    """Return what is waited for before a request is made again, None where it is not.

    `number` counts the failed requests from 1.
    """
    if isinstance(error, openai.APIStatusError):
        return _after_status(error, number, now)
    # What was reached may still be at it after a time-out: asked again, it would begin once more.
    told = str(error.code or "")
    is_passing = never_connected(error) or (told.isdigit() and int(told) in _RETRIED)
    return _after_fault(number) if is_passing else None


def never_connected(error: BaseException) -> bool:
    """Tell whether a server was not reached, by what aiohttp raised; a time-out does not tell."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, aiohttp.ClientConnectionError):
            return not isinstance(cause, TimeoutError)
        cause = cause.__cause__
    return False


def _after_status(error: openai.APIStatusError, number: int, now: datetime) -> Waiting | None:
    if error.status_code not in _RETRIED or is_used_up(error):
        return None
    seconds = retry_after_s(error.response.headers, now)
    if error.status_code == 503 and _LOADING.search(error.message):
        return Waiting("loading", LOADS.pause_s(number) if seconds is None else seconds)
    if seconds is not None and seconds >= SHORTEST_S and error.status_code in (429, 503, 529):
        return Waiting("busy", seconds)
    return _after_fault(number)


def _after_fault(number: int) -> Waiting | None:
    return Waiting("busy", FAULTS.pause_s(number)) if number <= MAX_RETRIES else None


def is_used_up(error: openai.APIError) -> bool:
    """Tell whether a server refuses because what was paid for is used up: no wait helps."""
    code = str(error.code or "")
    return error.type == "insufficient_quota" or bool(_USED_UP.search(f"{code} {error.message}"))
