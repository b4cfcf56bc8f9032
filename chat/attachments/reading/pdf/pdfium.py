"""What PDFium says only through its C interface."""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pypdfium2
from pypdfium2 import raw

LONGEST = 100_000  # bytes of one value


def string(ask: Callable[..., int], *of: object) -> str:
    """Return what a function of PDFium's writes in UTF-16; what is too long is left out."""
    length = ask(*of, None, 0)
    if not 2 < length <= LONGEST:
        return ""
    held = ctypes.create_string_buffer(length)
    ask(*of, ctypes.cast(held, ctypes.POINTER(raw.FPDF_WCHAR)), length)
    text = held.raw[: length - 2].decode("utf-16-le", "ignore")
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def utf8(ask: Callable[..., int], *of: object) -> bytes:
    """Return what a function of PDFium's writes in bytes, without the zero at the end."""
    length = ask(*of, None, 0)
    if not 1 < length <= LONGEST:
        return b""
    held = ctypes.create_string_buffer(length)
    ask(*of, held, length)
    return held.raw[: length - 1]


@contextmanager
def _annotation(page: pypdfium2.PdfPage, index: int) -> Iterator[Any]:
    found = raw.FPDFPage_GetAnnot(page, index)
    try:
        yield found
    finally:
        raw.FPDFPage_CloseAnnot(found)


def annotations(page: pypdfium2.PdfPage) -> Iterator[tuple[int, Any]]:
    """Yield subtype and handle of everything that lies on a page; a handle lasts until the next."""
    for index in range(raw.FPDFPage_GetAnnotCount(page)):
        with _annotation(page, index) as found:
            if found:
                yield raw.FPDFAnnot_GetSubtype(found), found


def place(annotation: Any) -> tuple[float, float, float, float]:
    """Return left, bottom, right and top of an annotation, in points."""
    rect = raw.FS_RECTF()
    raw.FPDFAnnot_GetRect(annotation, rect)
    low, high = sorted((rect.bottom, rect.top))
    return rect.left, low, rect.right, high
