"""Tables as Markdown's; what is in a cell stays on one line."""

from collections.abc import Iterator
from typing import Protocol

from chat.attachments.reading import xml

_WIDEST = 200  # columns that one cell may span


class Cells(Protocol):
    """What reads the blocks in a cell."""

    def blocks(self, container: xml.Element) -> Iterator[str]:
        """Yield them."""
        ...

    def note_deleted(self) -> None:
        """Count what is left out."""
        ...


def markdown_table(table: xml.Element, story: Cells) -> Iterator[str]:
    """Yield a table; of one with a single cell, which is but a frame, what is in it."""
    rows = list(_rows(table, story))
    if len(rows) == 1 and len(rows[0]) == 1:
        yield from story.blocks(rows[0][0])
        return
    lines = [_row(cells, story) for cells in rows]
    shown = [f"| {' | '.join(line)} |" for line in lines]
    if shown:
        width = max(map(len, lines))
        yield "\n".join([shown[0], "|" + " --- |" * width, *shown[1:]])


def _rows(table: xml.Element, story: Cells) -> Iterator[list[xml.Element]]:
    for row in _found(table, "tr", "tbl"):
        if xml.child(row, "trPr", "del") is not None:
            story.note_deleted()
        else:
            yield list(_found(row, "tc", "tr"))


def _found(container: xml.Element, wanted: str, outer: str) -> Iterator[xml.Element]:
    """Yield the rows of a table, or the cells of a row, also from within content controls."""
    for child in container:
        kind = xml.name(child)
        if kind == wanted:
            yield child
        elif kind not in ("tbl", "tr", "tc", outer):
            yield from _found(child, wanted, outer)


def _row(cells: list[xml.Element], story: Cells) -> list[str]:
    line: list[str] = []
    for cell in cells:
        properties = xml.child(cell, "tcPr")
        line.append("" if _goes_on(properties) else _cell(cell, story))
        span = xml.value(xml.child(properties, "gridSpan")) or "1"
        line += [""] * (min(int(span), _WIDEST) - 1 if span.isdigit() else 0)
    return line


def _goes_on(properties: xml.Element | None) -> bool:
    """Tell whether a cell is the lower part of one that is merged."""
    merged = xml.child(properties, "vMerge")
    return merged is not None and xml.value(merged) != "restart"


def _cell(cell: xml.Element, story: Cells) -> str:
    text = "<br>".join(_flat(block) for block in story.blocks(cell))
    return text.replace("\n", "<br>")


def _flat(block: str) -> str:
    """Return a block as it can stand in a cell; of a table within, rows of cells."""
    if "\n| --- |" not in block:
        return block.replace("|", "\\|")
    rows = block.split("\n")
    inner = (row.strip("| ").replace(" | ", "; ") for row in (rows[0], *rows[2:]))
    return "<br>".join(inner)
