"""Years of East Asia's calendars: since an emperor began, since the Republic, since Buddha."""

import datetime
from typing import NamedTuple

_JAPANESE = (
    (datetime.date(2019, 5, 1), ("R", "令", "令和")),
    (datetime.date(1989, 1, 8), ("H", "平", "平成")),
    (datetime.date(1926, 12, 25), ("S", "昭", "昭和")),
    (datetime.date(1912, 7, 30), ("T", "大", "大正")),
    (datetime.date(1868, 9, 8), ("M", "明", "明治")),
)
_ROC = ("民國", "民國", "中華民國")
_SINCE = {"roc": 1911, "buddhist": -543, "korean": -2333}  # the last year before the first one


class Year(NamedTuple):
    """A year, and the names of its era for one, two and three letters of a format."""

    number: int
    names: tuple[str, str, str] = ("", "", "")


def year(day: datetime.date, calendar: str) -> Year:
    """Return the year of a day in a calendar; in ours where it is none, or not yet begun."""
    if calendar == "japanese":
        for begin, names in _JAPANESE:
            if day >= begin:
                return Year(day.year - begin.year + 1, names)
    number = day.year - _SINCE.get(calendar, 0)
    if number < 1:
        return Year(day.year)
    return Year(number, _ROC if calendar == "roc" else ("", "", ""))
