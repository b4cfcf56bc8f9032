"""Days and times, which Excel keeps as numbers of days."""

import datetime
from collections.abc import Iterator, Sequence

from chat.attachments.reading.office.sheets.digits import Token

_DAY_S = 86_400
_LAST_DAY = 2_958_465  # the end of the year 9999
_DAYS_TO_1904 = 1_462
_EPOCH = datetime.datetime(1899, 12, 30)  # noqa: DTZ001 - sheets know no zones
_FALSE_LEAP_DAY = 60  # Excel takes 1900 for a leap year, as Lotus did
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAYS_IN_CHINESE = "一二三四五六日"


def serial(moment: datetime.datetime) -> float:
    """Return the number that stands for a moment without a zone."""
    return (moment - _EPOCH) / datetime.timedelta(days=1)


def shown(tokens: Sequence[Token], value: float, *, since_1904: bool) -> str:
    """Return a number as a date, a time or a duration; raises `ValueError` where it is none."""
    tokens = list(_minutes_told(tokens))
    places = max(
        (len(text.partition(".")[2]) for kind, text in tokens if kind == "second"), default=0
    )
    ticks = round(abs(value) * _DAY_S * 10**places)
    seconds, rest = divmod(ticks, 10**places)
    if any(kind == "elapsed" for kind, _ in tokens):
        return ("-" if value < 0 else "") + _duration(tokens, seconds, rest)
    if value < 0 or value > _LAST_DAY:
        raise ValueError(value)
    days, second = divmod(seconds, _DAY_S)
    return _moment(tokens, _day(days, since_1904), second, rest)


def _day(days: int, since_1904: bool) -> datetime.datetime:
    if since_1904:
        days += _DAYS_TO_1904
    elif 0 < days < _FALSE_LEAP_DAY:
        days += 1
    return _EPOCH + datetime.timedelta(days=days)


def _minutes_told(tokens: Sequence[Token]) -> Iterator[Token]:
    """Tell minutes from months: after hours, or before seconds."""
    kinds = [_kind(token) for token in tokens]
    for index, ((_, text), kind) in enumerate(zip(tokens, kinds, strict=True)):
        if kind == "month":
            before = next((it for it in reversed(kinds[:index]) if it in _TIMES), "")
            after = next((it for it in kinds[index + 1 :] if it in _TIMES), "")
            if len(text) < 3 and (before in ("hour", "elapsed") or after == "second"):
                kind = "minute"  # noqa: PLW2901
        yield kind, text


_TIMES = ("hour", "elapsed", "second", "month", "day", "year")
_KINDS = {
    "y": "year",
    "e": "year",
    "b": "buddhist",
    "m": "month",
    "d": "day",
    "h": "hour",
    "s": "second",
    "a": "weekday",
    "g": "era",
}


def _kind(token: Token) -> str:
    kind, text = token
    return _KINDS[text[0].lower()] if kind == "date" else kind


def _duration(tokens: Sequence[Token], seconds: int, rest: int) -> str:
    written, left = "", seconds
    for kind, text in tokens:
        if kind == "elapsed":
            unit = {"h": 3_600, "m": 60, "s": 1}[text[0].lower()]
            amount, left = divmod(left, unit)
            written += str(amount).rjust(len(text), "0")
        elif kind in ("hour", "minute", "second"):
            amount = {
                "hour": seconds // 3_600,
                "minute": seconds // 60 % 60,
                "second": seconds % 60,
            }[kind]
            written += _two(amount, text.partition(".")[0]) + _fraction(text, rest)
        else:
            written += text if kind == "literal" else ""
    return written.strip()


def _moment(tokens: Sequence[Token], day: datetime.datetime, second: int, rest: int) -> str:
    hour, minute = second // 3_600, second // 60 % 60
    is_halved = any(kind == "half" for kind, _ in tokens)
    shown_hour = (hour % 12 or 12) if is_halved else hour
    parts = {"hour": shown_hour, "minute": minute, "second": second % 60}
    written = ""
    for kind, text in tokens:
        if kind in parts:
            written += _two(parts[kind], text.partition(".")[0]) + _fraction(text, rest)
        elif kind == "half":
            written += _half(text, is_late=hour >= 12)
        else:
            written += _of_day(kind, text, day)
    return written.strip()


def _of_day(kind: str, text: str, day: datetime.datetime) -> str:
    if kind == "year":
        is_short = text[0].lower() == "y" and len(text) < 3
        return f"{day.year % 100:02}" if is_short else str(day.year)
    if kind == "buddhist":
        return str(day.year + 543)
    if kind == "month":
        return _named(_MONTHS[day.month - 1], text) if len(text) > 2 else _two(day.month, text)
    if kind == "day":
        return _named(_DAYS[day.weekday()], text) if len(text) > 2 else _two(day.day, text)
    if kind == "weekday":
        return ("星期" if len(text) > 3 else "") + _DAYS_IN_CHINESE[day.weekday()]
    return text if kind == "literal" else ""


def _named(name: str, text: str) -> str:
    return {3: name[:3], 5: name[:1]}.get(len(text), name)


def _two(number: int, text: str) -> str:
    return f"{number:02}" if len(text) > 1 else str(number)


def _fraction(text: str, rest: int) -> str:
    places = len(text.partition(".")[2])
    return f".{rest:0{places}}" if places else ""


def _half(text: str, *, is_late: bool) -> str:
    early, _, late = text.partition("/")
    return late if is_late else early
