"""What lies upon a sheet: comments, texts in shapes, the titles of charts."""

from collections import Counter
from collections.abc import Iterator

from chat.attachments.reading import xml
from chat.attachments.reading.office import drawings
from chat.attachments.reading.office.package import Package
from chat.attachments.reading.office.sheets import cell_pictures, controls
from chat.attachments.reading.office.sheets.strings import rich_text
from chat.attachments.results import RemarkKind

_EMBEDDED = ("oleObject", "package", "control")


def upon(package: Package, sheet: str, tally: Counter[RemarkKind]) -> Iterator[str]:
    """Yield a line for each thing that a person sees beside the cells."""
    yield from _comments(package, sheet)
    for drawing in package.related(sheet, "drawing"):
        yield from _drawn(package, drawing, tally)
    for drawing in package.related(sheet, "vmlDrawing"):
        yield from controls.shown(package, drawing)
    embedded = sum(it.kind in _EMBEDDED for it in package.relations(sheet).values())
    if embedded:
        tally[RemarkKind.PARTS] += embedded


def _comments(package: Package, sheet: str) -> Iterator[str]:
    """Yield conversations about cells, and the notes of which none is but their copy."""
    threaded = dict(_threaded(package, sheet))
    noted = _noted(package, sheet)
    yield from (f"[comment at {place}{said}]" for place, said in noted if place not in threaded)
    yield from (f"[comment at {place}{said}]" for place, said in _threaded(package, sheet))


def _noted(package: Package, sheet: str) -> Iterator[tuple[str, str]]:
    for part in package.related(sheet, "comments"):
        root = package.xml(part)
        authors = [it.text or "" for it in xml.children(xml.child(root, "authors"), "author")]
        for comment in xml.children(xml.child(root, "commentList"), "comment"):
            said = rich_text(xml.child(comment, "text"))
            author = _at(authors, comment.get("authorId"))
            yield comment.get("ref") or "?", _said(author, said.removeprefix(f"{author}:"))


def _threaded(package: Package, sheet: str) -> Iterator[tuple[str, str]]:
    people = _people(package)
    for part in package.related(sheet, "threadedComment"):
        for comment in xml.children(package.xml(part), "threadedComment"):
            author = people.get(comment.get("personId"), "")
            yield comment.get("ref") or "?", _said(author, xml.texts(comment, "text"))


def _people(package: Package) -> dict[str | None, str]:
    return {
        person.get("id"): person.get("displayName") or ""
        for part in package.related(package.main or "", "person")
        for person in xml.children(package.xml(part), "person")
    }


def _said(author: str, text: str) -> str:
    return f"{f' by {author}' if author.strip() else ''}: {' '.join(text.split())}"


def _at(names: list[str], index: str | None) -> str:
    return names[int(index)] if index and index.isdecimal() and int(index) < len(names) else ""


def _drawn(package: Package, part: str, tally: Counter[RemarkKind]) -> Iterator[str]:
    root = package.xml(part)
    for body in xml.within(root, "txBody"):
        yield from drawings.paragraphs(body)
    for text in drawings.referred(package, package.relations(part), root):
        yield text.partition("\n")[0] if text.startswith("[chart") else text
    for picture in xml.within(root, "pic"):
        tally[RemarkKind.PICTURES] += 1
        yield from _described(picture)
    yield from _links(package, part, root)


def _described(picture: xml.Element) -> Iterator[str]:
    said = xml.value(xml.child(picture, "nvPicPr", "cNvPr"), "descr")
    if said and said.strip():
        yield cell_pictures.described(said)


def _links(package: Package, part: str, root: xml.Element) -> Iterator[str]:
    """Yield where pictures and shapes lead to."""
    relations = package.relations(part)
    for link in xml.within(root, "hlinkClick"):
        relation = relations.get(xml.value(link, "id") or "")
        if relation and relation.is_external:
            yield f"[link: {relation.target}]"
