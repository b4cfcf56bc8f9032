"""The numbers and bullets of lists, which Word counts when it shows them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chat.attachments.reading import xml
from chat.attachments.reading.numerals import numeral
from chat.attachments.reading.office.word.styles import Styles

_PLACE = re.compile(r"%([1-9])")


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list is numbered."""

    form: str = "decimal"
    text: str = ""
    start: int = 1


class Numbering:
    """Counts the paragraphs of a document's lists, in the order in which they are asked for."""

    def __init__(self, root: xml.Element | None, styles: Styles) -> None:
        kinds = {xml.value(it, "abstractNumId"): it for it in xml.children(root, "abstractNum")}
        lists = {xml.value(it, "numId"): it for it in xml.children(root, "num")}
        self._kinds, self._lists, self._styles = kinds, lists, styles
        self._levels: dict[str, Mapping[int, Level]] = {}
        self._counts: dict[str | None, dict[int, int]] = {}
        self._begun: set[tuple[str, int]] = set()

    def label(self, list_id: str, level: int) -> str:
        """Return the next label of a list's level: `2.1`, `b)`, or `-` for a bullet."""
        levels = self._levels_of(list_id)
        own = levels.get(level, Level("bullet"))
        counts = self._counts.setdefault(self._kind_of(list_id), {})
        self._count(list_id, level, own, counts)
        if own.form == "bullet":
            return "-"
        return _PLACE.sub(lambda place: _shown(int(place[1]) - 1, levels, counts), own.text)

    def _count(self, list_id: str, level: int, own: Level, counts: dict[int, int]) -> None:
        is_first = (list_id, level) not in self._begun
        self._begun.add((list_id, level))
        if level not in counts or (is_first and self._restarts(list_id, level)):
            counts[level] = own.start
        else:
            counts[level] += 1
        for deeper in [it for it in counts if it > level]:
            del counts[deeper]

    def _restarts(self, list_id: str, level: int) -> bool:
        return any(
            xml.value(it, "ilvl") == str(level) and xml.child(it, "startOverride") is not None
            for it in xml.children(self._lists.get(list_id), "lvlOverride")
        )

    def _kind_of(self, list_id: str) -> str | None:
        return xml.value(xml.child(self._lists.get(list_id), "abstractNumId"))

    def _levels_of(self, list_id: str) -> Mapping[int, Level]:
        if list_id not in self._levels:
            self._levels[list_id] = self._read(list_id)
        return self._levels[list_id]

    def _read(self, list_id: str) -> Mapping[int, Level]:
        kind = self._kinds.get(self._kind_of(list_id))
        linked = self._styles.of_list(xml.value(xml.child(kind, "numStyleLink")))
        if linked and linked != list_id:
            kind = self._kinds.get(self._kind_of(linked))
        levels = {_number(it, "ilvl"): _level(it) for it in xml.children(kind, "lvl")}
        for override in xml.children(self._lists.get(list_id), "lvlOverride"):
            at = _number(override, "ilvl")
            changed = _level(own) if (own := xml.child(override, "lvl")) is not None else None
            before = changed or levels.get(at, Level())
            start = _number(xml.child(override, "startOverride"), "val", before.start)
            levels[at] = Level(before.form, before.text, start)
        return levels


def _level(element: xml.Element) -> Level:
    return Level(
        xml.value(xml.child(element, "numFmt")) or "decimal",
        xml.value(xml.child(element, "lvlText")) or "",
        _number(xml.child(element, "start"), "val", 1),
    )


def _number(element: xml.Element | None, attribute: str, otherwise: int = 0) -> int:
    said = xml.value(element, attribute) or ""
    return int(said) if said.isdigit() else otherwise


def _shown(level: int, levels: Mapping[int, Level], counts: Mapping[int, int]) -> str:
    of_level = levels.get(level, Level())
    return numeral(of_level.form, counts.get(level, of_level.start))
