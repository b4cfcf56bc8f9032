"""What a file is: by its content first, then by its name, never by what was declared. Pure."""

import io
import struct
import zipfile
from collections.abc import Mapping
from enum import Enum, auto

from chat.attachments.results import CannotRead, Reason


class Kind(Enum):
    """What a file is read as."""

    DOCUMENT = auto()
    IMAGE = auto()
    PDF = auto()
    SHEETS = auto()
    SLIDES = auto()
    TEXT = auto()


_HEAD = 1024
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OLD_OFFICE = frozenset({".doc", ".xls", ".ppt", ".dot", ".xlt", ".pot", ".pps"})
_MEMBERS: Mapping[str, Kind] = {
    "word/document.xml": Kind.DOCUMENT,
    "xl/workbook.xml": Kind.SHEETS,
    "ppt/presentation.xml": Kind.SLIDES,
}
_EXPECTED: Mapping[str, Kind] = {
    ".docx": Kind.DOCUMENT,
    ".docm": Kind.DOCUMENT,
    ".pdf": Kind.PDF,
    ".pptx": Kind.SLIDES,
    ".pptm": Kind.SLIDES,
    ".xlsx": Kind.SHEETS,
    ".xlsm": Kind.SHEETS,
    **dict.fromkeys(
        (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"), Kind.IMAGE
    ),
}


def kind_of(content: bytes, suffix: str) -> Kind:
    """Return what a file is, from its bytes and its name's lower-case suffix.

    Raises `CannotRead` where it is nothing that can be read.
    """
    if not content.strip():
        raise CannotRead(Reason.EMPTY)
    if is_image(content):
        return Kind.IMAGE
    if b"%PDF-" in content[:_HEAD]:
        return Kind.PDF
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(content, suffix)
    if content.startswith(_OLE):
        raise CannotRead(_of_ole(content, suffix))
    if looks_like_text(content):
        return Kind.TEXT
    raise unreadable(suffix)


def is_image(head: bytes) -> bool:
    """Tell whether a file begins as an image does that can be shown to a model."""
    return (
        head.startswith(_IMAGES)
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or head[4:12] in (b"ftypavif", b"ftypavis")
        or _is_bitmap(head)
    )


def _is_bitmap(head: bytes) -> bool:
    if head[:2] != b"BM" or len(head) < 18:
        return False
    reserved, _, header = struct.unpack_from("<III", head, 6)
    return reserved == 0 and header in (12, 40, 52, 56, 64, 108, 124)


def _zipped(content: bytes, suffix: str) -> Kind:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    # NotImplementedError is what the library says of archives of a kind that it does not know.
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as exc:
        raise unreadable(suffix) from exc
    for member, kind in _MEMBERS.items():
        if member in names:
            return kind
    raise unreadable(suffix)


def _of_ole(content: bytes, suffix: str) -> Reason:
    """Office wraps its newer files in the old container to encrypt them."""
    if _ENCRYPTED in content:
        return Reason.PASSWORD
    return Reason.OLD_OFFICE if suffix in _OLD_OFFICE else Reason.BINARY


def unreadable(suffix: str) -> CannotRead:
    """Return what is wrong with bytes that are not what their name says."""
    return CannotRead(Reason.BROKEN if suffix in _EXPECTED else Reason.BINARY)


_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b\x08")) + b"\x7f"
_FEW = 0.02


def looks_like_text(content: bytes) -> bool:
    """Tell whether bytes may be text: in Unicode with a mark, or with next to no controls."""
    head = content[:65_536]
    if head.startswith(_BYTE_ORDER_MARKS):
        return True
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return b"\0" not in head and controls <= _FEW * len(head)
