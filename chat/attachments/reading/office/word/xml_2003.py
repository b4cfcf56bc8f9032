"""Word's documents that are one piece of XML, as its 2003 version wrote them.

What is named otherwise than in its files since, or stands elsewhere, is made as it is there, so
that one reader knows both.
"""

import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Final

from chat.attachments.reading import xml

_WORDS = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_UNWRAPPED = ("sect", "sub-section", "pBdrGroup", "borders", "content")
_RENAMED: Mapping[str, str] = {
    "listPr": "numPr",
    "ilfo": "numId",
    "vmerge": "vMerge",
    "listDef": "abstractNum",
    "list": "num",
    "ilst": "abstractNumId",
    "nfc": "numFmt",
}
_FORMS: Mapping[str | None, str] = {  # of numbers, by the code that 2003 had for them
    "1": "upperRoman",
    "2": "lowerRoman",
    "3": "upperLetter",
    "4": "lowerLetter",
    "5": "ordinal",
    "22": "decimalZero",
    "23": "bullet",
    "255": "none",
}
_CHANGES: Mapping[str | None, str] = {"Word.Insertion": "ins", "Word.Deletion": "del"}
_PART = "word/document.xml"


def zipped(content: bytes) -> bytes:
    """Return the document as an archive of its parts, as it is since 2007."""
    root = xml.parse(content)
    document = _Document(root)
    document.rewrite()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, part in document.parts.items():
            archive.writestr(name, xml.serialized(part))
    return packed.getvalue()


class _Document:
    """Takes a document apart; `parts` are its parts by their names."""

    def __init__(self, root: xml.Element) -> None:
        self._root = root
        self._relations = root.makeelement("Relationships", {})
        self.parts: dict[str, xml.Element] = {
            _PART: _of(root, "document", xml.child(root, "body")),
            "word/_rels/document.xml.rels": self._relations,
        }

    def rewrite(self) -> None:
        """Move and rename what is told in another way."""
        for kind in ("styles", "lists"):
            if (found := xml.child(self._root, kind)) is not None:
                self._add(kind.replace("lists", "numbering"), found)
        for part in list(self.parts.values()):
            for element in list(xml.within(part, *_CHANGED, *_RENAMED, *_UNWRAPPED)):
                self._change(element)

    def _change(self, element: xml.Element) -> None:
        name = xml.name(element)
        if name in _CHANGED:
            _CHANGED[name](self, element)
        elif name in _RENAMED:
            element.tag = _WORDS + _RENAMED[name]
            _name_attributes(element)
        else:
            _unwrap(element)

    def _add(self, kind: str, part: xml.Element) -> None:
        name = f"{kind}{len(self.parts)}.xml"
        self.parts[f"word/{name}"] = part
        self._relate(kind, name)

    def _relate(self, kind: str, target: str, mode: str = "Internal") -> str:
        number = f"r{len(self._relations)}"
        attributes = {"Id": number, "Type": kind, "Target": target, "TargetMode": mode}
        self._relations.append(self._relations.makeelement(_RELATION, attributes))
        return number

    def _edge(self, element: xml.Element) -> None:
        _detach(element)
        self._add({"hdr": "header", "ftr": "footer"}[xml.name(element)], element)

    def _link(self, element: xml.Element) -> None:
        element.tag = f"{_WORDS}hyperlink"
        if address := xml.value(element, "dest"):
            element.set("id", self._relate("hyperlink", address, "External"))

    def _annotation(self, element: xml.Element) -> None:
        kind = xml.value(element, "type")
        if kind == "Word.Comment":
            self._note(element, "comment")
        elif kind in _CHANGES:
            element.tag = _WORDS + _CHANGES[kind]

    def _note(self, element: xml.Element, kind: str = "") -> None:
        """Put what is noted into the part for it, and a reference into its place."""
        kind = kind or xml.name(element)
        notes = next((it for it in self.parts.values() if xml.name(it) == f"{kind}s"), None)
        if notes is None:
            notes = self._root.makeelement(f"{_WORDS}{kind}s", {})
            self._add(f"{kind}s", notes)
        number = str(len(notes))
        reference = element.makeelement(f"{_WORDS}{kind}Reference", {"id": number})
        element.addprevious(reference)
        _detach(element)
        for name in [it for it in element.attrib if it.endswith("}id")]:
            del element.attrib[name]
        element.set("id", number)
        notes.append(element)


_CHANGED: Final[Mapping[str, Callable[[_Document, xml.Element], None]]] = {
    "hdr": _Document._edge,
    "ftr": _Document._edge,
    "hlink": _Document._link,
    "annotation": _Document._annotation,
    "footnote": _Document._note,
    "endnote": _Document._note,
}


def _of(root: xml.Element, name: str, child: xml.Element | None) -> xml.Element:
    made = root.makeelement(_WORDS + name, {})
    if child is not None:
        made.append(child)
    return made


def _name_attributes(element: xml.Element) -> None:
    """Give the ids of lists, and the forms of numbers, the names that they have since."""
    match xml.name(element):
        case "abstractNum":
            element.set("abstractNumId", xml.value(element, "listDefId") or "")
        case "num":
            element.set("numId", xml.value(element, "ilfo") or "")
        case "numFmt":
            form = _FORMS.get(xml.value(element), "decimal")
            element.attrib.clear()
            element.set("val", form)


def _detach(element: xml.Element) -> None:
    element.getparent().remove(element)


def _unwrap(element: xml.Element) -> None:
    for child in list(element):
        element.addprevious(child)
    _detach(element)
