"""What OpenDocument's styles say of text: whether it is seen, and how lists are numbered."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from chat.attachments.reading import xml
from chat.attachments.reading.numerals import numeral, spreadsheet_letters

_FORMS = {
    "1": "decimal",
    "A": "upperLetter",
    "a": "lowerLetter",
    "i": "lowerRoman",
    "I": "upperRoman",
    "01, 02, 03, ...": "decimalZero",
    "1st": "ordinal",
    "１, ２, ３, ...": "decimalFullWidth",  # noqa: RUF001
    "①, ②, ③, ...": "decimalEnclosedCircle",
    "一, 二, 三, ...": "chineseCounting",
    "甲, 乙, 丙, ...": "ideographTraditional",
    "子, 丑, 寅, ...": "ideographZodiac",
    "ア, イ, ウ, ...": "aiueo",
    "イ, ロ, ハ, ...": "iroha",
    "가, 나, 다, ...": "ganada",
    "А, Б, .., Аа, Аб, ... (ru)": "russianUpper",  # noqa: RUF001
    "А, Б, .., Аа, Бб, ... (ru)": "russianUpper",  # noqa: RUF001
    "а, б, .., аа, аб, ... (ru)": "russianLower",  # noqa: RUF001
    "а, б, .., аа, бб, ... (ru)": "russianLower",  # noqa: RUF001
}
OUTLINE = "outline-style"  # of chapters: the list whose items are a document's headings
_NUMBERED = ("list-level-style-number", "outline-level-style")
_PLACE = re.compile(
    r"((?<=%)[^%]*)?%(\d+)%"
)  # of a level's number, with what parts it from another
_STRUCK = "text-line-through-style"


class Styles:
    """The styles of a document, by their names."""

    def __init__(self, *roots: Any) -> None:
        self._hidden: set[tuple[str, str]] = set()
        self._struck: set[tuple[str, str]] = set()
        self._parents: dict[tuple[str, str], str] = {}
        self._lists: dict[str, Mapping[int, Any]] = {}
        for root in roots:
            for style in xml.within(root, "style", "list-style", OUTLINE):
                self._note(style)

    def _note(self, style: Any) -> None:
        name, family = xml.value(style, "name") or "", xml.value(style, "family") or ""
        if xml.name(style) in ("list-style", OUTLINE):
            self._lists[OUTLINE if xml.name(style) == OUTLINE else name] = {
                int(xml.value(it, "level") or 1): it for it in style
            }
            return
        self._parents[family, name] = xml.value(style, "parent-style-name") or ""
        if is_unseen(style):
            self._hidden.add((family, name))
        if any(xml.value(it, _STRUCK) not in (None, "none") for it in style):
            self._struck.add((family, name))

    def hides(self, element: Any, family: str) -> bool:
        """Tell whether what an element has is not seen."""
        return self._is_in(self._hidden, element, family)

    def strikes(self, element: Any, family: str) -> bool:
        """Tell whether what an element has is struck out."""
        return self._is_in(self._struck, element, family)

    def _is_in(self, marked: set[tuple[str, str]], element: Any, family: str) -> bool:
        name = xml.value(element, "style-name") or ""
        for _ in range(20):  # styles that are based on each other
            if not name or (family, name) in marked:
                break
            name = self._parents.get((family, name), "")
        return bool(name)

    def start(self, name: str, level: int) -> int:
        """Return the first number of a list's level."""
        said = xml.value(self._lists.get(name, {}).get(level), "start-value") or ""
        return int(said) if said.isdecimal() else 1

    def label(self, name: str, counts: Sequence[int]) -> str:
        """Return what stands before the last of the numbers, which are one for each level.

        A dash where that is no number.
        """
        own = self._lists.get(name, {}).get(len(counts))
        if own is None or xml.name(own) not in _NUMBERED:
            return "-"
        shown = {level: self._numeral(name, level, it) for level, it in enumerate(counts, 1)}
        if form := xml.value(own, "num-list-format"):  # LibreOffice's own, beside the others
            return _PLACE.sub(lambda it: _placed(it[1], shown.get(int(it[2]))), form).strip() or "-"
        last = int(xml.value(own, "display-levels") or 1)
        numbers = ".".join(filter(None, list(shown.values())[-last:]))
        before, after = xml.value(own, "num-prefix") or "", xml.value(own, "num-suffix") or ""
        return f"{before}{numbers}{after}".strip() or "-"

    def _numeral(self, name: str, level: int, number: int) -> str:
        style = self._lists[name].get(level)
        form = xml.value(style, "num-format") or ""
        if form in ("a", "A") and xml.value(style, "num-letter-sync") != "true":
            letters = spreadsheet_letters(number)
            return letters.upper() if form == "A" else letters
        return numeral(_FORMS.get(form, "decimal"), number) if form else ""


def _placed(between: str | None, numeral: str | None) -> str:
    return f"{between or ''}{numeral}" if numeral else ""


def is_unseen(style: Any) -> bool:
    """Tell whether a style hides what has it: text, a slide or a sheet."""
    return any(
        xml.value(it, "display") in ("none", "false") or xml.value(it, "visibility") == "hidden"
        for it in style
    )
