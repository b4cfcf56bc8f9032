"""The numbers of lists in pages, as browsers count them."""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag

from chat.attachments.reading.numerals import numeral, spreadsheet_letters

LABEL = "data-keepchat-label"
_WHOLE = re.compile(r"\s*([+-]?\d{1,9})")
_STYLE = re.compile(r"list-style(?:-type)?\s*:([^;]*)", re.IGNORECASE)
_FORMS = {
    "1": "decimal",
    "a": "lower-alpha",
    "A": "upper-alpha",
    "i": "lower-roman",
    "I": "upper-roman",
}
_OF_WORD = {
    "decimal-leading-zero": "decimalZero",
    "lower-roman": "lowerRoman",
    "upper-roman": "upperRoman",
    "cjk-decimal": "chineseCounting",
    "cjk-ideographic": "chineseCounting",
    "simp-chinese-informal": "chineseCounting",
    "trad-chinese-informal": "chineseCounting",
    "cjk-heavenly-stem": "ideographTraditional",
    "cjk-earthly-branch": "ideographZodiac",
    "katakana": "aiueo",
    "katakana-iroha": "iroha",
    "hangul": "ganada",
    "lower-russian": "russianLower",
}
_LETTERS = ("lower-alpha", "lower-latin", "upper-alpha", "upper-latin")
_UNNUMBERED = ("none", "disc", "circle", "square")


def label(soup: BeautifulSoup) -> None:
    """Put before each item of a numbered list what stands there, as an attribute."""
    for item in soup("li", attrs={LABEL: True}):
        del item[LABEL]
    for items in soup("ol"):
        for item, number in _counted(items):
            item[LABEL] = _shown(_form(item) or _form(items), number)


def _counted(items: Tag) -> Iterator[tuple[Tag, int]]:
    found = items.find_all("li", recursive=False)
    step = -1 if items.has_attr("reversed") else 1
    first = _whole(items, "start")
    if first is None:
        first = len(found) if step < 0 else 1
    number = first - step
    for item in found:
        said = _whole(item, "value")
        number = number + step if said is None else said
        yield item, number


def _whole(tag: Tag, name: str) -> int | None:
    found = _WHOLE.match(str(tag.get(name) or ""))
    return int(found[1]) if found else None


def _form(tag: Tag) -> str:
    """Return how a list or an item is numbered by what it says itself; empty if it does not."""
    if styled := _STYLE.findall(str(tag.get("style") or "")):
        words = str(styled[-1]).lower().replace("!important", "").split()
        known = (*_OF_WORD, *_LETTERS, *_UNNUMBERED, "decimal")
        if named := next((it for it in words if it in known), ""):
            return named
    kind = str(tag.get("type") or "").strip()
    return _FORMS.get(kind, kind.lower() if kind.lower() in _UNNUMBERED else "")


def _shown(form: str, number: int) -> str:
    if form in _UNNUMBERED:
        return "-"
    if form in _LETTERS and number > 0:
        letters = spreadsheet_letters(number)
        return f"{letters.upper() if form.startswith('upper') else letters}."
    return f"{numeral(_OF_WORD.get(form, 'decimal'), number)}."
