"""Rows as lines of CSV."""

import csv
import io
from collections.abc import Sequence

from chat.attachments.reading.office.sheets.cells import address

_SPARSE = 10  # so many times more columns than values: then each is named by its address
_FEW = 50  # columns that are written out in any case


def line(cells: Sequence[tuple[int, str]], row: int) -> str:
    """Return a row's line, empty where there are no cells.

    Cells are columns from 0 with texts. Where they stand far apart they are named, so that one
    value at a sheet's end is no line of ten thousand commas.
    """
    if not cells:
        return ""
    width = max(column for column, _ in cells) + 1
    if width > _FEW + _SPARSE * len(cells):
        return "; ".join(f"{address(column, row)}: {text}" for column, text in cells) + "\n"
    values = [""] * width
    for column, text in cells:
        values[column] = text
    return csv_line(values)


def csv_line(values: Sequence[str]) -> str:
    """Return values as a line of CSV."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(values)
    return written.getvalue()
