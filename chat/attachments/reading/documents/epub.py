"""Books: chapter by chapter, as Markdown."""

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from chat.attachments.reading import archives, markup, xml
from chat.attachments.reading.text.decoding import text_of
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import CannotRead, Reason, RemarkKind

_CONTAINER = "META-INF/container.xml"
_RIGHTS = ("META-INF/rights.xml", "META-INF/license.lcpl")  # who has them reads no chapter
_PICTURE = re.compile(r"!\[[^\]]*\]\((?!https?:)[^)]*\)")  # of the book itself
_DECLARED = re.compile(r"\A\s*<\?xml[^>]*>")  # it is read as HTML
_ABOUT = ("title", "creator", "publisher", "date", "language")


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write what is said of a book, and its chapters in the order of reading."""
    archives.check(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if not {*_RIGHTS}.isdisjoint(archive.namelist()):
            raise CannotRead(Reason.PASSWORD)
        path = xml.parse(archive.read(_CONTAINER)).xpath(
            "string(//*[local-name()='rootfile']/@full-path)"
        )
        package = xml.parse(archive.read(path))
        _write_about(package, buffer)
        buffer.tally[RemarkKind.PICTURES] += int(
            package.xpath("count(//*[local-name()='item'][starts-with(@media-type, 'image/')])")
        )
        _write_chapters(archive, list(_chapters(package, posixpath.dirname(path))), buffer)


def _write_about(package: Any, buffer: TextBuffer) -> None:
    for name in _ABOUT:
        for element in package.iterfind(f".//{{http://purl.org/dc/elements/1.1/}}{name}"):
            buffer.heading(f"{name.capitalize()}: {(element.text or '').strip()}\n")


def _chapters(package: Any, folder: str) -> Iterator[str]:
    """Yield the names of the members that are read one after the other."""
    items = package.xpath("//*[local-name()='manifest']/*[local-name()='item']")
    paths = {item.get("id"): item.get("href") or "" for item in items}
    for reference in package.xpath("//*[local-name()='spine']/*[local-name()='itemref']"):
        if href := paths.get(reference.get("idref")):
            yield posixpath.normpath(posixpath.join(folder, unquote(href)))


def _write_chapters(archive: zipfile.ZipFile, chapters: list[str], buffer: TextBuffer) -> None:
    buffer.counts["chapters"] = len(chapters)
    for number, name in enumerate(chapters):
        buffer.reached(number + 0.5, len(chapters))
        try:
            page = _DECLARED.sub("", text_of(archive.read(name)))
        except KeyError:
            buffer.tally[RemarkKind.PARTS] += 1
            continue
        buffer.write(f"\n\n{_PICTURE.sub('', markup.to_markdown(page))}")
