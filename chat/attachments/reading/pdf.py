"""PDF documents, page by page."""

import pypdfium2

from chat.attachments.reading.text_buffer import Paper
from chat.attachments.results import CannotRead, Reason

_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD


def read(content: bytes, paper: Paper) -> None:
    """Write the text of every page; raises `CannotRead` where they hold none, as scans do."""
    document = _open(content)
    pages = len(document)
    paper.counts["pages"] = pages
    for number in range(pages):
        paper.reached(number + 0.5, pages)
        paper.heading(f"\n\n[page {number + 1}]\n")
        paper.write(_text_of(document, number))
    if paper.is_blank:
        raise CannotRead(Reason.NO_TEXT)


def _open(content: bytes) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as exc:
        locked = exc.err_code == _PASSWORD_ERROR
        raise CannotRead(Reason.PASSWORD if locked else Reason.BROKEN, str(exc)) from exc


def _text_of(document: pypdfium2.PdfDocument, number: int) -> str:
    try:
        page = document[number]
        text = page.get_textpage().get_text_bounded()
        page.close()
    except pypdfium2.PdfiumError:  # one broken page leaves the others
        return ""
    return str(text).replace("\r\n", "\n")
