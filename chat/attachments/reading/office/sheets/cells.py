"""What the cells of one sheet show."""

import datetime
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chat.attachments.reading import xml
from chat.attachments.reading.numerals import spreadsheet_letters
from chat.attachments.reading.office.sheets import cell_pictures, digits, formats
from chat.attachments.reading.office.sheets.dates import serial
from chat.attachments.reading.office.sheets.strings import SharedStrings, rich_text
from chat.attachments.results import RemarkKind

WIDEST = 16_384  # columns of a sheet
_PREFIX = re.compile(r"_xl(?:fn|ws|pm|udf)\.")  # of what newer programs know
_LINK = re.compile(r'HYPERLINK\("(\w+:[^"]+)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Book:
    """What the sheets of a workbook share; `formats` are the number formats by cell style."""

    strings: SharedStrings
    formats: list[str]
    since_1904: bool
    computes_at_opening: bool
    """Whether stored zeros stand for results that some program left to Excel."""
    pictures: Mapping[str, str]
    """What stands for pictures in cells, by their value metadata."""
    tally: Counter[RemarkKind]

    def format_of(self, style: str | None) -> str:
        """Return the number format of a cell's style."""
        index = int(style) if style and style.isdecimal() else 0
        return self.formats[index] if index < len(self.formats) else formats.GENERAL

    def number(self, value: float, code: str) -> str:
        """Return a number as its format shows it, and as it is where that hides it."""
        if code != formats.GENERAL:
            if text := formats.shown(value, code, since_1904=self.since_1904):
                return text
            self.tally[RemarkKind.HIDDEN_VALUES] += 1
        return digits.general(value)

    def text(self, text: str, code: str) -> str:
        """Return a text as its format shows it, and as it is where that hides it."""
        if text and formats.hides_text(code):
            self.tally[RemarkKind.HIDDEN_VALUES] += 1
        return formats.shown_text(text, code)

    def picture(self, said: str) -> str:
        """Return what stands for a picture, which is counted."""
        self.tally[RemarkKind.PICTURES] += 1
        return said


class Cells:
    """Reads the cells of a sheet, from its first row on."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._shared: dict[str | None, str] = {}

    def of(self, row: xml.Element) -> Iterator[tuple[int, str]]:
        """Yield column from 0 and text of each cell that shows something."""
        column = -1
        for cell in row:
            place = cell.get("r")
            if len(cell) == 0 and place:  # styled, and nothing in it: sheets are full of these
                continue
            column = column_of(place) if place else column + 1
            if 0 <= column < WIDEST and (text := self._text(cell)):
                yield column, text

    def _text(self, cell: xml.Element) -> str:
        kind = cell.get("t") or "n"
        formula = value = None
        for part in cell:
            match xml.name(part):
                case "v":
                    value = part.text
                case "f":
                    formula = part
                case "is":
                    return self._book.text(rich_text(part), self._book.format_of(cell.get("s")))
        if picture := self._picture(cell, formula):
            return self._book.picture(picture)
        if formula is not None and self._is_open(kind, value):
            return self._formula(formula, cell.get("r") or "")
        text = self._value(kind, value or "", cell.get("s"))
        return text if formula is None else _with_address(text, formula.text or "")

    def _picture(self, cell: xml.Element, formula: xml.Element | None) -> str:
        if formula is not None and cell_pictures.is_formula(formula.text or ""):
            return cell_pictures.described()
        return self._book.pictures.get(cell.get("vm") or "", "")

    def _is_open(self, kind: str, value: str | None) -> bool:
        """Tell whether a formula has no result; an empty text is one."""
        if not value:
            return kind != "str"
        return self._book.computes_at_opening and kind == "n" and value == "0"

    def _formula(self, formula: xml.Element, place: str) -> str:
        text, key = _PREFIX.sub("", formula.text or ""), formula.get("si")
        if text and key is not None:
            self._shared[key] = f"={text} (as in {place})"
        self._book.tally[RemarkKind.FORMULAS] += 1
        return f"={text}" if text else self._shared.get(key, "=?")

    def _value(self, kind: str, value: str, style: str | None) -> str:
        if kind == "s":
            text = self._book.strings[int(value)] if value.strip().isdecimal() else ""
            return self._book.text(text, self._book.format_of(style))
        if kind == "b":
            return "TRUE" if value.strip() in ("1", "true") else "FALSE"
        if kind == "n":
            return self._number(value, style)
        if kind == "d":
            return self._moment(value, style)
        return self._book.text(value, self._book.format_of(style)) if kind == "str" else value

    def _number(self, value: str, style: str | None) -> str:
        try:
            return self._book.number(float(value), self._book.format_of(style)) if value else ""
        except ValueError:
            return value

    def _moment(self, value: str, style: str | None) -> str:
        """Return a date that is stored as one, as in the strict kind of files."""
        try:
            moment = datetime.datetime.fromisoformat(value).replace(tzinfo=None)
        except ValueError:
            return value
        code = self._book.format_of(style)
        if code == formats.GENERAL:
            return value.removesuffix("T00:00:00")
        return formats.shown(serial(moment), code)


def _with_address(text: str, formula: str) -> str:
    """Return a cell's text with the address where its formula is a link."""
    link = _LINK.search(formula)
    return f"{text} ({link[1]})" if link and link[1] not in text else text


def column_of(place: str) -> int:
    """Return the column from 0 of a cell's address, -1 where it has none."""
    column = 0
    for letter in place[:4].upper():
        if not "A" <= letter <= "Z":
            break
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1


def address(column: int, row: int) -> str:
    """Return a cell's address: `AB12` for column 27 and row 12."""
    return f"{spreadsheet_letters(column + 1).upper()}{row}"
