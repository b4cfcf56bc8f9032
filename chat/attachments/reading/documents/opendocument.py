"""What LibreOffice and its like write: texts, sheets and slides, in an archive or as one XML."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from lxml import etree

from chat.attachments.reading import archives, mathml, xml
from chat.attachments.reading.documents import tables
from chat.attachments.reading.documents.controls import controls
from chat.attachments.reading.documents.styles import Styles
from chat.attachments.reading.documents.words import DRAW, OFFICE, PRESENTATION, STYLE, Words
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import CannotRead, Reason, RemarkKind

_MANIFEST, _ENCRYPTED = "META-INF/manifest.xml", b"encryption-data"
_IS_SPREADSHEET = re.compile(rb"<office:spreadsheet[\s>/]")
_PICTURE = re.compile(rb"(?<=<office:binary-data>)[^<]++")  # of a document of one XML
_MOST_MEMBERS, _LARGEST_FORMULA = 5_000, 100_000  # bytes
_FOOT = f"{PRESENTATION}footer-decl"
_RUNNING = re.compile(r".*\}(?:header|footer)(?:-first|-left)?")


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write what stands in a document, the heads and feet of its pages included."""
    if not content.startswith(b"PK"):
        plain = _PICTURE.sub(b"", content)
        _write(plain, plain, {}, buffer)
        return
    archives.check(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = set(archive.namelist())
        if _MANIFEST in members and _ENCRYPTED in archive.read(_MANIFEST):
            raise CannotRead(Reason.PASSWORD)
        styles = archive.read("styles.xml") if "styles.xml" in members else b""
        _write(archive.read("content.xml"), styles, _formulas(archive), buffer)


def _formulas(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the formulas that are documents within this one, by their names."""
    found: dict[str, str] = {}
    for it in archive.infolist()[:_MOST_MEMBERS]:
        name, _, part = it.filename.rpartition("/")
        if name and part == "content.xml" and it.file_size <= _LARGEST_FORMULA:
            content = archive.read(it)
            if b"MathML" in content:
                with suppress(etree.XMLSyntaxError):
                    found[name] = mathml.linear(xml.parse(content))
    return found


def _write(content: bytes, styles: bytes, formulas: Mapping[str, str], buffer: TextBuffer) -> None:
    if _IS_SPREADSHEET.search(content):
        tables.write(content, buffer)
        tables.write_edges(styles, buffer)
        return
    root = xml.parse(content)
    around = root if styles is content else xml.parse(styles) if styles else None
    names = Styles(*(it for it in (around, root) if it is not None))
    words = Words(names, controls(root), formulas)
    try:
        for text in _running_texts(around, words):
            buffer.write(f"{text}\n\n")
        for body in root.iterfind(f"{OFFICE}body/*"):
            if pages := body.findall(f"{DRAW}page"):
                _write_slides(pages, words, names, buffer)
            else:
                _write_text(body, words, buffer)
    finally:
        buffer.tally += words.tally


def _running_texts(styles: Any, words: Words) -> Iterator[str]:
    """Yield the heads and feet of pages, each once."""
    seen: set[str] = set()
    pages = f"{OFFICE}master-styles/{STYLE}master-page/*"
    for part in styles.iterfind(pages) if styles is not None else ():
        if isinstance(part.tag, str) and _RUNNING.fullmatch(part.tag):
            text = words.whole(part)
            if text and text not in seen:
                seen.add(text)
                yield text


def _write_text(body: Any, words: Words, buffer: TextBuffer) -> None:
    for number, element in enumerate(body.iterchildren(etree.Element), 1):
        buffer.reached(number, len(body))
        text = "".join(f"{it}\n" for it in words.block(element))
        buffer.write(f"{text}\n" if text else "")


def _write_slides(pages: Sequence[Any], words: Words, styles: Styles, buffer: TextBuffer) -> None:
    buffer.counts["slides"] = len(pages)
    feet = {
        " ".join("".join(it.itertext()).split())
        for it in pages[0].itersiblings(_FOOT, preceding=True)
    }
    for number, page in enumerate(pages, 1):
        buffer.reached(number, len(pages))
        buffer.tally[RemarkKind.HIDDEN_SLIDES] += styles.hides(page, "drawing-page")
        buffer.heading(f"\n\n## Slide {number}\n\n")
        for text in words.blocks(page):
            buffer.write(f"{text}\n" if text.strip() else "")
        for notes in page.iterfind(f"{PRESENTATION}notes"):
            said = words.whole(notes)
            buffer.write(f"\nNotes: {said}\n" if said else "")
    for text in sorted(feet):
        buffer.write(f"\n[footer] {text}\n")
