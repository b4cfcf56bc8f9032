"""A PDF document, page by page."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from functools import partial

import pypdfium2
from pypdfium2 import raw

from chat.attachments.reading.packed import parts
from chat.attachments.reading.packed.parts import Part
from chat.attachments.reading.pdf import forms, letters, notes, pictures, upright, xfa
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import CannotRead, Reason, RemarkKind

# Why PDFium opens no document; it calls success what has no pages.
_REASONS = {
    raw.FPDF_ERR_SUCCESS: Reason.NO_TEXT,
    raw.FPDF_ERR_PASSWORD: Reason.PASSWORD,
    raw.FPDF_ERR_SECURITY: Reason.RIGHTS,
}
# PDFium's own sign for a hyphen at which a line ends, and the soft one
_BROKEN_WORD = re.compile("[\ufffe\x02\xad]\n?")
_MOST_FILES = 100  # that are attached to it
_LARGEST_FORM = 20_000_000  # bytes of a document whose form is looked through
_FIELDS = "[form fields]"
_LIGATURES = str.maketrans(
    dict(zip("ﬀﬁﬂﬃﬄﬅﬆ", ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True))
)


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write the text of every page; raises `CannotRead` where they hold none, as scans do."""
    with closing(_open(content)) as document:
        buffer.counts["pages"] = len(document)
        _write_xfa(document, buffer)
        pages = _Pages(document)
        try:
            _write_pages(pages, buffer)
        finally:
            _remark(pages, buffer)
        _write_lost_fields(content, pages, buffer)
        _write_files(pages, buffer)
        if buffer.is_blank:
            raise CannotRead(Reason.SCAN)


def _open(content: bytes) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as exc:
        raise CannotRead(_REASONS.get(exc.err_code, Reason.BROKEN), str(exc)) from exc
    with suppress(pypdfium2.PdfiumError):  # a broken form leaves the pages
        document.init_forms()
    return document


def _write_pages(pages: "_Pages", buffer: TextBuffer) -> None:
    for index in range(len(pages.document)):
        buffer.reached(index + 0.5, len(pages.document))
        buffer.heading(f"\n\n[page {index + 1}]\n")
        buffer.write(pages.text(index))


def _remark(pages: "_Pages", buffer: TextBuffer) -> None:
    if pages.empty and not buffer.is_blank:
        buffer.remark(RemarkKind.PAGES_WITHOUT_TEXT, ranges(pages.empty))
    if pages.pictures:
        number = sum(pages.pictures.values())
        buffer.remark(RemarkKind.PICTURES_ON_PAGES, f"{ranges([*pages.pictures])}|{number}")


class _Pages:
    """Reads the pages of a document, and keeps in mind what is to be said of all of them."""

    def __init__(self, document: pypdfium2.PdfDocument) -> None:
        self.document = document
        self.empty: list[int] = []
        self.pictures: dict[int, int] = {}  # how many, by page
        self.fields: set[str] = set()
        self.files: dict[str, bytes] = {}

    def text(self, index: int) -> str:
        """Return the text of a page and what is noted beside it: a scan may have notes, too."""
        try:
            with closing(self.document[index]) as page, closing(page.get_textpage()) as text:
                beside = "".join(f"\n{line}" for line in self._beside(page, text))
                own = self._own(index, page, text)
                if own.strip() and (number := pictures.count(page)):
                    self.pictures[index + 1] = number
        except pypdfium2.PdfiumError:  # one broken page leaves the others
            own = beside = ""
        if not own.strip():
            self.empty.append(index + 1)
        return own + beside

    def _own(self, index: int, page: pypdfium2.PdfPage, text: pypdfium2.PdfTextPage) -> str:
        is_readable = letters.are_known(text)
        own = plain(upright.text_of(self.document, index, text)) if is_readable else ""
        self.fields |= forms.names(page)
        filled = list(forms.fields(page, text))
        return f"{own}\n\n{_FIELDS}\n" + "\n".join(filled) if filled else own

    def _beside(self, page: pypdfium2.PdfPage, text: pypdfium2.PdfTextPage) -> Iterator[str]:
        self.files.update(notes.files(page))
        yield from notes.notes(page, text)
        if addresses := list(notes.links(self.document, page, text)):
            yield f"[links: {', '.join(addresses)}]"


def plain(text: str) -> str:
    """Return a page's text with words whole that end of line or ligatures had cut."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _BROKEN_WORD.sub("", text).translate(_LIGATURES)


def _write_xfa(document: pypdfium2.PdfDocument, buffer: TextBuffer) -> None:
    """Write the data of a form whose look only Adobe's programs know; its pages say little."""
    if document.get_formtype() != raw.FORMTYPE_XFA_FULL:
        return
    buffer.remark(RemarkKind.XFA)
    for line in xfa.values(document):
        buffer.write(f"{line}\n")


def _write_lost_fields(content: bytes, pages: "_Pages", buffer: TextBuffer) -> None:
    """Write the fields of a form that stand on no page."""
    if pages.document.get_formtype() == raw.FORMTYPE_NONE or len(content) > _LARGEST_FORM:
        return
    if lost := list(forms.lost(content, pages.fields)):
        buffer.heading(f"\n\n{_FIELDS[:-1]} on no page]\n")
        buffer.write("\n".join(lost))


def _write_files(pages: "_Pages", buffer: TextBuffer) -> None:
    """Write the files that are attached, such as the data of an invoice."""
    files = dict(_attached(pages.document)) | pages.files
    if files:
        buffer.heading(f"\n\n[attached files: {', '.join(files)}]")
    parts.write([Part(it, len(files[it]), partial(_beginning, files[it])) for it in files], buffer)


def _attached(document: pypdfium2.PdfDocument) -> Iterator[tuple[str, bytes]]:
    for index in range(min(document.count_attachments(), _MOST_FILES)):
        with suppress(pypdfium2.PdfiumError):
            file = document.get_attachment(index)
            yield file.get_name(), bytes(file.get_data())


def _beginning(content: bytes, most: int) -> bytes:
    return content[:most]


def ranges(numbers: Sequence[int]) -> str:
    """Return rising numbers in words: `1, 3–5`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ", ".join("–".join(map(str, run)) for run in runs)
