"""What somebody wrote on a page, what they marked, and where its links lead."""

from collections.abc import Iterator
from typing import Any

import pypdfium2
from pypdfium2 import raw

from chat.attachments.reading.pdf.pdfium import annotations, string, utf8

_MARKS = {
    raw.FPDF_ANNOT_HIGHLIGHT: "highlighted",
    raw.FPDF_ANNOT_UNDERLINE: "underlined",
    raw.FPDF_ANNOT_SQUIGGLY: "underlined",
    raw.FPDF_ANNOT_STRIKEOUT: "struck out",
}
_SAID_ELSEWHERE = (raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_POPUP, raw.FPDF_ANNOT_LINK)


def notes(page: pypdfium2.PdfPage, text: pypdfium2.PdfTextPage) -> Iterator[str]:
    """Yield a line for each comment, marked passage and free text."""
    for subtype, annotation in annotations(page):
        if subtype in _SAID_ELSEWHERE:
            continue
        said = string(raw.FPDFAnnot_GetStringValue, annotation, b"Contents")
        marked = _marked(annotation, text) if subtype in _MARKS else ""
        if said or marked:
            author = string(raw.FPDFAnnot_GetStringValue, annotation, b"T")
            what = f"{_MARKS[subtype]} “{marked}”" if marked else "note"
            yield f"[{what}{f' by {author}' if author else ''}{f': {said}' if said else ''}]"


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


def links(document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage) -> Iterator[str]:
    """Yield the addresses that a page links to, each once."""
    found: dict[str, None] = {}
    for subtype, annotation in annotations(page):
        if subtype == raw.FPDF_ANNOT_LINK:
            action = raw.FPDFLink_GetAction(raw.FPDFAnnot_GetLink(annotation))
            address = utf8(raw.FPDFAction_GetURIPath, document, action)
            found[address.decode("utf-8", "replace")] = None
    yield from filter(None, found)
