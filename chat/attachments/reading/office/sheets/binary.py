"""Excel's binary files: those of before 2007 (.xls), and .xlsb."""

import datetime
import io
from contextlib import suppress

import python_calamine
import xlrd

from chat.attachments.reading import archives
from chat.attachments.reading.office.sheets import digits, old
from chat.attachments.reading.office.sheets.lines import line
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import CannotRead, Reason, RemarkKind

_LARGEST_SHOWN = 10_000_000  # bytes of a file that xlrd reads, whole and cell by cell
_OLE_MARK = b"\xd0\xcf\x11\xe0"


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write every sheet: of old files as it is shown, of others and large ones as it is stored."""
    if not content.startswith(_OLE_MARK):
        archives.check(content)
    elif workbook := _opened_old(content):
        old.write(workbook, content, buffer)
        return
    _write_stored(content, buffer)


def _opened_old(content: bytes) -> xlrd.Book | None:
    """Return a workbook as it is shown; None where that takes long, or xlrd finds it broken."""
    if len(content) <= _LARGEST_SHOWN:
        with suppress(Exception):
            return old.opened(content)
    return None


def _write_stored(content: bytes, buffer: TextBuffer) -> None:
    workbook = _open(content)
    sheets = [
        it for it in workbook.sheets_metadata if it.typ is python_calamine.SheetTypeEnum.WorkSheet
    ]
    buffer.counts["sheets"] = len(sheets)
    buffer.remark(RemarkKind.UNFORMATTED)
    for index, sheet in enumerate(sheets):
        is_hidden = sheet.visible is not python_calamine.SheetVisibleEnum.Visible
        buffer.tally[RemarkKind.HIDDEN_SHEETS] += is_hidden
        buffer.heading(f"\n\n## {sheet.name}{' (hidden)' if is_hidden else ''}\n\n")
        _write(workbook.get_sheet_by_name(sheet.name), index / len(sheets), len(sheets), buffer)


def _open(content: bytes) -> python_calamine.CalamineWorkbook:
    try:
        return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    except python_calamine.PasswordError as exc:
        raise CannotRead(Reason.PASSWORD) from exc


def _write(
    sheet: python_calamine.CalamineSheet, before: float, sheets: int, buffer: TextBuffer
) -> None:
    for number, row in enumerate(sheet.iter_rows(), 1):
        texts = enumerate(map(_shown, row))
        buffer.reached(before + number / max(1, sheet.height) / sheets, 1)
        buffer.write(line([(column, text) for column, text in texts if text], number))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return digits.general(value)
    if isinstance(value, datetime.datetime):
        return str(value).removesuffix(" 00:00:00")
    return str(value)
