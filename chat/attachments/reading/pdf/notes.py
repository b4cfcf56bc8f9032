"""What somebody wrote on a page, what they marked, and where its links lead."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pypdfium2
from pypdfium2 import raw

from chat.attachments.reading.pdf.pdfium import annotations, place, string, utf8

_MARKS = {
    raw.FPDF_ANNOT_HIGHLIGHT: "highlighted",
    raw.FPDF_ANNOT_UNDERLINE: "underlined",
    raw.FPDF_ANNOT_SQUIGGLY: "underlined",
    raw.FPDF_ANNOT_STRIKEOUT: "struck out",
}
# What shows something else than words
_SHOWN = {
    raw.FPDF_ANNOT_INK: "drawn by hand",
    raw.FPDF_ANNOT_STAMP: "stamp",
    raw.FPDF_ANNOT_SOUND: "sound",
    raw.FPDF_ANNOT_MOVIE: "film",
    raw.FPDF_ANNOT_SCREEN: "film",
    raw.FPDF_ANNOT_RICHMEDIA: "film",
    raw.FPDF_ANNOT_THREED: "three-dimensional drawing",
    raw.FPDF_ANNOT_FILEATTACHMENT: "attached file",
}
_SAID_ELSEWHERE = (raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_POPUP, raw.FPDF_ANNOT_LINK)


def notes(page: pypdfium2.PdfPage, text: pypdfium2.PdfTextPage) -> Iterator[str]:
    """Yield a line for each comment, marked passage and free text, and what is stuck on."""
    for subtype, annotation in annotations(page):
        if subtype in _SAID_ELSEWHERE:
            continue
        said = string(raw.FPDFAnnot_GetStringValue, annotation, b"Contents")
        marked = _marked(annotation, text) if subtype in _MARKS else ""
        if said or marked or subtype in _SHOWN:
            author = string(raw.FPDFAnnot_GetStringValue, annotation, b"T")
            what = f"{_MARKS[subtype]} “{marked}”" if marked else _what(subtype, annotation)
            yield f"[{what}{f' by {author}' if author else ''}{f': {said}' if said else ''}]"


def files(page: pypdfium2.PdfPage) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files that are stuck on a page."""
    for subtype, annotation in annotations(page):
        if subtype == raw.FPDF_ANNOT_FILEATTACHMENT:
            file = raw.FPDFAnnot_GetFileAttachment(annotation)
            with suppress(pypdfium2.PdfiumError):
                name = string(raw.FPDFAttachment_GetName, file)
                yield name, bytes(pypdfium2.PdfAttachment(file, page.pdf).get_data())


def _what(subtype: int, annotation: Any) -> str:
    """Return what a note is, with the words of a stamp and the name of a file."""
    if subtype == raw.FPDF_ANNOT_STAMP:
        name = string(raw.FPDFAnnot_GetStringValue, annotation, b"Name")
    elif subtype == raw.FPDF_ANNOT_FILEATTACHMENT:
        file = raw.FPDFAnnot_GetFileAttachment(annotation)
        name = string(raw.FPDFAttachment_GetName, file) if file else ""
    else:
        name = ""
    return f"{_SHOWN.get(subtype, 'note')}{f' “{name}”' if name else ''}"


def _marked(annotation: Any, text: pypdfium2.PdfTextPage) -> str:
    """Return the words below the quadrilaterals of a mark."""
    quads = raw.FS_QUADPOINTSF()
    words = []
    for index in range(raw.FPDFAnnot_CountAttachmentPoints(annotation)):
        if raw.FPDFAnnot_GetAttachmentPoints(annotation, index, quads):
            across = (quads.x1, quads.x2, quads.x3, quads.x4)
            up = (quads.y1, quads.y2, quads.y3, quads.y4)
            box = {"left": min(across), "right": max(across), "bottom": min(up), "top": max(up)}
            words += str(text.get_text_bounded(**box)).split()
    return " ".join(words)


def links(
    document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage, text: pypdfium2.PdfTextPage
) -> Iterator[str]:
    """Yield the addresses that a page links to, each once, with the words that do."""
    found: dict[str, list[str]] = {}
    for subtype, annotation in annotations(page):
        if subtype == raw.FPDF_ANNOT_LINK and (address := _address(document, annotation)):
            left, bottom, right, top = place(annotation)
            found.setdefault(address, []).append(
                text.get_text_bounded(left=left, bottom=bottom, right=right, top=top)
            )
    for address, words in found.items():
        said = " ".join(" ".join(words).split())
        yield address if not said or said in address else f"“{said}” {address}"


def _address(document: pypdfium2.PdfDocument, annotation: Any) -> str:
    """Return where a link leads outside of the document: an address, or another file."""
    action = raw.FPDFLink_GetAction(raw.FPDFAnnot_GetLink(annotation))
    is_file = raw.FPDFAction_GetType(action) in (raw.PDFACTION_REMOTEGOTO, raw.PDFACTION_LAUNCH)
    if is_file:
        return utf8(raw.FPDFAction_GetFilePath, action).decode("utf-8", "replace")
    return utf8(raw.FPDFAction_GetURIPath, document, action).decode("utf-8", "replace")
