"""OpenDocument spreadsheets: the cells of each sheet as they are shown, as CSV under its name."""

import csv
import io
from collections.abc import Iterator

from chat.attachments.reading import xml
from chat.attachments.reading.documents.words import OFFICE, TABLE, Words
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import RemarkKind

_CELLS = (f"{TABLE}table-cell", f"{TABLE}covered-table-cell")
_VALUES = ("value", "string-value", "date-value", "time-value", "boolean-value")
_MOST_REPEATED = 16_384  # columns or rows; a sheet's empty rest is written as one that is repeated


def write(content: bytes, buffer: TextBuffer) -> None:
    """Write every sheet, row by row; rows without a value are left out."""
    words = Words()
    source = io.BytesIO(content)
    sheet = None
    try:
        for row in xml.stream(source, "table-row"):
            if (name := _sheet_of(row)) != sheet:
                sheet = name
                buffer.counts["sheets"] = buffer.counts.get("sheets", 0) + 1
                buffer.heading(f"\n\n## {sheet}\n\n")
            buffer.reached(source.tell(), len(content))
            _write_row(row, words, buffer)
            xml.forget(row)
    finally:
        buffer.tally[RemarkKind.PICTURES] += words.pictures


def _sheet_of(row: xml.Element) -> str:
    table = next(row.iterancestors(f"{TABLE}table"), None)
    return str(xml.value(table, "name") or "")


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
    return str(value or formula or "")
