"""A PDF document, page by page."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from functools import partial

import pypdfium2
from pypdfium2 import raw

from chat.attachments.reading.packed import parts
from chat.attachments.reading.packed.parts import Part
from chat.attachments.reading.pdf import forms, notes, xfa
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import CannotRead, Reason, RemarkKind

# Why PDFium opens no document; it calls success what has no pages.
_REASONS = {raw.FPDF_ERR_SUCCESS: Reason.NO_TEXT, raw.FPDF_ERR_PASSWORD: Reason.PASSWORD}
# PDFium's own sign for a hyphen at which a line ends, and the soft one
_BROKEN_WORD = re.compile("[\ufffe\x02\xad]\n?")
_MOST_FILES = 100  # that are attached to it
_LIGATURES = str.maketrans(
    dict(zip("ﬀﬁﬂﬃﬄﬅﬆ", ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True))
)


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write the text of every page; raises `CannotRead` where they hold none, as scans do."""
    with closing(_open(content)) as document:
        buffer.counts["pages"] = len(document)
        _write_xfa(document, buffer)
        empty: list[int] = []
        try:
            _write_pages(document, buffer, empty)
        finally:
            if empty and not buffer.is_blank:
                buffer.remark(RemarkKind.PAGES_WITHOUT_TEXT, ranges(empty))
        parts.write(list(_files_within(document)), buffer)
        if buffer.is_blank:
            raise CannotRead(Reason.NO_TEXT)


def _write_pages(document: pypdfium2.PdfDocument, buffer: TextBuffer, empty: list[int]) -> None:
    for index in range(len(document)):
        buffer.reached(index + 0.5, len(document))
        buffer.heading(f"\n\n[page {index + 1}]\n")
        own, beside = _page(document, index)
        if not own.strip():
            empty.append(index + 1)
        buffer.write(own + beside)


def _open(content: bytes) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as exc:
        raise CannotRead(_REASONS.get(exc.err_code, Reason.BROKEN), str(exc)) from exc
    with suppress(pypdfium2.PdfiumError):  # a broken form leaves the pages
        document.init_forms()
    return document


def _page(document: pypdfium2.PdfDocument, index: int) -> tuple[str, str]:
    """Return the text of a page, and what is noted beside it: a scan may have notes, too."""
    try:
        with closing(document[index]) as page, closing(page.get_textpage()) as text:
            beside = "".join(f"\n{line}" for line in _beside(document, page, text))
            return _own(page, text), beside
    except pypdfium2.PdfiumError:  # one broken page leaves the others
        return "", ""


def _own(page: pypdfium2.PdfPage, text: pypdfium2.PdfTextPage) -> str:
    own = plain(text.get_text_bounded())
    if page.formenv and (filled := list(forms.fields(page, text))):
        own += "\n\n[form fields]\n" + "\n".join(filled)
    return own


def _beside(
    document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage, text: pypdfium2.PdfTextPage
) -> Iterator[str]:
    yield from notes.notes(page, text)
    if addresses := list(notes.links(document, page)):
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


def _files_within(document: pypdfium2.PdfDocument) -> Iterator[Part]:
    """Yield the files that are attached, such as the data of an invoice."""
    for index in range(min(document.count_attachments(), _MOST_FILES)):
        with suppress(pypdfium2.PdfiumError):
            file = document.get_attachment(index)
            content = bytes(file.get_data())
            yield Part(file.get_name(), len(content), partial(_beginning, content))


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
