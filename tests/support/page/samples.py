"""Small files to upload."""

import struct
import zlib
from collections.abc import Sequence

_PAGE_TEXT = b"BT /F1 24 Tf 40 100 Td (Keepchat) Tj ET"
_PDF_OBJECTS = (
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R"
    b" /Resources << /Font << /F1 5 0 R >> >> >>",
    b"<< /Length %d >>\nstream\n%s\nendstream" % (len(_PAGE_TEXT), _PAGE_TEXT),
    b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
)


def png(width: int = 96, height: int = 64) -> bytes:
    """A picture of colours that run into each other."""
    rows = (
        b"\0"
        + bytes(part for x in range(width) for part in (x * 255 // width, y * 255 // height, 160))
        for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(*part) for part in ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pdf() -> bytes:
    """A document of one page that says Keepchat."""
    return _pdf(_PDF_OBJECTS)


def slow_pdf(number: int) -> bytes:
    """A document of 2 kB that takes minutes, another for each number.

    Each of its hundred pages draws a thing ten times that draws another ten times, and so on.
    """
    pages = b" ".join([b"3 0 R"] * 100)
    draw = b"/X Do " * 10
    nested = [_drawing(b"/XObject << /X %d 0 R >>" % following, draw) for following in range(6, 10)]
    font = b"/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
    return _pdf(
        (
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [%s] /Count 100 >>" % pages,
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R"
            b" /Resources << /XObject << /X 5 0 R >> >> >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(draw), draw),
            *nested,
            _drawing(font, b"BT /F 9 Tf 1 1 Td (%d) Tj ET" % number),
        )
    )


def _drawing(resources: bytes, content: bytes) -> bytes:
    head = b"<< /Type /XObject /Subtype /Form /BBox [0 0 300 200] /Resources << %s >> /Length %d >>"
    return head % (resources, len(content)) + b"\nstream\n%s\nendstream" % content


def _pdf(objects: Sequence[bytes]) -> bytes:
    written, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    trailer = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(written))
    return written + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer
