"""A run of paragraphs and tables: the body of a document, a header, a note, a text box."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath

from chat.attachments.reading import symbols, xml
from chat.attachments.reading.office import drawings, equations
from chat.attachments.reading.office.package import Package, Relation
from chat.attachments.reading.office.word import eq_fields
from chat.attachments.reading.office.word.numbering import Numbering
from chat.attachments.reading.office.word.styles import Styles
from chat.attachments.reading.office.word.tables import markdown_table
from chat.attachments.reading.text_buffer import BufferFull, TextBuffer
from chat.attachments.results import RemarkKind

Element = xml.Element

_LONGEST_CHUNK = 1_000_000  # characters
_DEEPEST_CHUNK = 3  # documents within each other
_ADDRESS = re.compile(r'HYPERLINK\s+"(\w+:[^"]+)"')
_OFF = frozenset({"0", "false", "off", "none"})


@dataclass(slots=True)
class Shared:
    """What all stories of a document share."""

    package: Package
    styles: Styles
    numbering: Numbering
    tally: Counter[RemarkKind]
    footnotes: dict[str, int] = field(default_factory=dict)
    """The numbers of footnotes by their ids, in the order in which they are referred to."""
    endnotes: dict[str, int] = field(default_factory=dict)
    comments: dict[str, int] = field(default_factory=dict)
    depth: int = 0  # of how many documents it is within


class Story:
    """Reads what is in one part."""

    def __init__(self, part: str, shared: Shared) -> None:
        self._part = part
        self._shared = shared
        self._boxes: list[str] = []
        self._instructions = ""  # of the fields that have begun

    @cached_property
    def _relations(self) -> Mapping[str, Relation]:
        return self._shared.package.relations(self._part)

    def blocks(self, container: Element) -> Iterator[str]:
        """Yield the paragraphs, list items and tables in an element."""
        for child in container:
            yield from self.block(child)

    def block(self, element: Element) -> Iterator[str]:
        """Yield what one child of a body is: itself, or the blocks in it."""
        kind = xml.name(element)
        if kind == "p":
            yield from self._paragraph(element)
        elif kind == "tbl":
            yield from markdown_table(element, self)
        elif kind == "altChunk":
            yield from self._chunk(element)
        elif kind in ("del", "moveFrom"):
            self.note_deleted()
        elif kind == "AlternateContent":
            yield from self.blocks(_chosen(element))
        elif kind in _BLOCK_CONTAINERS:
            yield from self.blocks(element)

    def note_deleted(self) -> None:
        """Count a passage that a tracked change deletes."""
        self._shared.tally[RemarkKind.DELETED_TEXT] += 1

    def _paragraph(self, element: Element) -> Iterator[str]:
        before, self._boxes = self._boxes, []
        properties = xml.child(element, "pPr")
        text = self.inline(element).strip()
        label = self._label(properties, is_blank=not text)
        if text:
            yield label + text
        boxes, self._boxes = self._boxes, before
        yield from boxes

    def _label(self, properties: Element | None, *, is_blank: bool) -> str:
        if properties is None or is_blank:
            return ""
        look = self._shared.styles.look(properties)
        heading, numbered = look.heading, look.numbering
        if numbered is None:
            return f"{'#' * heading} " if heading else ""
        label = self._shared.numbering.label(*numbered)
        if heading:
            return f"{'#' * heading} " + (f"{label} " if label.strip("- ") else "")
        return f"{'  ' * min(numbered[1], 8)}{label or '-'} "

    def inline(self, element: Element) -> str:
        """Return the text of what is within paragraphs."""
        kind = xml.name(element)
        if kind in _WORDS:
            return _WORDS[kind](self, element)
        return "".join(self.inline(it) for it in element)

    def _run(self, element: Element) -> str:
        properties = xml.child(element, "rPr")
        text = "".join(self.inline(it) for it in element)
        if properties is None or not text.strip():
            return text
        text = symbols.in_font(xml.value(xml.child(properties, "rFonts"), "ascii") or "", text)
        if _is_on(properties, "vanish"):
            self._shared.tally[RemarkKind.HIDDEN_TEXT] += 1
            return ""
        struck = _is_on(properties, "strike") or _is_on(properties, "dstrike")
        text = f"~~{text}~~" if struck else text
        return drawings.raised(text, xml.value(xml.child(properties, "vertAlign")) or "")

    def _deleted(self, element: Element) -> str:
        if any(it.text for it in xml.within(element, "delText", "t")):
            self.note_deleted()
        return ""

    def _link(self, element: Element) -> str:
        text = "".join(self.inline(it) for it in element)
        address = self._address(element)
        if not address or not text.strip() or address in text:
            return text
        return f"[{text}]({address})"

    def _instruction(self, element: Element) -> str:
        self._instructions += element.text or ""
        return ""

    def _field(self, element: Element) -> str:
        """Return the address of a link behind its text, or what a field shows without a result."""
        if xml.value(element, "fldCharType") != "end":
            return _form_field(element)
        instruction, self._instructions = self._instructions, ""
        if eq_fields.is_equation(instruction):
            return eq_fields.shown(instruction)
        found = _ADDRESS.search(instruction)
        return f" ({found[1]})" if found else ""

    def _simple_field(self, element: Element) -> str:
        text = "".join(self.inline(it) for it in element)
        found = _ADDRESS.search(xml.value(element, "instr") or "")
        return f"{text} ({found[1]})" if found else text

    def _footnote(self, element: Element) -> str:
        return f"[^{_numbered(self._shared.footnotes, element)}]"

    def _endnote(self, element: Element) -> str:
        return f"[^e{_numbered(self._shared.endnotes, element)}]"

    def _comment(self, element: Element) -> str:
        return f"[comment {_numbered(self._shared.comments, element)}]"

    def _alternative(self, element: Element) -> str:
        return "".join(self.inline(it) for it in _chosen(element))

    def _drawing(self, element: Element) -> str:
        """Keep what is in its text boxes for after the paragraph, and return what it is called."""
        for box in drawings.outermost(element, "txbxContent"):
            self._boxes.extend(self.blocks(box))
        package, tally = self._shared.package, self._shared.tally
        self._boxes.extend(drawings.referred(package, self._relations, element))
        self._boxes.extend(
            filter(None, (it.get("string") for it in xml.within(element, "textpath")))
        )
        if next(xml.within(element, "OLEObject", "oleObject"), None) is not None:
            tally[RemarkKind.PARTS] += 1
            return ""
        pictures = sum(1 for _ in xml.within(element, "blip", "imagedata"))
        if pictures:
            tally[RemarkKind.PICTURES] += pictures
        address = self._address(next(xml.within(element, "hlinkClick"), None))
        return _description(element, address) if pictures else ""

    def _address(self, link: Element | None) -> str:
        relation = self._relations.get(xml.value(link, "id") or "")
        return relation.target if relation and relation.is_external else ""

    def _chunk(self, element: Element) -> Iterator[str]:
        """Yield a page, mail or document within a document, as programs put them together."""
        relation = self._relations.get(xml.value(element, "id") or "")
        package = self._shared.package
        buffer = TextBuffer(_LONGEST_CHUNK)
        buffer.depth = self._shared.depth + 1
        if relation and relation.target in package and buffer.depth <= _DEEPEST_CHUNK:
            with suppress(Exception):  # a broken one leaves the others
                _read_chunk(package.read(relation.target), PurePath(relation.target).suffix, buffer)
        if buffer.is_blank:
            self._shared.tally[RemarkKind.PARTS] += 1
        else:
            self._shared.tally.update(buffer.tally)
            yield buffer.text().text


def _read_chunk(content: bytes, suffix: str, buffer: TextBuffer) -> None:
    from chat.attachments.reading import readers
    from chat.attachments.reading.kinds import readable_kind
    from common.files.file_types import FileKind

    kind = readable_kind(content, suffix)
    if kind in (FileKind.TEXT, FileKind.MAIL, FileKind.RTF, FileKind.DOCUMENT):
        with suppress(BufferFull):
            readers.write(kind, content, suffix, buffer)


def _chosen(alternatives: Element) -> Element:
    """Return the one of several forms of the same that is for newer programs."""
    choice = xml.child(alternatives, "Choice")
    chosen = choice if choice is not None else xml.child(alternatives, "Fallback")
    return chosen if chosen is not None else []


def _numbered(numbers: dict[str, int], element: Element) -> int:
    return numbers.setdefault(xml.value(element, "id") or "", len(numbers) + 1)


def _is_on(properties: Element, name: str) -> bool:
    switch = xml.child(properties, name)
    return switch is not None and (xml.value(switch) or "") not in _OFF


def _description(element: Element, address: str) -> str:
    """Return what a picture shows, as its author or Word described it, and where it leads."""
    said = ""
    for it in xml.within(element, "docPr", "shape"):
        words = it.get("descr") or it.get("alt") or it.get("title") or ""
        said = said or " ".join(words.split())
    shown = f"picture: {said}" if said else "picture"
    return f"[{shown}]({address})" if address else f"[{shown}]" if said else ""


def _symbol(_: Story, element: Element) -> str:
    return symbols.shown(xml.value(element, "font") or "", xml.value(element, "char") or "")


def _form_field(element: Element) -> str:
    """Return the tick of a form's old box, or what is chosen of its list."""
    box = xml.child(element, "ffData", "checkBox")
    if box is not None:
        ticked = xml.child(box, "checked")
        ticked = ticked if ticked is not None else xml.child(box, "default")
        return "☑" if ticked is not None and (xml.value(ticked) or "") not in _OFF else "☐"
    listed = xml.child(element, "ffData", "ddList")
    entries = [xml.value(it) or "" for it in xml.children(listed, "listEntry")]
    chosen = xml.value(xml.child(listed, "result")) or "0"
    return entries[int(chosen)] if chosen.isdigit() and int(chosen) < len(entries) else ""


