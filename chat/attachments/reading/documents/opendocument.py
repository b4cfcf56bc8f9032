"""What LibreOffice and its like write: texts, sheets and slides, in an archive or as one XML."""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from lxml import etree

from chat.attachments.reading import archives, xml
from chat.attachments.reading.documents import tables
from chat.attachments.reading.documents.words import DRAW, OFFICE, PRESENTATION, STYLE, Words
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import CannotRead, Reason, RemarkKind

_MANIFEST, _ENCRYPTED = "META-INF/manifest.xml", b"encryption-data"
_IS_SPREADSHEET = re.compile(rb"<office:spreadsheet[\s>/]")
_PICTURE = re.compile(rb"(?<=<office:binary-data>)[^<]++")  # of a document of one XML
_RUNNING = re.compile(r".*\}(?:header|footer)(?:-first|-left)?")


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write what stands in a document, the heads and feet of its pages included."""
    if not content.startswith(b"PK"):
        plain = _PICTURE.sub(b"", content)
        _write(plain, plain, buffer)
        return
    archives.check(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = set(archive.namelist())
        if _MANIFEST in members and _ENCRYPTED in archive.read(_MANIFEST):
            raise CannotRead(Reason.PASSWORD)
        styles = archive.read("styles.xml") if "styles.xml" in members else b""
        _write(archive.read("content.xml"), styles, buffer)


def _write(content: bytes, styles: bytes, buffer: TextBuffer) -> None:
    if _IS_SPREADSHEET.search(content):
        tables.write(content, buffer)
        return
    words = Words()
    try:
        for text in _running_texts(styles, words):
            buffer.write(f"{text}\n\n")
        for body in xml.parse(content).iterfind(f"{OFFICE}body/*"):
            if pages := body.findall(f"{DRAW}page"):
                _write_slides(pages, words, buffer)
            else:
                _write_text(body, words, buffer)
    finally:
        buffer.tally[RemarkKind.PICTURES] += words.pictures
        buffer.tally[RemarkKind.DELETED_TEXT] += words.deleted


def _running_texts(styles: bytes, words: Words) -> Iterator[str]:
    """Yield the heads and feet of pages, each once."""
    seen: set[str] = set()
    pages = f"{OFFICE}master-styles/{STYLE}master-page/*"
    for part in xml.parse(styles).iterfind(pages) if styles else ():
        if isinstance(part.tag, str) and _RUNNING.fullmatch(part.tag):
            text = words.whole(part)
            if text not in seen:
                seen.add(text)
                yield text


def _write_text(body: Any, words: Words, buffer: TextBuffer) -> None:
    for number, element in enumerate(body.iterchildren(etree.Element), 1):
        buffer.reached(number, len(body))
        for text in words.block(element):
            buffer.write(f"{text}\n")
        buffer.write("\n")


def _write_slides(pages: Sequence[Any], words: Words, buffer: TextBuffer) -> None:
    buffer.counts["slides"] = len(pages)
    for number, page in enumerate(pages, 1):
        buffer.reached(number, len(pages))
        buffer.heading(f"\n\n## Slide {number}\n\n")
        for text in words.blocks(page):
            buffer.write(f"{text}\n" if text.strip() else "")
        for notes in page.iterfind(f"{PRESENTATION}notes"):
            said = words.whole(notes)
            buffer.write(f"\nNotes: {said}\n" if said else "")
