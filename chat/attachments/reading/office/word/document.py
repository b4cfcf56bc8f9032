"""A Word document from its first header to its last comment, paragraph by paragraph."""

from collections.abc import Iterator
from typing import IO

from chat.attachments.reading import xml
from chat.attachments.reading.office.package import Package
from chat.attachments.reading.office.word.numbering import Numbering
from chat.attachments.reading.office.word.story import Shared, Story
from chat.attachments.reading.office.word.styles import Styles
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import CannotRead, Reason, RemarkKind

_TOP = ("p", "tbl", "sdt", "altChunk", "customXml", "AlternateContent", "ins", "del")
_SEPARATORS = frozenset({"separator", "continuationSeparator", "continuationNotice"})


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write a document's text as Markdown, with all that stands around it."""
    package = Package.of(content)
    if (main := package.main) is None:
        raise CannotRead(Reason.BROKEN)
    if package.has_macros:
        buffer.remark(RemarkKind.MACROS)
    shared = _shared(package, main, buffer)
    for text in _around(shared, main, "header"):
        buffer.write(f"[header] {text}\n\n")
    _write_body(shared, main, buffer)
    for text in _around(shared, main, "footer"):
        buffer.write(f"\n\n[footer] {text}")
    for text in _notes(shared, main):
        buffer.write(f"\n\n{text}")


def _shared(package: Package, main: str, buffer: TextBuffer) -> Shared:
    styles = Styles(_related(package, main, "styles"))
    numbering = Numbering(_related(package, main, "numbering"), styles)
    return Shared(package, styles, numbering, buffer.tally, depth=buffer.depth)


def _related(package: Package, main: str, kind: str) -> xml.Element | None:
    part = next(package.related(main, kind), None)
    return package.xml(part) if part else None


def _write_body(shared: Shared, main: str, buffer: TextBuffer) -> None:
    size = shared.package.size(main)
    with shared.package.open(main) as source:
        was_item = False
        for block in _body(source, Story(main, shared)):
            is_item = _is_item(block)
            buffer.reached(source.tell(), size)
            buffer.write(("\n" if was_item and is_item else "\n\n") + block)
            was_item = is_item
    buffer.reached(1, 1)


def _body(source: IO[bytes], story: Story) -> Iterator[str]:
    for element in xml.stream(source, *_TOP):
        if xml.name(element.getparent()) == "body":
            yield from story.block(element)
            xml.forget(element)


def _is_item(block: str) -> bool:
    first = block.lstrip().partition(" ")[0]
    return first == "-" or (first[-1:] in ".)" and first[:1].isalnum() and len(first) < 12)


def _around(shared: Shared, main: str, kind: str) -> Iterator[str]:
    """Yield what headers or footers say, the same once."""
    said: dict[str, None] = {}
    for part in shared.package.related(main, kind):
        root = shared.package.xml(part)
        said[" / ".join(Story(part, shared).blocks(root))] = None
    yield from filter(None, said)


def _notes(shared: Shared, main: str) -> Iterator[str]:
    """Yield footnotes, endnotes and comments, with the marks that refer to them."""
    for kind, numbers, mark in (
        ("footnotes", shared.footnotes, "[^{}]:"),
        ("endnotes", shared.endnotes, "[^e{}]:"),
        ("comments", shared.comments, "[comment {}]"),
    ):
        for part in shared.package.related(main, kind):
            yield from _notes_in(part, shared, numbers, mark)


def _notes_in(part: str, shared: Shared, numbers: dict[str, int], mark: str) -> Iterator[str]:
    notes = {xml.value(it, "id") or "": it for it in xml.parse(shared.package.read(part))}
    for note_id in dict.fromkeys([*numbers, *notes]):
        note = notes.get(note_id)
        if note is None or xml.value(note, "type") in _SEPARATORS:
            continue
        number = numbers.setdefault(note_id, len(numbers) + 1)
        author = xml.value(note, "author")
        text = "\n".join(Story(part, shared).blocks(note))
        yield f"{mark.format(number)}{f' {author}:' if author else ''} {text}"
