"""Paragraphs and rows of tables, as Markdown, from the text and the marks between them."""

import re

from chat.attachments.reading.documents.rtf.rows import Rows

_BREAK = "<br>"
_RECENT = 100  # pieces
_STRUCK_ON = "~~~~"  # where what is struck out goes on


class Lines:
    """Takes text; gives lines as their paragraphs and rows end."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._text: list[str] = []
        self._cell: list[str] = []  # paragraphs
        self._row: list[str] = []
        self._inner: list[str] = []  # cells of a table within a cell
        self._boxes: list[str] = []  # what follows the paragraph
        self._rows = Rows()
        self.edges: list[int] = []  # where the cells of a row end
        self.label = ""

    def add(self, text: str) -> None:
        """Take a piece of the paragraph."""
        self._text.append(text)

    def add_box(self, lines: list[str]) -> None:
        """Take what stands beside the paragraph."""
        self._boxes.extend(lines)

    def add_line(self, text: str) -> None:
        """Take what is a paragraph of its own, and stands before this one."""
        self._end_table()
        self._done += [text, ""]

    @property
    def recent(self) -> str:
        """What has come last of the paragraph."""
        return "".join(self._text[-_RECENT:])

    def end_paragraph(self, prefix: str = "", *, in_table: bool = False) -> None:
        """End it; in a table it is one of the cell's."""
        text = self._taken(prefix)
        if in_table or self._row:
            self._cell += [text] if text else []
            return
        self._end_table()
        self._done += [text, *self._boxes]
        self._boxes = []

    def _taken(self, prefix: str = "") -> str:
        text, label, self._text, self.label = _joined(self._text), self.label, [], ""
        if not text.strip():
            return ""
        return f"{prefix}{label}{text.strip()}" if prefix or label else text

    def end_cell(self) -> None:
        """End a cell of a table."""
        self.end_paragraph(in_table=True)
        text = _BREAK.join(self._cell).replace("|", "\\|")
        self._row.append(re.sub(r"\s*\n\s*", _BREAK, text).strip())
        self._cell = []

    def end_inner_cell(self) -> None:
        """End a cell of a table within a cell."""
        self._inner.append(self._taken().strip())

    def end_inner_row(self) -> None:
        """End a row of a table within a cell: it is a paragraph of that."""
        self._cell.append("; ".join(self._inner))
        self._inner = []

    def end_row(self) -> None:
        """End a row of a table."""
        self._rows.add(self._row, self.edges)
        self._row = []
        if self._rows.is_full:
            self._done += self._rows.take()

    def _end_table(self) -> None:
        self._done += self._rows.end()

    def end(self) -> None:
        """End what is not ended."""
        if self._row or self._cell:
            self.end_cell()
            self.end_row()
        self.end_paragraph()

    def take(self) -> list[str]:
        """Return what has ended, once."""
        done, self._done = self._done, []
        return done

    def whole(self) -> list[str]:
        """End all, and return the lines that say something."""
        self.end()
        return [line.strip() for line in self.take() if line.strip()]


def _joined(pieces: list[str]) -> str:
    # What lies beyond 16 bits is written in two halves.
    text = "".join(pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace(_STRUCK_ON, "")
