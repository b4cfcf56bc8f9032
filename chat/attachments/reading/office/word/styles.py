"""Which paragraphs are headings, and which belong to lists, by the styles they have."""

from dataclasses import dataclass
from typing import Final

from chat.attachments.reading import xml

_BODY = 9  # an outline level that is none
_DEEPEST = 6  # of Markdown's headings
_MOST_ANCESTORS = 20
_NAMED = "heading "


@dataclass(frozen=True, slots=True)
class Look:
    """What a paragraph or its style says of itself; None where it leaves that to another."""

    outline: int | None = None
    list_id: str | None = None
    level: int | None = None

    def over(self, other: "Look") -> "Look":
        """Return what holds where the other is what this one is based on."""
        return Look(
            other.outline if self.outline is None else self.outline,
            self.list_id or other.list_id,
            other.level if self.level is None else self.level,
        )

    @property
    def heading(self) -> int:
        """The level of a heading from 1 to 6, 0 for what is none."""
        is_none = self.outline is None or self.outline >= _BODY
        return 0 if is_none else min((self.outline or 0) + 1, _DEEPEST)

    @property
    def numbering(self) -> tuple[str, int] | None:
        """The id of a list and the level in it from 0; None for what is in none."""
        is_listed = self.list_id is not None and self.list_id != "0"
        return (self.list_id or "", self.level or 0) if is_listed else None


_PLAIN: Final = Look()


class Styles:
    """The styles of a document by their ids."""

    def __init__(self, root: xml.Element | None) -> None:
        self._styles = {xml.value(it, "styleId"): it for it in xml.children(root, "style")}
        self._known: dict[str | None, Look] = {}

    def look(self, properties: xml.Element | None) -> Look:
        """Return how a paragraph looks, by its own properties and then by its style."""
        if properties is None:
            return _PLAIN
        return _own(properties).over(self._of_style(xml.value(xml.child(properties, "pStyle"))))

    def of_list(self, style_id: str | None) -> str | None:
        """Return the id of the list that a style of lists stands for."""
        style = self._styles.get(style_id)
        return xml.value(xml.child(style, "pPr", "numPr", "numId"))

    def _of_style(self, style_id: str | None) -> Look:
        if style_id not in self._known:
            self._known[style_id] = self._read(style_id)
        return self._known[style_id]

    def _read(self, style_id: str | None) -> Look:
        look = _PLAIN
        for _ in range(_MOST_ANCESTORS):
            if (style := self._styles.get(style_id)) is None:
                break
            look = look.over(_own(xml.child(style, "pPr"))).over(Look(_by_name(style)))
            style_id = xml.value(xml.child(style, "basedOn"))
        return look


def _own(properties: xml.Element | None) -> Look:
    numbered = xml.child(properties, "numPr")
    return Look(
        _number(xml.value(xml.child(properties, "outlineLvl"))),
        xml.value(xml.child(numbered, "numId")),
        _number(xml.value(xml.child(numbered, "ilvl"))),
    )


def _by_name(style: xml.Element) -> int | None:
    """Return the outline level that the built-in name of a style stands for."""
    name = (xml.value(xml.child(style, "name")) or "").lower()
    if name == "title":
        return 0
    level = _number(name.removeprefix(_NAMED)) if name.startswith(_NAMED) else None
    return max(0, level - 1) if level is not None else None


def _number(said: str | None) -> int | None:
    return int(said) if said and said.isdecimal() and len(said) < 6 else None
