"""Office files as other programs would have written them."""

import io
import struct
import zipfile
from collections.abc import Callable

from tests.support import documents

_STRICT = {
    f"http://schemas.openxmlformats.org/{old}": f"http://purl.oclc.org/ooxml/{new}"
    for old, new in (
        ("wordprocessingml/2006/main", "wordprocessingml/main"),
        ("spreadsheetml/2006/main", "spreadsheetml/main"),
        ("presentationml/2006/main", "presentationml/main"),
        ("drawingml/2006/main", "drawingml/main"),
        ("drawingml/2006/chart", "drawingml/chart"),
        ("officeDocument/2006/relationships", "officeDocument/relationships"),
        ("officeDocument/2006/math", "officeDocument/math"),
    )
}


def unpacked(content: bytes) -> dict[str, bytes]:
    """The members of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def strict(members: dict[str, bytes]) -> dict[str, bytes]:
    """The members of a file in the strict kind of Open XML."""
    return {name: _strict(part) for name, part in members.items()}


def _strict(part: bytes) -> bytes:
    for old, new in _STRICT.items():
        part = part.replace(old.encode(), new.encode())
    return part


def renamed(change: Callable[[str], str]) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """Return what gives members other names than their relations say."""
    return lambda members: {change(name): part for name, part in members.items()}


def without(*names: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """Return what takes members away."""
    return lambda members: {name: part for name, part in members.items() if name not in names}


def xlsb(*values: float | str) -> bytes:
    """A binary workbook with these values in its first row, as [MS-XLSB] has it."""
    sheet = _record(148, struct.pack("<4I", 0, 0, 0, len(values) - 1)) + _record(145)
    sheet += _record(0, struct.pack("<II9x", 0, 0))
    for column, value in enumerate(values):
        place = struct.pack("<II", column, 0)
        if isinstance(value, str):
            sheet += _record(6, place + _wide(value))
        else:
            sheet += _record(5, place + struct.pack("<d", value))
    bundle = struct.pack("<II", 0, 1) + _wide("rId1") + _wide("Sheet1")
    book = _record(131) + _record(143) + _record(156, bundle) + _record(144) + _record(157)
    return documents.zipped(
        {
            "_rels/.rels": _relations("officeDocument", "xl/workbook.bin"),
            "xl/workbook.bin": book + _record(132),
            "xl/_rels/workbook.bin.rels": _relations("worksheet", "worksheets/sheet1.bin"),
            "xl/worksheets/sheet1.bin": _record(129) + sheet + _record(146) + _record(130),
        }
    )


def _record(kind: int, content: bytes = b"") -> bytes:
    head = bytes([kind & 0x7F | 0x80, kind >> 7]) if kind > 0x7F else bytes([kind])
    return head + bytes([len(content)]) + content


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _relations(kind: str, target: str) -> bytes:
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{office}/{kind}" Target="{target}"/></Relationships>'
    ).encode()
