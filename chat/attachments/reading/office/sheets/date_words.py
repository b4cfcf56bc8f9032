"""Words in dates: months, days and halves of days in the language that a format names.

`date_names.json` was made from Unicode's CLDR by `benchmarks/date_names.py`.
"""

import json
import locale
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import cast

_FILE = Path(__file__).with_name("date_names.json")
_CODE = re.compile(r"-([0-9A-F]{1,8})(?:,.*)?", re.IGNORECASE)
_TAG = re.compile(r"-([a-z]{2,3}(?:-[a-z0-9]+)*)(?:,.*)?", re.IGNORECASE)
_INFLECTED = 0xFC00  # codes of languages are marked by it where months are to follow days
_CALENDARS: Mapping[int, str] = {3: "japanese", 4: "roc", 5: "korean", 7: "buddhist"}
_COUNTED_BY_ERAS = {"ja_JP": "japanese", "zh_TW": "roc"}
_IN_LATIN = {0x81A: "sr_Latn", 0x241A: "sr_Latn", 0x2C1A: "sr_Latn"}  # which Windows names alike


@dataclass(frozen=True, slots=True)
class Words:
    """The names of one language, from January and from Monday on."""

    months: Sequence[str]
    months_after_days: Sequence[str]
    short_months: Sequence[str]
    month_letters: Sequence[str]
    days: Sequence[str]
    short_days: Sequence[str]
    halves: Sequence[str] | None = None
    """Before noon and after it; None for what the format itself says."""
    language: str = "en"
    calendar: str = ""
    """That counts years otherwise; empty where years are as everywhere."""
    counts_by: str = ""
    """The calendar of the years that `e` asks for."""

    def month(self, number: int, letters: int, *, has_day: bool) -> str:
        """Return the name of a month from 1 on, as long as the format's letters ask for."""
        full = self.months_after_days if has_day else self.months
        return {3: self.short_months, 5: self.month_letters}.get(letters, full)[number - 1]

    def day(self, number: int, letters: int) -> str:
        """Return the name of a day of the week from 0 on."""
        return (self.short_days if letters == 3 else self.days)[number]


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ENGLISH = Words(
    months=_MONTHS,
    months_after_days=_MONTHS,
    short_months=[it[:3] for it in _MONTHS],
    month_letters=[it[:1] for it in _MONTHS],
    days=_DAYS,
    short_days=[it[:3] for it in _DAYS],
)


@lru_cache(maxsize=100)
def words(code: str) -> Words:
    """Return the words for what a format says behind `[$`: `-407`, `-1070409`, `-de-DE`.

    English ones where it says nothing, or nothing that is known.
    """
    name, calendar = _locale(code)
    language = name.partition("_")[0]
    if not name or language == "en":
        return ENGLISH
    names = _known().get(name) or _known().get(language)
    if not names:
        return ENGLISH
    months, months_after_days, short_months, month_letters, days, short_days, halves = names
    return Words(
        months=months,
        months_after_days=months_after_days,
        short_months=short_months,
        month_letters=month_letters,
        days=days,
        short_days=short_days,
        halves=halves,
        language=language,
        calendar=_CALENDARS.get(calendar, ""),
        counts_by=_COUNTED_BY_ERAS.get(name, ""),
    )


@cache
def _known() -> Mapping[str, list[list[str]]]:
    return cast(Mapping[str, list[list[str]]], json.loads(_FILE.read_text(encoding="utf-8")))


def _locale(code: str) -> tuple[str, int]:
    """Return a locale's name and the number of its calendar."""
    if found := _CODE.fullmatch(code):
        number = int(found[1], 16)
        language = number & 0xFFFF
        if language >= _INFLECTED:
            language = 0x400 | language & 0xFF
        names = locale.windows_locale | _IN_LATIN
        name = names.get(language) or names.get(0x400 | language & 0xFF, "")
        return name, number >> 16 & 0xFF
    found = _TAG.fullmatch(code)
    return (found[1].replace("-", "_") if found else ""), 0
