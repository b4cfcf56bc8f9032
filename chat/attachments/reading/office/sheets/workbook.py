"""A workbook, sheet by sheet and row by row, as far as there is room."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import IO

from chat.attachments.reading import xml
from chat.attachments.reading.office.package import Package, Relation
from chat.attachments.reading.office.sheets import cell_pictures, formats, notes, page_edges
from chat.attachments.reading.office.sheets.cells import WIDEST, Book, Cells
from chat.attachments.reading.office.sheets.lines import line
from chat.attachments.reading.office.sheets.strings import SharedStrings
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import CannotRead, Reason, RemarkKind

_OFF = (None, "0", "false")
_EDGES = {
    f"{page}{edge.capitalize()}": edge
    for edge in ("header", "footer")
    for page in ("odd", "even", "first")
}


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
        cell_pictures.in_cells(package, main),
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
            for text in _Sheet(package.relations(part), book).lines(source):
                buffer.reached(before + source.tell(), whole)
                buffer.write(text)
        for text in notes.upon(package, part, book.tally):
            buffer.write(f"{text}\n")
        before += package.size(part)


class _Sheet:
    """Reads a sheet's own part."""

    def __init__(self, relations: Mapping[str, Relation], book: Book) -> None:
        self._relations = relations
        self._book = book
        self._cells = Cells(book)
        self._hidden = bytearray(WIDEST)
        self._row = 0
        self._addresses: set[str] = set()  # that cells show

    def lines(self, source: IO[bytes]) -> Iterator[str]:
        """Yield its rows, and then what belongs to them or to its pages."""
        for element in xml.stream(source, "row", "col", "hyperlink", *_EDGES):
            kind = xml.name(element)
            if kind == "row":
                yield self._line(element)
                xml.forget(element)
            elif kind == "col":
                _note_hidden(element, self._hidden)
            elif kind == "hyperlink":
                yield self._link(element)
            elif said := page_edges.shown(element.text or ""):
                yield f"[{_EDGES[kind]}] {said}\n"

    def _line(self, element: xml.Element) -> str:
        said = element.get("r") or ""
        self._row = int(said) if said.isdecimal() else self._row + 1
        row = list(self._cells.of(element))
        if row:
            is_hidden = element.get("hidden") not in _OFF
            self._book.tally[RemarkKind.HIDDEN_CELLS] += is_hidden + _newly_met(row, self._hidden)
            self._addresses.update(text for _, text in row if ":" in text or "@" in text)
        return line(row, self._row)

    def _link(self, element: xml.Element) -> str:
        """Return where a cell leads to outside of the file, unless it shows that itself."""
        relation = self._relations.get(xml.value(element, "id") or "")
        address = relation.target if relation and relation.is_external else ""
        if not address or {address, address.removeprefix("mailto:")} & self._addresses:
            return ""
        return f"[link at {element.get('ref')}: {address}]\n"


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
