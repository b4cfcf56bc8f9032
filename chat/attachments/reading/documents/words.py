"""The text of OpenDocument's elements, in the order in which it stands there."""

from collections.abc import Iterator
from typing import Any

from lxml import etree

_SPACE = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
DRAW, OFFICE, PRESENTATION, STYLE, TABLE, TEXT = (
    _SPACE % name for name in ("drawing", "office", "presentation", "style", "table", "text")
)
_CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
_LINK = "{http://www.w3.org/1999/xlink}href"
_LEFT_OUT = frozenset(  # what stands elsewhere, and what nobody sees
    {
        *(f"{TEXT}sequence-decls", f"{TEXT}variable-decls"),
        *(f"{TEXT}note-citation", f"{OFFICE}forms", f"{OFFICE}event-listeners", _CREATOR),
        *(f"{OFFICE}binary-data", f"{PRESENTATION}notes", f"{STYLE}style"),
        *("{http://purl.org/dc/elements/1.1/}date", f"{TEXT}page-number"),
    }
)
_MOST_SPACES = 1_000  # that one element may stand for


class Words:
    """Yields what is written in elements; counts the pictures and deleted passages it passes."""

    def __init__(self) -> None:
        self.pictures = 0
        self.deleted = 0

    def blocks(self, element: Any) -> Iterator[str]:
        """Yield what is within an element: paragraphs, headings, items and rows, as Markdown."""
        for child in element.iterchildren(etree.Element):
            yield from self.block(child)

    def block(self, element: Any) -> Iterator[str]:
        """Yield what an element is, where it is a block, and else what is within it."""
        match element.tag:
            case tag if tag == f"{TEXT}h":
                level = int(element.get(f"{TEXT}outline-level") or 1)
                yield f"{'#' * min(6, level)} {self.line(element)}"
            case tag if tag == f"{TEXT}p":
                yield self.line(element)
            case tag if tag == f"{TEXT}list":
                yield from self._items(element)
            case tag if tag == f"{TABLE}table":
                yield from self._rows(element)
            case tag if tag == f"{OFFICE}annotation":
                yield self._piece(element).strip()
            case tag if tag == f"{TEXT}tracked-changes":
                self.deleted += sum(1 for _ in element.iter(f"{TEXT}deletion"))
            case tag if tag not in _LEFT_OUT:
                self._count(element)
                yield from self.blocks(element)

    def line(self, element: Any) -> str:
        """Return what is within a paragraph, with its notes and comments."""
        return "".join(self._pieces(element))

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
            case tag if tag == f"{TEXT}a":
                return _linked(self.line(child), child.get(_LINK) or "")
            case tag if tag == f"{TEXT}note":
                return f" [note: {self.whole(child)}]"
            case tag if tag == f"{OFFICE}annotation":
                who = child.findtext(_CREATOR)
                return f" [comment{f' by {who}' if who else ''}: {self.whole(child)}]"
            case tag if tag.startswith(DRAW):
                self._count(child)
                return self.whole(child)
            case _:
                return self.line(child)

    def _count(self, element: Any) -> None:
        """Count a frame with a picture: beside it may be the same one for other programs."""
        if element.tag != f"{DRAW}frame" or element.find(f"{DRAW}image") is None:
            return
        self.pictures += element.find(f"{TABLE}table") is None

    def whole(self, element: Any) -> str:
        """Return all blocks of an element in one line."""
        return " ".join(text for text in self.blocks(element) if text.strip())

    def _items(self, items: Any) -> Iterator[str]:
        for item in items.iterchildren(f"{TEXT}list-item", f"{TEXT}list-header"):
            for number, text in enumerate(self.blocks(item)):
                is_nested = text.lstrip().startswith("- ")
                yield f"  {text}" if number or is_nested else f"- {text}"

    def _rows(self, table: Any) -> Iterator[str]:
        for row in table.iter(f"{TABLE}table-row"):
            cells = row.iterchildren(f"{TABLE}table-cell", f"{TABLE}covered-table-cell")
            texts = [self.whole(cell).replace("\n", " ") for cell in cells]
            if any(text.strip() for text in texts):
                yield f"| {' | '.join(texts)} |"


def _linked(text: str, target: str) -> str:
    is_elsewhere = target.startswith(("http:", "https:", "mailto:"))
    return f"[{text}]({target})" if is_elsewhere and target not in (text, f"{text}/") else text
