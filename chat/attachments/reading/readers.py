"""Which room reads which kind of file. Each loads one library: all would take half a second."""

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import CannotRead, Picture
from common.files.file_types import FileKind

_OPEN_XML = frozenset({FileKind.DOCUMENT, FileKind.SHEETS, FileKind.SLIDES})
_DRAWN: Mapping[FileKind, str] = {
    FileKind.IMAGE: "images.pictures",
    FileKind.IWORK: "images.previews",
    FileKind.SVG: "images.vectors",
}
_WRITTEN: Mapping[FileKind, str] = {
    FileKind.ARCHIVE: "packed.archive",
    FileKind.CARD: "documents.card",
    FileKind.DOCUMENT: "office.word.document",
    FileKind.BINARY_SHEETS: "office.sheets.binary",
    FileKind.EPUB: "documents.epub",
    FileKind.MAIL: "mail.message",
    FileKind.MAILBOX: "mail.mailbox",
    FileKind.NOTEBOOK: "documents.notebook",
    FileKind.OPEN_DOCUMENT: "documents.opendocument",
    FileKind.OUTLOOK: "mail.outlook",
    FileKind.PDF: "pdf.document",
    FileKind.RTF: "documents.rtf.document",
    FileKind.SHEETS: "office.sheets.workbook",
    FileKind.SLIDES: "office.presentation",
    FileKind.TNEF: "mail.tnef",
    FileKind.WEB_ARCHIVE: "documents.web_archive",
    FileKind.XML_SHEETS: "office.sheets.xml_2003",
}


def picture(kind: FileKind, content: bytes, pixels: int) -> Picture | None:
    """Return a file whose kind is shown as an image, its longer side of at most so many pixels.

    None where it is one of text, or a drawing that cannot be drawn and still is a text. Raises
    `CannotRead`, or whatever a library raises.
    """
    if kind not in _DRAWN:
        return None
    room = import_module(f"chat.attachments.reading.{_DRAWN[kind]}")
    try:
        return cast(Picture, room.read(content, pixels))
    except CannotRead:
        if kind is FileKind.SVG:
            return None
        raise


def write(kind: FileKind, content: bytes, suffix: str, buffer: TextBuffer) -> None:
    """Write what a file of a kind holds.

    Raises `BufferFull`, `CannotRead`, or whatever a library raises of a broken file.
    """
    if kind in _OPEN_XML:
        from chat.attachments.reading import archives

        archives.check(content)
    if kind in (FileKind.TEXT, FileKind.SVG):
        from chat.attachments.reading import plain

        plain.read(content, suffix, buffer)
    else:
        import_module(f"chat.attachments.reading.{_WRITTEN[kind]}").read(content, buffer)
