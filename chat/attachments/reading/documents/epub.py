"""Books: chapter by chapter, as Markdown."""

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from chat.attachments.reading import archives, xml
from chat.attachments.reading.pages import markup
from chat.attachments.reading.text.decoding import text_of
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import CannotRead, Reason, RemarkKind

_CONTAINER = "META-INF/container.xml"
# Who has them reads no chapter: of Adobe's, Readium's and Apple's sellers
_RIGHTS = ("META-INF/rights.xml", "META-INF/license.lcpl", "META-INF/sinf.xml")
_ENCRYPTION = "META-INF/encryption.xml"
_OF_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_PICTURE = re.compile(r"!\[([^\]]*)\]\((?!https?:)[^)]*\)")  # of the book itself
_FILE_NAME = re.compile(r"\S+\.\w{3,4}")  # which LibreOffice writes where nothing is said
_DECLARED = re.compile(r"\A\s*<\?xml[^>]*>")  # it is read as HTML
_ABOUT = ("title", "creator", "publisher", "date", "language")


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write what is said of a book, and its chapters in the order of reading."""
    archives.check(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if _is_protected(archive):
            raise CannotRead(Reason.RIGHTS)
        path = xml.parse(archive.read(_CONTAINER)).xpath(
            "string(//*[local-name()='rootfile']/@full-path)"
        )
        package = xml.parse(archive.read(path))
        _write_about(package, buffer)
        buffer.tally[RemarkKind.PICTURES] += int(
            package.xpath("count(//*[local-name()='item'][starts-with(@media-type, 'image/')])")
        )
        _write_chapters(archive, list(_chapters(package, posixpath.dirname(path))), buffer)


def _is_protected(archive: zipfile.ZipFile) -> bool:
    """Tell whether more than letters is encrypted, as many a free book has it."""
    names = archive.namelist()
    if not {*_RIGHTS}.isdisjoint(names):
        return True
    if _ENCRYPTION not in names:
        return False
    methods = xml.within(xml.parse(archive.read(_ENCRYPTION)), "EncryptionMethod")
    return any(xml.value(it, "Algorithm") not in _OF_FONTS for it in methods)


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
        text = markup.to_markdown(page, buffer.tally)
        buffer.write(f"\n\n{_PICTURE.sub(_said, text)}")


def _said(picture: re.Match[str]) -> str:
    """Return what is said of a picture."""
    said = picture[1].strip()
    return f"[picture: {said}]" if said and not _FILE_NAME.fullmatch(said) else ""
