"""Which room reads which kind of file. Each loads one library: all would take half a second."""

from importlib import import_module

from chat.attachments.reading.text_buffer import TextBuffer
from common.file_types import FileKind

_OPEN_XML = frozenset({FileKind.DOCUMENT, FileKind.SHEETS, FileKind.SLIDES})
_ROOMS = {
    FileKind.PDF: "pdf.document",
    FileKind.DOCUMENT: "office.word.document",
    FileKind.SHEETS: "sheets",
    FileKind.SLIDES: "slides",
}


def write(kind: FileKind, content: bytes, suffix: str, buffer: TextBuffer) -> None:
    """Write what a file of a kind holds.

    Raises `BufferFull`, `CannotRead`, or whatever a library raises of a broken file.
    """
    if kind in _OPEN_XML:
        from chat.attachments.reading import archives

        archives.check(content)
    if kind is FileKind.TEXT:
        from chat.attachments.reading import plain

        plain.read(content, suffix, buffer)
    else:
        import_module(f"chat.attachments.reading.{_ROOMS[kind]}").read(content, buffer)
