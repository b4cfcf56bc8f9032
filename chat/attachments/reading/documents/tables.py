"""OpenDocument spreadsheets: the cells of each sheet as they are shown, as CSV under its name."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from lxml import etree

from chat.attachments.reading.documents.words import OFFICE, TABLE, Words
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import RemarkKind

_SHEET, _ROW = f"{TABLE}table", f"{TABLE}table-row"
_CELLS = (f"{TABLE}table-cell", f"{TABLE}covered-table-cell")
_MOST_REPEATED = 16_384  # columns or rows; a sheet's empty rest is written as one that is repeated


def write(content: bytes, buffer: TextBuffer) -> None:
    """Write every sheet, row by row; rows without a value are left out."""
    words = Words()
    sheets = 0
    source = io.BytesIO(content)
    try:
        for event, element in etree.iterparse(
            source, ("start", "end"), tag=(_SHEET, _ROW), resolve_entities=False, huge_tree=True
        ):
            if event == "end":
                if element.tag == _ROW:
                    _write_row(element, words, buffer)
                    buffer.reached(source.tell(), len(content))
                element.clear()
            elif element.tag == _SHEET:
                sheets += 1
                buffer.counts["sheets"] = sheets
                buffer.heading(f"\n\n## {element.get(f'{TABLE}name')}\n\n")
    finally:
        buffer.tally[RemarkKind.PICTURES] += words.pictures


def _write_row(row: Any, words: Words, buffer: TextBuffer) -> None:
    values = list(_values(row, words))
    while values and not values[-1]:
        values.pop()
    if not values:
        return
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(values)
    for _ in range(_repeated(row, "rows")):
        buffer.write(written.getvalue())


def _values(row: Any, words: Words) -> Iterator[str]:
    for cell in row.iterchildren(*_CELLS):
        value = _shown(cell, words)
        for _ in range(_repeated(cell, "columns")):
            yield value


def _repeated(element: Any, what: str) -> int:
    return min(_MOST_REPEATED, int(element.get(f"{TABLE}number-{what}-repeated") or 1))


def _shown(cell: Any, words: Words) -> str:
    """Return what is shown, else the value, else the formula that has none."""
    shown = words.whole(cell)
    if shown or cell.tag != _CELLS[0]:
        return shown
    value = cell.get(f"{OFFICE}value") or cell.get(f"{OFFICE}string-value")
    return str(value or cell.get(f"{TABLE}formula") or "")
