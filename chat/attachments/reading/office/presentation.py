"""PowerPoint presentations: slide by slide, with tables, diagrams, notes and comments."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from chat.attachments.reading import xml
from chat.attachments.reading.office import drawings
from chat.attachments.reading.office.package import Package, Relation
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import CannotRead, Reason, RemarkKind

Element = xml.Element

# Placeholders whose text says nothing of the slide, and those that stand on many alike
_FURNITURE = frozenset({"sldNum", "sldImg"})
_RUNNING = frozenset({"dt", "ftr", "hdr"})
_PLAYED = {"videoFile": "film", "audioFile": "sound", "wavAudioFile": "sound"}
_OFF = ("0", "false")


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write what stands on each slide, hidden ones too."""
    package = Package.of(content)
    if (main := package.main) is None:
        raise CannotRead(Reason.BROKEN)
    if package.has_macros:
        buffer.remark(RemarkKind.MACROS)
    slides = list(_slides(package, main))
    buffer.counts["slides"] = len(slides)
    authors, running = _authors(package, main), set[str]()
    for number, part in enumerate(slides, 1):
        buffer.reached(number, len(slides))
        _write(_Slide(package, part, buffer, running), number, authors)


def _slides(package: Package, main: str) -> Iterator[str]:
    """Yield the parts of the slides in the order in which they are shown."""
    relations = package.relations(main)
    for it in xml.children(xml.child(package.xml(main), "sldIdLst"), "sldId"):
        relation = relations.get(_relation_id(it))
        if relation and relation.target in package:
            yield relation.target


def _relation_id(element: Element) -> str:
    """Return the attribute `r:id`, which stands beside an `id` of its own."""
    return next((str(it) for key, it in element.attrib.items() if key.endswith("}id")), "")


@dataclass(frozen=True, slots=True)
class _Slide:
    package: Package
    part: str
    buffer: TextBuffer
    running: set[str] = field(default_factory=set)
    """What stood at the foot of slides before."""


def _write(slide: _Slide, number: int, authors: Mapping[str | None, str]) -> None:
    root = xml.parse(slide.package.read(slide.part))
    is_hidden = root.get("show") in _OFF
    if is_hidden:
        slide.buffer.tally[RemarkKind.HIDDEN_SLIDES] += 1
    slide.buffer.heading(f"\n\n## Slide {number}{' (hidden)' if is_hidden else ''}\n\n")
    relations = slide.package.relations(slide.part)
    for text in _Shapes(slide, relations).texts(xml.child(root, "cSld", "spTree")):
        slide.buffer.write(f"{text}\n")
    for text in _notes(slide):
        slide.buffer.write(f"\nNotes: {text}\n")
    for text in _comments(slide, authors):
        slide.buffer.write(f"{text}\n")


