"""OpenDocument spreadsheets: the cells of each sheet as they are shown, as CSV under its name."""

import csv
import io
from collections.abc import Iterator
from contextlib import suppress

from chat.attachments.reading import xml
from chat.attachments.reading.documents.styles import Styles, is_unseen
from chat.attachments.reading.documents.words import OFFICE, TABLE, Words
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import RemarkKind

_CELLS = (f"{TABLE}table-cell", f"{TABLE}covered-table-cell")
_VALUES = ("value", "string-value", "date-value", "time-value", "boolean-value")
_REST = 1_000  # columns or rows; so many that are hidden are what is beside the table
_NUMBERS = ("page-number", "page-count", "sheet-name")
_MOST_REPEATED = 16_384  # columns or rows; a sheet's empty rest is written as one that is repeated


def write(content: bytes, buffer: TextBuffer) -> None:
    """Write every sheet, row by row; rows without a value are left out."""
    words = Words(Styles(), {}, {})
    source = io.BytesIO(content)
    sheets = _Sheets(buffer)
    try:
        for element in xml.stream(source, "style", "shapes", "table-column", "table-row"):
            sheets.meet(element)
            if xml.name(element) in ("shapes", "table-row"):
                buffer.reached(source.tell(), len(content))
                _write(element, words, buffer)
                xml.forget(element)
    finally:
        buffer.tally += words.tally


def write_edges(styles: bytes, buffer: TextBuffer) -> None:
    """Write what is printed above and below the pages of sheets, each once.

    Paragraphs with the page's number or the sheet's name are left out, as every file has them.
    """
    words, seen = Words(Styles(), {}, {}), set[str]()
    for page in xml.stream(io.BytesIO(styles), "master-page", "table-row") if styles else ():
        if xml.name(page) == "table-row":  # of a document of one XML
            return
        for part in page:
            if (line := _edge(part, words)) and line not in seen:
                seen.add(line)
                buffer.write(f"{line}\n")


def _edge(part: xml.Element, words: Words) -> str:
    kind = xml.name(part).partition("-")[0]
    if kind not in ("header", "footer") or xml.value(part, "display") == "false":
        return ""
    paragraphs = (it for it in xml.within(part, "p") if not _is_numbered(it))
    said = (" ".join(words.block(it)).strip() for it in paragraphs)
    line = " | ".join(it for it in said if it)
    return f"[{kind}] {line}" if line else ""


def _is_numbered(paragraph: xml.Element) -> bool:
    return next(xml.within(paragraph, *_NUMBERS), None) is not None


class _Sheets:
    """Knows which sheet comes, and counts what is hidden."""

    def __init__(self, buffer: TextBuffer) -> None:
        self._buffer = buffer
        self._unseen: set[str] = set()  # of tables that are not shown
        self._sheet: str | None = None

    def meet(self, element: xml.Element) -> None:
        """Note what an element says of its sheet."""
        if xml.name(element) == "style":
            if is_unseen(element):
                self._unseen.add(str(xml.value(element, "name")))
            return
        table = next(element.iterancestors(f"{TABLE}table"), None)
        name = str(xml.value(table, "name") or "")
        if table is not None and name != self._sheet:
            self._begin(name, is_hidden=xml.value(table, "style-name") in self._unseen)
        if element.get(f"{TABLE}visibility") in ("collapse", "filter"):
            what = "columns" if xml.name(element) == "table-column" else "rows"
            number = _repeated(element, what)
            self._buffer.tally[RemarkKind.HIDDEN_CELLS] += number if number < _REST else 0

    def _begin(self, name: str, *, is_hidden: bool) -> None:
        self._sheet = name
        self._buffer.counts["sheets"] = self._buffer.counts.get("sheets", 0) + 1
        self._buffer.tally[RemarkKind.HIDDEN_SHEETS] += is_hidden
        self._buffer.heading(f"\n\n## {name}\n\n")


def _write(element: xml.Element, words: Words, buffer: TextBuffer) -> None:
    if xml.name(element) == "table-row":
        _write_row(element, words, buffer)
    elif text := words.whole(element):
        buffer.write(f"{text}\n")


def _write_row(row: xml.Element, words: Words, buffer: TextBuffer) -> None:
    values = list(_values(row, words, buffer))
    while values and not values[-1]:
        values.pop()
    if not values:
        return
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(values)
    for _ in range(_repeated(row, "rows")):
        buffer.write(written.getvalue())


def _values(row: xml.Element, words: Words, buffer: TextBuffer) -> Iterator[str]:
    for cell in row.iterchildren(*_CELLS):
        value = _shown(cell, words, buffer)
        for _ in range(_repeated(cell, "columns")):
            yield value


def _repeated(element: xml.Element, what: str) -> int:
    return min(_MOST_REPEATED, int(element.get(f"{TABLE}number-{what}-repeated") or 1))


def _shown(cell: xml.Element, words: Words, buffer: TextBuffer) -> str:
    """Return what is shown, else the value, else the formula that has none."""
    shown = words.whole(cell)
    if shown or cell.tag != _CELLS[0]:
        return shown
    formula = cell.get(f"{TABLE}formula")
    value = next((it for name in _VALUES if (it := cell.get(f"{OFFICE}{name}"))), None)
    buffer.tally[RemarkKind.FORMULAS] += bool(formula and not value)
    return _in_its_unit(cell, value) if value else str(formula or "")


def _in_its_unit(cell: xml.Element, value: str) -> str:
    kind, currency = cell.get(f"{OFFICE}value-type"), cell.get(f"{OFFICE}currency")
    if kind == "percentage":
        with suppress(ValueError):
            return f"{float(value) * 100:.10g}%"
    return f"{value} {currency}" if kind == "currency" and currency else value
