"""The numbers of OpenDocument's lists and chapters, which programs count when they show them."""

from typing import Any

from lxml import etree

from chat.attachments.reading import xml
from chat.attachments.reading.documents.styles import OUTLINE, Styles

_Counts = list[int]  # one for each level that has begun


class Lists:
    """Counts the items of lists in the order in which they stand there."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles
        self._by_id: dict[str, _Counts] = {}
        self._before: tuple[str, _Counts] = ("", [])  # style and numbers of the list before
        self._chapters: _Counts = []

    def begin(self, element: Any) -> _Counts:
        """Return the numbers from which a list goes on: those of another one, or none."""
        style = xml.value(element, "style-name") or ""
        counts = self._by_id.get(xml.value(element, "continue-list") or "")
        if counts is None:
            goes_on = xml.value(element, "continue-numbering") == "true"
            counts = self._before[1] if goes_on and self._before[0] == style else []
        self._before = style, counts
        if own := xml.value(element, "id"):
            self._by_id[own] = counts
        return counts

    def item(self, item: Any, style: str, counts: _Counts, level: int) -> str:
        """Count an item, and return its number; a header and what only holds a list have none."""
        first = next(item.iterchildren(etree.Element), None)
        if xml.name(item) == "list-header" or first is None:
            return ""
        if xml.name(first) == "list":
            self._reach(style, counts, level)
            return ""
        return self._next(item, xml.value(item, "style-override") or style, counts, level)

    def lone(self, paragraph: Any) -> str:
        """Count a paragraph that says itself in which list it is, and return its number."""
        style = xml.value(paragraph, "style-name") or ""
        counts = self._by_id.setdefault(xml.value(paragraph, "list-id") or style, [])
        return self._next(paragraph, style, counts, int(xml.value(paragraph, "level") or 1))

    def chapter(self, heading: Any, level: int) -> str:
        """Count a heading, and return its number; empty where chapters have none."""
        if xml.value(heading, "is-list-header") == "true":
            return ""
        restarts = xml.value(heading, "restart-numbering") == "true"
        label = self._next(heading if restarts else None, OUTLINE, self._chapters, level)
        return label if label != "-" else ""

    def _next(self, item: Any, style: str, counts: _Counts, level: int) -> str:
        self._reach(style, counts, level - 1)
        before = counts[level - 1] if len(counts) >= level else None
        said = xml.value(item, "start-value") or ""
        following = self._styles.start(style, level) if before is None else before + 1
        counts[level - 1 :] = [int(said) if said.isdecimal() else following]
        return self._styles.label(style, counts)

    def _reach(self, style: str, counts: _Counts, level: int) -> None:
        """Begin the levels above one that have no item of their own."""
        for number in range(len(counts), level):
            counts.append(self._styles.start(style, number + 1))
