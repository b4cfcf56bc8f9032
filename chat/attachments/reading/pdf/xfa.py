"""Forms of the kind XFA: PDFium shows nothing of them, but what was filled in is XML within."""

import ctypes
from collections.abc import Iterator
from contextlib import suppress

import pypdfium2
from pypdfium2 import raw

_LONGEST = 5_000_000  # bytes of a form's data


def values(document: pypdfium2.PdfDocument) -> Iterator[str]:
    """Yield `name: value` for what was filled in."""
    from lxml.etree import XMLSyntaxError

    from chat.attachments.reading import xml

    for index in range(raw.FPDF_GetXFAPacketCount(document)):
        if _name(document, index) != b"datasets":
            continue
        with suppress(XMLSyntaxError):
            for element in xml.parse(_content(document, index)).iter():
                said = (element.text or "").strip()
                if said and not len(element):
                    yield f"{xml.name(element)}: {said}"


def _name(document: pypdfium2.PdfDocument, index: int) -> bytes:
    held = ctypes.create_string_buffer(200)
    raw.FPDF_GetXFAPacketName(document, index, held, len(held))
    return held.value


def _content(document: pypdfium2.PdfDocument, index: int) -> bytes:
    length = ctypes.c_ulong()
    raw.FPDF_GetXFAPacketContent(document, index, None, 0, length)
    size = min(length.value, _LONGEST)
    held = ctypes.create_string_buffer(size or 1)
    raw.FPDF_GetXFAPacketContent(document, index, held, size, length)
    return held.raw[:size]
