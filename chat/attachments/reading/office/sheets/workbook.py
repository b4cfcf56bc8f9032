"""A workbook, sheet by sheet and row by row, as far as there is room."""

from collections.abc import Iterator
from contextlib import closing
from typing import IO

from chat.attachments.reading import xml
from chat.attachments.reading.office.package import Package
from chat.attachments.reading.office.sheets import formats, notes
from chat.attachments.reading.office.sheets.cells import WIDEST, Book, Cells
from chat.attachments.reading.office.sheets.lines import line
from chat.attachments.reading.office.sheets.strings import SharedStrings
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import CannotRead, Reason, RemarkKind

_OFF = (None, "0", "false")


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write every sheet; rows that show nothing are left out."""
    package = Package.of(content)
    if (main := package.main) is None:
        raise CannotRead(Reason.BROKEN)
    if package.has_macros:
        buffer.remark(RemarkKind.MACROS)
    root = package.xml(main)
    strings = next(package.related(main, "sharedStrings"), None)
    with closing(package.open(strings or main)) as source:
        book = _book(package, main, root, SharedStrings(source if strings else None), buffer)
        _write_sheets(package, list(_sheets(package, main, root)), book, buffer)


def _book(
    package: Package, main: str, root: xml.Element, strings: SharedStrings, buffer: TextBuffer
) -> Book:
    styles = next(package.related(main, "styles"), None)
    return Book(
        strings,
        list(_formats(package.xml(styles))) if styles else [],
        xml.value(xml.child(root, "workbookPr"), "date1904") not in _OFF,
        xml.value(xml.child(root, "calcPr"), "fullCalcOnLoad") not in _OFF,
        buffer.tally,
    )


def _formats(styles: xml.Element) -> Iterator[str]:
    """Yield the number format of each style of cells."""
    own = {
        it.get("numFmtId"): it.get("formatCode") or formats.GENERAL
        for it in xml.children(xml.child(styles, "numFmts"), "numFmt")
    }
    for style in xml.children(xml.child(styles, "cellXfs"), "xf"):
        number = style.get("numFmtId") or "0"
        built_in = formats.built_in(int(number)) if number.isdecimal() else formats.GENERAL
        yield own.get(number, built_in)


def _sheets(package: Package, main: str, root: xml.Element) -> Iterator[tuple[str, str, bool]]:
    """Yield name, part and whether it is hidden of each sheet that is there."""
    relations = package.relations(main)
    for sheet in xml.children(xml.child(root, "sheets"), "sheet"):
        relation = relations.get(xml.value(sheet, "id") or "")
        if relation and relation.target in package:
            is_hidden = (sheet.get("state") or "visible") != "visible"
            yield sheet.get("name") or "?", relation.target, is_hidden


def _write_sheets(
    package: Package, sheets: list[tuple[str, str, bool]], book: Book, buffer: TextBuffer
) -> None:
    buffer.counts["sheets"] = len(sheets)
    if hidden := sum(is_hidden for _, _, is_hidden in sheets):
        buffer.tally[RemarkKind.HIDDEN_SHEETS] = hidden
    whole = sum(package.size(part) for _, part, _ in sheets)
    before = 0
    for name, part, is_hidden in sheets:
        buffer.heading(f"\n\n## {name}{' (hidden)' if is_hidden else ''}\n\n")
        with package.open(part) as source:
            for text in _lines(source, book):
                buffer.reached(before + source.tell(), whole)
                buffer.write(text)
        for text in notes.upon(package, part, book.tally):
            buffer.write(f"{text}\n")
        before += package.size(part)


def _lines(source: IO[bytes], book: Book) -> Iterator[str]:
    cells, hidden, number = Cells(book), bytearray(WIDEST), 0
    for element in xml.stream(source, "row", "col"):
        if xml.name(element) == "col":
            _note_hidden(element, hidden)
            continue
        said = element.get("r") or ""
        number = int(said) if said.isdecimal() else number + 1
        if row := list(cells.of(element)):
            is_hidden = element.get("hidden") not in _OFF
            book.tally[RemarkKind.HIDDEN_CELLS] += is_hidden + _newly_met(row, hidden)
            yield line(row, number)
        xml.forget(element)


def _note_hidden(columns: xml.Element, hidden: bytearray) -> None:
    """Mark columns that are hidden; most of those beyond a table are empty."""
    first, last = columns.get("min") or "", columns.get("max") or ""
    if columns.get("hidden") not in _OFF and first.isdecimal() and last.isdecimal():
        begin, end = int(first) - 1, min(int(last), WIDEST)
        hidden[begin:end] = b"\1" * (end - begin)


def _newly_met(row: list[tuple[int, str]], hidden: bytearray) -> int:
    """Return how many hidden columns have their first value in a row, and mark them as met."""
    met = [column for column, _ in row if hidden[column]]
    for column in met:
        hidden[column] = 0
    return len(met)
