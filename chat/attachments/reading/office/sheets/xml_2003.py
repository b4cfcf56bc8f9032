"""Excel's workbooks that are one piece of XML, as its 2003 version and many reports write them.

They are mostly called `.xls`, at times `.xml`.
"""

import datetime
import io
from collections.abc import Iterator, Mapping

from chat.attachments.reading import xml
from chat.attachments.reading.office.sheets import formats
from chat.attachments.reading.office.sheets.cells import WIDEST, Book, address
from chat.attachments.reading.office.sheets.dates import serial
from chat.attachments.reading.office.sheets.lines import line
from chat.attachments.reading.office.sheets.strings import SharedStrings
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import RemarkKind

_NAMED: Mapping[str, str] = {  # formats that have names here
    "General Number": formats.GENERAL,
    "General Date": formats.built_in(22),
    "Long Date": formats.built_in(14),
    "Medium Date": formats.built_in(15),
    "Short Date": formats.built_in(14),
    "Long Time": formats.built_in(21),
    "Medium Time": formats.built_in(18),
    "Short Time": formats.built_in(20),
    "Currency": formats.built_in(7),
    "Euro Currency": "[$€]#,##0.00",
    "Fixed": formats.built_in(2),
    "Standard": formats.built_in(4),
    "Percent": formats.built_in(10),
    "Scientific": formats.built_in(11),
    "Yes/No": '"Yes";"Yes";"No"',
    "True/False": '"True";"True";"False"',
    "On/Off": '"On";"On";"Off"',
}
_DEFAULT_STYLE = "Default"


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write every sheet; rows that show nothing are left out."""
    workbook = _Workbook(buffer)
    source = io.BytesIO(content)
    for element in xml.stream(source, "Style", "Column", "Row", "Visible", "Worksheet"):
        buffer.reached(source.tell(), len(content))
        workbook.take(element)


class _Workbook:
    """Takes a workbook's elements as they end."""

    def __init__(self, buffer: TextBuffer) -> None:
        self._buffer = buffer
        self._book = Book(SharedStrings(None), [], False, False, {}, buffer.tally)
        self._formats: dict[str, str] = {}
        self._sheet: xml.Element | None = None
        self._row = 0

    def take(self, element: xml.Element) -> None:
        """Read one that has ended, and write what it shows."""
        match xml.name(element):
            case "Style":
                self._note_format(element)
            case "Column":
                self._count_hidden(element)
            case "Row":
                self._begin_sheet(element.getparent().getparent())
                self._write_row(element)
                xml.forget(element)
            case "Visible":
                self._buffer.tally[RemarkKind.HIDDEN_SHEETS] += element.text != "SheetVisible"
            case "Worksheet":
                self._begin_sheet(element)
                xml.forget(element)

    def _note_format(self, style: xml.Element) -> None:
        code = xml.value(xml.child(style, "NumberFormat"), "Format")
        if code is None:
            code = self._formats.get(xml.value(style, "Parent") or _DEFAULT_STYLE, formats.GENERAL)
        self._formats[xml.value(style, "ID") or ""] = _NAMED.get(code, code)

    def _count_hidden(self, element: xml.Element) -> None:
        if xml.value(element, "Hidden") == "1":
            self._buffer.tally[RemarkKind.HIDDEN_CELLS] += 1

    def _begin_sheet(self, sheet: xml.Element) -> None:
        if sheet is self._sheet:
            return
        self._sheet, self._row = sheet, 0
        self._buffer.counts["sheets"] = self._buffer.counts.get("sheets", 0) + 1
        self._buffer.heading(f"\n\n## {xml.value(sheet, 'Name') or '?'}\n\n")

    def _write_row(self, row: xml.Element) -> None:
        self._row = _number(xml.value(row, "Index"), self._row + 1)
        cells = list(_placed(row))
        shown = [(column, text) for column, cell in cells if (text := self._text(cell, row))]
        if shown:
            self._count_hidden(row)
        self._buffer.write(line(shown, self._row))
        for column, cell in cells:
            for said in _comments(cell, address(column, self._row)):
                self._buffer.write(f"{said}\n")
        self._row += _number(xml.value(row, "Span"), 0)

    def _text(self, cell: xml.Element, row: xml.Element) -> str:
        data = xml.child(cell, "Data")
        formula = xml.value(cell, "Formula")
        if data is None:
            return self._formula(formula)
        style = xml.value(cell, "StyleID") or xml.value(row, "StyleID") or _DEFAULT_STYLE
        text = self._value(data, self._formats.get(style, formats.GENERAL))
        link = xml.value(cell, "HRef")
        return f"{text} ({link})" if link and link not in (text, f"mailto:{text}") else text

    def _formula(self, formula: str | None) -> str:
        """Return a formula that has no result."""
        if not formula:
            return ""
        self._buffer.tally[RemarkKind.FORMULAS] += 1
        return formula

    def _value(self, data: xml.Element, code: str) -> str:
        value = "".join(data.itertext())
        match xml.value(data, "Type"):
            case "Number":
                return self._shown(value, code)
            case "DateTime":
                return self._moment(value, code)
            case "Boolean":
                return "TRUE" if value.strip() == "1" else "FALSE"
            case "Error":
                return value
        return self._book.text(value, code)

    def _shown(self, value: str, code: str) -> str:
        try:
            return self._book.number(float(value), code)
        except ValueError:
            return value

    def _moment(self, value: str, code: str) -> str:
        try:
            moment = datetime.datetime.fromisoformat(value)
        except ValueError:
            return value
        if code == formats.GENERAL:
            return str(moment).removesuffix(" 00:00:00")
        return formats.shown(serial(moment), code)


def _placed(row: xml.Element) -> Iterator[tuple[int, xml.Element]]:
    """Yield the cells of a row with their columns from 0."""
    column = 0
    for cell in xml.children(row, "Cell"):
        column = _number(xml.value(cell, "Index"), column + 1) - 1
        if column >= WIDEST:
            return
        yield column, cell
        column += 1 + _number(xml.value(cell, "MergeAcross"), 0)


def _comments(cell: xml.Element, place: str) -> Iterator[str]:
    for comment in xml.children(cell, "Comment"):
        author = xml.value(comment, "Author") or ""
        said = " ".join("".join(comment.itertext()).removeprefix(f"{author}:").split())
        yield f"[comment at {place}{f' by {author}' if author else ''}: {said}]"


def _number(given: str | None, otherwise: int) -> int:
    return int(given) if given and given.isdecimal() else otherwise
