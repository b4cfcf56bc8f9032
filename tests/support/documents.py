"""Small files of every kind, made on the spot."""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import openpyxl
import pptx
from PIL import Image
from pptx.util import Inches

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_DOCX: Mapping[str, str] = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" Target="word/document.xml" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/>'
        "</Relationships>"
    ),
}


def docx(*paragraphs: str, more: Mapping[str, bytes] | None = None) -> bytes:
    """A Word document."""
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    document = f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    members = {name: text.encode() for name, text in _DOCX.items()}
    return zipped(members | {"word/document.xml": document.encode()} | dict(more or {}))


def zipped(members: Mapping[str, bytes]) -> bytes:
    """An archive."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return written.getvalue()


def xlsx(sheets: Mapping[str, Iterable[Sequence[Any]]]) -> bytes:
    """An Excel workbook."""
    workbook = openpyxl.Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    written = io.BytesIO()
    workbook.save(written)
    return written.getvalue()


def slides(*titles: str, table: Sequence[Sequence[str]] = (), notes: str = "") -> bytes:
    """A PowerPoint presentation; the first slide has the table and the notes."""
    presentation = pptx.Presentation()
    for title in titles:
        slide = presentation.slides.add_slide(presentation.slide_layouts[5])
        assert slide.shapes.title
        slide.shapes.title.text = title
    first = presentation.slides[0]
    if table:
        size = (len(table), len(table[0]))
        frame = first.shapes.add_table(*size, Inches(1), Inches(2), Inches(4), Inches(1))
        for row, cells in enumerate(table):
            for column, text in enumerate(cells):
                frame.table.cell(row, column).text = text
    if notes:
        frame_of_notes = first.notes_slide.notes_text_frame
        assert frame_of_notes
        frame_of_notes.text = notes
    written = io.BytesIO()
    presentation.save(written)
    return written.getvalue()


def pdf(*pages: str, encrypted: bool = False) -> bytes:
    """A PDF document; a page without words is what a scan is."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        drawn = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode() if text else b""
        objects += [
            (
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 200] "
                f"/Contents {5 + 2 * number} 0 R /Resources << /Font << /F1 3 0 R >> >> >>"
            ).encode(),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        ]
    more = b""
    if encrypted:
        objects.append(
            b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (b"41" * 32, b"42" * 32)
        )
        more = b" /Encrypt %d 0 R /ID [<%s> <%s>]" % (len(objects), b"00" * 16, b"00" * 16)
    return _written(objects, more)


def _written(objects: Sequence[bytes], more: bytes) -> bytes:
    written, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % size
    trailer = b"trailer << /Size %d /Root 1 0 R%s >>\nstartxref\n%d\n%%%%EOF\n"
    return written + head + table + trailer % (size, more, len(written))


def image(
    kind: str,
    size: tuple[int, int] = (60, 40),
    *,
    mode: str = "RGB",
    colour: Any = "red",
    **options: Any,
) -> bytes:
    """An image of one colour."""
    written = io.BytesIO()
    Image.new(mode, size, colour).save(written, kind, **options)
    return written.getvalue()
