"""PDF documents, page by page."""

import pypdfium2

from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import CannotRead, Reason

_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write the text of every page; raises `CannotRead` where they hold none, as scans do."""
    document = _open(content)
    pages = len(document)
    buffer.counts["pages"] = pages
    for number in range(pages):
        buffer.reached(number + 0.5, pages)
        buffer.heading(f"\n\n[page {number + 1}]\n")
        buffer.write(_text_of(document, number))
    if buffer.is_blank:
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