class _Shapes:
    """Reads the shapes of one slide."""

    def __init__(self, slide: _Slide, relations: Mapping[str, Relation]) -> None:
        self._slide = slide
        self._relations = relations

    def texts(self, tree: Element | None) -> Iterator[str]:
        """Yield what each shape says, in their order from back to front."""
        for shape in () if tree is None else tree:
            kind = xml.name(shape)
            if kind in _KINDS:
                yield from _KINDS[kind](self, shape)

    def _alternative(self, element: Element) -> Iterator[str]:
        choice = xml.child(element, "Choice")
        chosen = list(self.texts(choice)) if choice is not None else []
        yield from chosen or self.texts(xml.child(element, "Fallback"))

    def _shape(self, element: Element) -> Iterator[str]:
        placeholder = xml.child(element, "nvSpPr", "nvPr", "ph")
        kind = xml.value(placeholder, "type") or ""
        if kind in _FURNITURE:
            return
        if kind in _RUNNING:
            yield from self._foot(element)
            return
        said = list(self._body(xml.child(element, "txBody")))
        yield from said or _described("drawing", element)
        yield from self._leads(element)
        if xml.child(element, "spPr", "blipFill") is not None:
            self._slide.buffer.tally[RemarkKind.PICTURES] += 1

    def _foot(self, element: Element) -> Iterator[str]:
        """Yield what is at the foot of a slide the first time, but no date that is always new."""
        said = " ".join(self._body(xml.child(element, "txBody"))).strip()
        is_fixed = next(xml.within(element, "fld"), None) is None
        if said and is_fixed and said not in self._slide.running:
            self._slide.running.add(said)
            yield f"[footer] {said}"

    def _leads(self, element: Element) -> Iterator[str]:
        """Yield where a click on a shape or a picture leads to."""
        relation = self._relations.get(xml.value(_own(element, "hlinkClick"), "id") or "")
        if relation and relation.is_external:
            yield f"[link: {relation.target}]"

    def _body(self, body: Element | None) -> Iterator[str]:
        if body is not None:
            yield from drawings.paragraphs(body, self._link)

    def _link(self, run: Element) -> str | None:
        """Return where a piece of text leads to, outside of the file."""
        link = xml.child(run, "rPr", "hlinkClick")
        relation = self._relations.get(xml.value(link, "id") or "")
        return relation.target if relation and relation.is_external else None

    def _frame(self, element: Element) -> Iterator[str]:
        for table in xml.within(element, "tbl"):
            yield from (self._row(row) for row in xml.children(table, "tr"))
        yield from drawings.referred(self._slide.package, self._relations, element)
        if next(xml.within(element, "oleObj"), None) is not None:
            self._slide.buffer.tally[RemarkKind.PARTS] += 1

    def _row(self, row: Element) -> str:
        cells = (xml.child(cell, "txBody") for cell in xml.children(row, "tc"))
        texts = (" ".join(" ".join(self._body(it)).split()).replace("|", "\\|") for it in cells)
        return f"| {' | '.join(texts)} |"

    def _picture(self, element: Element) -> Iterator[str]:
        played = next(xml.within(element, *_PLAYED), None)
        kind = RemarkKind.PICTURES if played is None else RemarkKind.PARTS
        self._slide.buffer.tally[kind] += 1
        what = "picture" if played is None else _PLAYED[xml.name(played)]
        yield from _described(what, element)
        yield from self._leads(element)


def _own(element: Element, *path: str) -> Element | None:
    """Return what is at the end of a path in what a shape or a picture says of itself."""
    of_shape = next((it for it in element if xml.name(it).startswith("nv")), None)
    return xml.child(of_shape, "cNvPr", *path)


def _described(what: str, element: Element) -> Iterator[str]:
    if said := " ".join((xml.value(_own(element), "descr") or "").split()):
        yield f"[{what}: {said}]"


_KINDS: Mapping[str, Callable[[_Shapes, Element], Iterator[str]]] = {
    "sp": _Shapes._shape,
    "cxnSp": _Shapes._shape,
    "grpSp": _Shapes.texts,
    "graphicFrame": _Shapes._frame,
    "pic": _Shapes._picture,
    "AlternateContent": _Shapes._alternative,
}


def _notes(slide: _Slide) -> Iterator[str]:
    for part in slide.package.related(slide.part, "notesSlide"):
        relations = slide.package.relations(part)
        tree = xml.child(slide.package.xml(part), "cSld", "spTree")
        if text := "\n".join(_Shapes(slide, relations).texts(tree)):
            yield text


def _authors(package: Package, main: str) -> Mapping[str | None, str]:
    """Return the names of those who commented, by their ids."""
    return {
        it.get("id"): it.get("name") or ""
        for kind in ("commentAuthors", "authors")
        for part in package.related(main, kind)
        for it in xml.parse(package.read(part))
    }


def _comments(slide: _Slide, authors: Mapping[str | None, str]) -> Iterator[str]:
    for part in slide.package.related(slide.part, "comments"):
        for comment in xml.within(slide.package.xml(part), "cm", "reply"):
            text = xml.child(comment, "text")
            body = xml.child(comment, "txBody")
            said = text.text if text is not None else xml.texts(body) if body is not None else ""
            author = authors.get(comment.get("authorId"), "")
            yield f"[comment{f' by {author}' if author else ''}: {' '.join((said or '').split())}]"
