"""Excel's files of before 2007 (.xls), as they are shown."""

import io
from collections.abc import Iterator

import olefile
import xlrd

from chat.attachments.reading.office.sheets import old_drawings
from chat.attachments.reading.office.sheets.cells import Book, address
from chat.attachments.reading.office.sheets.lines import line
from chat.attachments.reading.office.sheets.strings import SharedStrings
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import RemarkKind

_STREAM = "Workbook"


def opened(content: bytes) -> xlrd.Book:
    """Open a file; raises whatever xlrd does."""
    return xlrd.open_workbook(
        file_contents=content, logfile=io.StringIO(), formatting_info=True, ragged_rows=True
    )


def write(workbook: xlrd.Book, content: bytes, buffer: TextBuffer) -> None:
    """Write every sheet, and then what is drawn upon them."""
    book = Book(SharedStrings(None), [], bool(workbook.datemode), False, {}, buffer.tally)
    sheets = workbook.sheets()
    buffer.counts["sheets"] = len(sheets)
    for index, sheet in enumerate(sheets):
        buffer.tally[RemarkKind.HIDDEN_SHEETS] += bool(sheet.visibility)
        buffer.heading(f"\n\n## {sheet.name}{' (hidden)' if sheet.visibility else ''}\n\n")
        for row in range(sheet.nrows):
            buffer.reached(index + row / sheet.nrows, len(sheets))
            buffer.write(_line(sheet, row, book))
        _count_hidden(sheet, buffer)
        for text in _beside(sheet):
            buffer.write(f"{text}\n")
    with olefile.OleFileIO(content) as streams:
        records = streams.openstream(_STREAM).read() if streams.exists(_STREAM) else b""
    for text in old_drawings.texts(records, buffer.tally):
        buffer.write(f"\n{text}")


def _line(sheet: xlrd.sheet.Sheet, row: int, book: Book) -> str:
    shown = ((column, _shown(sheet.book, cell, book)) for column, cell in enumerate(sheet.row(row)))
    return line([(column, text) for column, text in shown if text], row + 1)


def _shown(workbook: xlrd.Book, cell: xlrd.sheet.Cell, book: Book) -> str:
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#ERROR!"))
    if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
        return ""
    key = workbook.xf_list[cell.xf_index].format_key
    code = workbook.format_map[key].format_str
    if cell.ctype == xlrd.XL_CELL_TEXT:
        return book.text(cell.value, code)
    return book.number(cell.value, code)


def _count_hidden(sheet: xlrd.sheet.Sheet, buffer: TextBuffer) -> None:
    rows = (row for row, it in sheet.rowinfo_map.items() if it.hidden and row < sheet.nrows)
    columns = (at for at, it in sheet.colinfo_map.items() if it.hidden and at < sheet.ncols)
    buffer.tally[RemarkKind.HIDDEN_CELLS] += sum(1 for _ in (*rows, *columns))


def _beside(sheet: xlrd.sheet.Sheet) -> Iterator[str]:
    """Yield where cells lead to, unless they show it, and what is said of them."""
    for (row, column), link in sheet.hyperlink_map.items():
        to = link.url_or_path
        to = to.decode("utf-8", "replace") if isinstance(to, bytes) else to
        is_shown = row < sheet.nrows and to in (
            text for cell in sheet.row(row) for text in (str(cell.value), f"mailto:{cell.value}")
        )
        if to and not is_shown:
            yield f"[link at {address(column, row + 1)}: {to}]"
    for (row, column), note in sheet.cell_note_map.items():
        author = f" by {note.author}" if note.author.strip() else ""
        said = " ".join(note.text.removeprefix(f"{note.author}:").split())
        yield f"[comment at {address(column, row + 1)}{author}: {said}]"
