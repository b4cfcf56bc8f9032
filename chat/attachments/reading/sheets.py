"""Excel workbooks: the values of each sheet as CSV under the sheet's name."""

import csv
import datetime
import io
from collections.abc import Sequence
from typing import Any

import openpyxl

from chat.attachments.reading.text_buffer import TextBuffer

_MIDNIGHT = datetime.time()


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write every sheet, row by row; rows without a value are left out."""
    workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    sheets: list[Any] = list(workbook.worksheets)
    buffer.counts["sheets"] = len(sheets)
    lengths = [sheet.max_row for sheet in sheets]
    before = 0
    for sheet, rows in zip(sheets, lengths, strict=True):
        buffer.heading(f"\n\n## {sheet.title}\n\n")
        sheet.reset_dimensions()  # what a file says of its size may be wrong
        for number, row in enumerate(sheet.iter_rows(values_only=True)):
            if None not in lengths:
                buffer.reached(before + min(number + 1, rows), sum(lengths))
            if line := _line(row):
                buffer.write(line)
        before += rows or 0


def _line(row: Sequence[Any]) -> str:
    values = [_shown(value) for value in row]
    while values and not values[-1]:
        values.pop()
    if not values:
        return ""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(values)
    return written.getvalue()


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return str(value.date() if value.time() == _MIDNIGHT else value)
    return str(value)