def _nothing(_: Story, __: Element) -> str:
    return ""


_BLOCK_CONTAINERS = frozenset(
    {"sdt", "sdtContent", "customXml", "smartTag", "ins", "moveTo", "body", "txbxContent"}
)
_WORDS: Mapping[str, Callable[[Story, Element], str]] = {
    "t": lambda _, it: it.text or "",
    "tab": lambda *_: "\t",
    "ptab": lambda *_: "\t",
    "br": lambda *_: "\n",
    "cr": lambda *_: "\n",
    "noBreakHyphen": lambda *_: "-",
    "sym": _symbol,
    "fldChar": Story._field,
    "fldSimple": Story._simple_field,
    "instrText": Story._instruction,
    "r": Story._run,
    "hyperlink": Story._link,
    "footnoteReference": Story._footnote,
    "endnoteReference": Story._endnote,
    "commentReference": Story._comment,
    "AlternateContent": Story._alternative,
    **dict.fromkeys(("drawing", "pict", "object"), Story._drawing),
    **dict.fromkeys(("oMath", "oMathPara"), lambda _, it: equations.linear(it)),
    **dict.fromkeys(("del", "moveFrom"), Story._deleted),
    **dict.fromkeys(
        ("pPr", "rPr", "sdtPr", "sdtEndPr", "delText", "delInstrText", "rt", "rubyPr"),
        _nothing,
    ),
}
