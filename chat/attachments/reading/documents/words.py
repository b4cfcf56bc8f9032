"""The text of OpenDocument's elements, in the order in which it stands there."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from chat.attachments.reading import mathml
from chat.attachments.reading.documents.controls import filled, marked
from chat.attachments.reading.documents.lists import Lists
from chat.attachments.reading.documents.styles import Styles
from chat.attachments.results import RemarkKind

_SPACE = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
DRAW, OFFICE, PRESENTATION, STYLE, TABLE, TEXT = (
    _SPACE % name for name in ("drawing", "office", "presentation", "style", "table", "text")
)
_CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
_LINK = "{http://www.w3.org/1999/xlink}href"
_SVG = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
_FIELD = "{urn:openoffice:names:experimental:ooo-ms-interop:xmlns:field:1.0}fieldmark"
_ROWS = frozenset(f"{TABLE}table-{it}" for it in ("header-rows", "rows", "row-group"))
_LEFT_OUT = frozenset(  # what stands elsewhere, and what nobody sees
    {
        *(f"{TEXT}sequence-decls", f"{TEXT}variable-decls"),
        *(f"{TEXT}note-citation", f"{OFFICE}forms", f"{OFFICE}event-listeners", _CREATOR),
        *(f"{OFFICE}binary-data", f"{PRESENTATION}notes", f"{STYLE}style"),
        *("{http://purl.org/dc/elements/1.1/}date", f"{TEXT}page-number", f"{TEXT}ruby-text"),
    }
)
_MOST_SPACES = 1_000  # that one element may stand for


class Words:
    """Yields what is written in elements; counts what it passes over."""

    def __init__(
        self, styles: Styles, controls: Mapping[str, Any], formulas: Mapping[str, str]
    ) -> None:
        self.tally: Counter[RemarkKind] = Counter()
        self._styles = styles
        self._controls = controls
        self._formulas = formulas  # by the names of their objects
        self._lists = Lists(styles)

    def blocks(self, element: Any) -> Iterator[str]:
        """Yield what is within an element: paragraphs, headings, items and rows, as Markdown."""
        for child in element.iterchildren(etree.Element):
            yield from self.block(child)

    def block(self, element: Any) -> Iterator[str]:
        """Yield what an element is, where it is a block, and else what is within it."""
        match element.tag:
            case tag if self._hides(element):
                self.tally[RemarkKind.HIDDEN_TEXT] += bool("".join(element.itertext()).strip())
            case tag if tag == f"{TEXT}h":
                yield self._heading(element)
            case tag if tag == f"{TEXT}p":
                yield self._marked(element, "paragraph")
            case tag if tag in (f"{TEXT}list", f"{TEXT}numbered-paragraph"):
                yield from self._list(element)
            case tag if tag == f"{TABLE}table":
                yield from self._rows(element)
            case tag if tag in (f"{OFFICE}annotation", f"{DRAW}control"):
                yield self._piece(element).strip()
            case tag if tag == f"{TEXT}tracked-changes":
                deleted = sum(1 for _ in element.iter(f"{TEXT}deletion"))
                self.tally[RemarkKind.DELETED_TEXT] += deleted
            case tag if tag not in _LEFT_OUT:
                if picture := self._picture(element):
                    yield picture
                yield from self.blocks(element)

    def _hides(self, element: Any) -> bool:
        """Tell whether a paragraph or a section is not seen."""
        if element.tag == f"{TEXT}section":
            display = element.get(f"{TEXT}display")
            return bool(display == "none" or element.get(f"{TEXT}is-hidden") == "true")
        if element.tag not in (f"{TEXT}p", f"{TEXT}h"):
            return False
        mark = element.find(f"{TEXT}hidden-paragraph")
        is_marked = mark is not None and mark.get(f"{TEXT}is-hidden") == "true"
        return bool(is_marked or self._styles.hides(element, "paragraph"))

    def line(self, element: Any) -> str:
        """Return what is within a paragraph, with its notes and comments."""
        return "".join(self._pieces(element))

    def _marked(self, element: Any, family: str) -> str:
        """Return what is within an element, marked where it is struck out."""
        text = self.line(element)
        return f"~~{text}~~" if text.strip() and self._styles.strikes(element, family) else text

    def _pieces(self, element: Any) -> Iterator[str]:
        yield element.text or ""
        for child in element:
            if isinstance(child.tag, str) and child.tag not in _LEFT_OUT:
                yield self._piece(child)
            yield child.tail or ""

    def _piece(self, child: Any) -> str:
        match child.tag:
            case tag if tag == f"{TEXT}s":
                return " " * min(_MOST_SPACES, int(child.get(f"{TEXT}c") or 1))
            case tag if tag == f"{TEXT}tab":
                return "\t"
            case tag if tag == f"{TEXT}line-break":
                return "\n"
            case tag if tag == f"{TEXT}span":
                return self._span(child)
            case tag if tag == f"{TEXT}a":
                return _linked(self.line(child), child.get(_LINK) or "")
            case tag if tag == f"{TEXT}note":
                return f" [note: {self.whole(child)}]"
            case tag if tag == f"{OFFICE}annotation":
                who = child.findtext(_CREATOR)
                return f" [comment{f' by {who}' if who else ''}: {self.whole(child)}]"
            case tag if tag in (f"{DRAW}control", _FIELD):
                return self._filled(child)
            case tag if tag.startswith(DRAW):
                said = " ".join(filter(None, (self._picture(child), self.whole(child))))
                return f"{said} " if said and child.tail and child.tail[:1].strip() else said
            case _:
                return self.line(child)

    def _filled(self, element: Any) -> str:
        """Return what is filled into a control, or into a field as Word has them."""
        if element.tag == _FIELD:
            return marked(element) + self.line(element)
        control = self._controls.get(element.get(f"{DRAW}control") or "")
        return "" if control is None else filled(control)

    def _span(self, span: Any) -> str:
        if not self._styles.hides(span, "text"):
            return self._marked(span, "text")
        self.tally[RemarkKind.HIDDEN_TEXT] += bool("".join(span.itertext()).strip())
        return ""

    def _picture(self, element: Any) -> str:
        """Count a frame with a picture, and return what it shows, as its author said.

        Beside the picture may be the same one for other programs.
        """
        if element.tag == f"{DRAW}frame" and (formula := self._formula(element)):
            return formula
        if element.tag != f"{DRAW}frame" or element.find(f"{DRAW}image") is None:
            return ""
        if element.find(f"{TABLE}table") is not None:
            return ""
        self.tally[RemarkKind.PICTURES] += 1
        said = element.findtext(f"{_SVG}desc") or element.findtext(f"{_SVG}title") or ""
        return f"[picture: {' '.join(said.split())}]" if said.strip() else ""

    def _formula(self, frame: Any) -> str:
        """Return the formula in a frame, which is another document or lies in this one."""
        found = frame.find(f"{DRAW}object")
        if found is None:
            return ""
        formula = found.find(f"{mathml.NAMESPACE}math")
        if formula is not None:
            return mathml.linear(formula)
        return self._formulas.get((found.get(_LINK) or "").removeprefix("./"), "")

    def whole(self, element: Any) -> str:
        """Return all blocks of an element in one line."""
        return " ".join(text for text in self.blocks(element) if text.strip())

    def _list(self, element: Any) -> Iterator[str]:
        if element.tag == f"{TEXT}numbered-paragraph":
            yield from self._lone_item(element)
            return
        counts = self._lists.begin(element)
        yield from self._items(element, element.get(f"{TEXT}style-name") or "", counts, 1)

    def _items(self, items: Any, style: str, counts: list[int], level: int) -> Iterator[str]:
        style = items.get(f"{TEXT}style-name") or style
        for item in items.iterchildren(f"{TEXT}list-item", f"{TEXT}list-header"):
            label = self._lists.item(item, style, counts, level)
            for child in item.iterchildren(etree.Element):
                if child.tag == f"{TEXT}list":
                    inner = self._items(child, style, counts, level + 1)
                    yield from (f"  {text}" for text in inner)
                elif child.tag == f"{TEXT}h":
                    yield self._heading(child, label)
                    label = ""
                else:
                    for text in self.block(child):
                        yield f"{label} {text}" if label else f"  {text}"
                        label = ""

    def _heading(self, element: Any, label: str | None = None) -> str:
        """Return a heading with its number, which a list around it has given."""
        level = int(element.get(f"{TEXT}outline-level") or 1)
        if label is None:
            label = self._lists.chapter(element, level)
        return (
            f"{'#' * min(6, level)} {f'{label} ' if label.strip('-') else ''}{self.line(element)}"
        )

    def _lone_item(self, element: Any) -> Iterator[str]:
        label = self._lists.lone(element)
        indent = "  " * (int(element.get(f"{TEXT}level") or 1) - 1)
        for text in self.blocks(element):
            yield f"{indent}{label} {text}"  # of one paragraph, or a heading

    def _rows(self, table: Any) -> Iterator[str]:
        for row in _rows(table):
            cells = row.iterchildren(f"{TABLE}table-cell", f"{TABLE}covered-table-cell")
            texts = [self._cell(cell) for cell in cells]
            if any(text.strip() for text in texts):
                yield f"| {' | '.join(texts)} |"

    def _cell(self, cell: Any) -> str:
        """Return what is in a cell in one line; of a table within, rows of cells."""
        texts = []
        for child in cell.iterchildren(etree.Element):
            is_table = child.tag == f"{TABLE}table"
            texts += [
                text.strip("| ").replace(" | ", "; ") if is_table else text.replace("|", "\\|")
                for text in self.block(child)
            ]
        return "<br>".join(text for text in texts if text.strip()).replace("\n", " ")


def _rows(table: Any) -> Iterator[Any]:
    """Yield the rows of a table, and none of those within its cells."""
    for child in table.iterchildren(etree.Element):
        if child.tag == f"{TABLE}table-row":
            yield child
        elif child.tag in _ROWS:
            yield from _rows(child)


def _linked(text: str, target: str) -> str:
    is_elsewhere = target.startswith(("http:", "https:", "mailto:"))
    return f"[{text}]({target})" if is_elsewhere and target not in (text, f"{text}/") else text
