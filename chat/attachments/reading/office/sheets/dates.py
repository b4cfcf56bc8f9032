"""Days and times, which Excel keeps as numbers of days."""

import datetime
from collections.abc import Iterator, Sequence

from chat.attachments.reading.office.sheets import eras
from chat.attachments.reading.office.sheets.date_words import ENGLISH, Words
from chat.attachments.reading.office.sheets.digits import Token

_DAY_S = 86_400
_LAST_DAY = 2_958_465  # the end of the year 9999
_DAYS_TO_1904 = 1_462
_EPOCH = datetime.datetime(1899, 12, 30)  # noqa: DTZ001 - sheets know no zones
_FALSE_LEAP_DAY = 60  # Excel takes 1900 for a leap year, as Lotus did
_DAYS_IN_CHINESE = "一二三四五六日"


def serial(moment: datetime.datetime) -> float:
    """Return the number that stands for a moment without a zone."""
    return (moment - _EPOCH) / datetime.timedelta(days=1)


def shown(
    tokens: Sequence[Token], value: float, *, since_1904: bool, words: Words = ENGLISH
) -> str:
    """Return a number as a date, a time or a duration; raises `ValueError` where it is none."""
    tokens = list(_minutes_told(tokens))
    places = max(
        (len(text.partition(".")[2]) for kind, text in tokens if kind in ("second", "elapsed")),
        default=0,
    )
    ticks = round(abs(value) * _DAY_S * 10**places)
    seconds, rest = divmod(ticks, 10**places)
    if any(kind == "elapsed" for kind, _ in tokens):
        return ("-" if value < 0 else "") + _duration(tokens, seconds, rest)
    if value < 0 or value > _LAST_DAY:
        raise ValueError(value)
    days, second = divmod(seconds, _DAY_S)
    return _moment(tokens, _day(days, since_1904), second, rest, words)


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
            letters = text.partition("]")[0].strip("[").lower()
            amount, left = divmod(left, {"h": 3_600, "m": 60, "s": 1}[letters[0]])
            written += str(amount).rjust(len(letters), "0") + _fraction(text, rest)
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


def _moment(
    tokens: Sequence[Token], day: datetime.datetime, second: int, rest: int, words: Words
) -> str:
    hour, minute = second // 3_600, second // 60 % 60
    kinds = {kind for kind, _ in tokens}
    shown_hour = (hour % 12 or 12) if "half" in kinds else hour
    parts = {"hour": shown_hour, "minute": minute, "second": second % 60}
    written = ""
    for kind, text in tokens:
        if kind in parts:
            written += _two(parts[kind], text.partition(".")[0]) + _fraction(text, rest)
        elif kind == "half":
            written += _half(text, words, is_late=hour >= 12)
        elif kind == "month" and len(text) > 2:
            written += words.month(day.month, len(text), has_day="day" in kinds)
        else:
            written += _of_day(kind, text, day, words)
    return written.strip()


def _of_day(kind: str, text: str, day: datetime.datetime, words: Words) -> str:
    match kind:
        case "month":
            return _two(day.month, text)
        case "day":
            return words.day(day.weekday(), len(text)) if len(text) > 2 else _two(day.day, text)
        case "weekday":
            return _weekday(text, day.weekday(), words)
        case "year" | "buddhist" | "era":
            return _year(kind, text, day, words)
    return text if kind == "literal" else ""


def _year(kind: str, text: str, day: datetime.datetime, words: Words) -> str:
    """Return a year, or the name of its era; `e` counts as the language does, `b` from Buddha."""
    if kind == "era":
        return eras.year(day.date(), words.counts_by).names[min(len(text), 3) - 1]
    letter = text[0].lower()
    calendar = {"b": "buddhist", "e": words.counts_by}.get(letter, words.calendar)
    number = eras.year(day.date(), calendar).number
    if letter == "e":
        return _two(number, text)
    return f"{number % 100:02}" if len(text) < 3 else str(number)


def _weekday(text: str, number: int, words: Words) -> str:
    """Return what `aaa` and `aaaa` show, which are Japan's, Korea's and China's."""
    if words.language in ("ja", "ko"):
        return words.day(number, len(text))
    return ("星期" if len(text) > 3 else "") + _DAYS_IN_CHINESE[number]


def _two(number: int, text: str) -> str:
    return f"{number:02}" if len(text) > 1 else str(number)


def _fraction(text: str, rest: int) -> str:
    places = len(text.partition(".")[2])
    return f".{rest:0{places}}" if places else ""


def _half(text: str, words: Words, *, is_late: bool) -> str:
    if words.halves and text.upper() == "AM/PM":
        return words.halves[is_late]
    early, _, late = text.partition("/")
    return late if is_late else early
