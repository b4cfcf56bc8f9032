"""As what a file is read, or why it cannot be. Pure."""

import io
import re
import struct
import zipfile
from collections.abc import Collection, Mapping

from chat.attachments.reading.text_kinds import text_kind
from chat.attachments.reading.unreadable import reason
from chat.attachments.reading.wrapped import is_wrapped
from chat.attachments.results import CannotRead, Reason
from common.files.file_types import OLD_OFFICE_TYPES, READABLE_TYPES, FileKind, kind_of

_MEMBERS: Mapping[str, FileKind] = {
    "META-INF/container.xml": FileKind.EPUB,
    "content.xml": FileKind.OPEN_DOCUMENT,
    "encrypted-package": FileKind.OPEN_DOCUMENT,
}
_IWORK = re.compile(r"(?:[^/]+/)?(?:Index/Document\.iwa|Index\.zip|index\.(?:xml|apxl)(?:\.gz)?)\Z")
_TGA_END = b"TRUEVISION-XFILE.\0"
_PLIST = b"bplist00"
_TNEF = b"\x78\x9f\x3e\x22"
_OUTLOOK = "__properties_version1.0".encode("utf-16-le")
# Streams of the old container, by which one tells what is in it
_ENCRYPTED, _WORD, _SLIDES, _WORKBOOK, _OLD_WORKBOOK = (
    name.encode("utf-16-le")
    for name in ("EncryptedPackage", "WordDocument", "PowerPoint Document", "Workbook", "Book")
)


def readable_kind(content: bytes, suffix: str) -> FileKind:
    """Return what a file is read as, from its bytes and its name's lower-case suffix.

    Raises `CannotRead` where it is nothing that can be read.
    """
    if not content.strip():
        raise CannotRead(Reason.EMPTY)
    kind = kind_of(content)
    if kind is FileKind.TEXT and not _is_late_zip(content, suffix):
        return text_kind(content, suffix)
    if kind is FileKind.ZIP:
        return _zip_kind(content, suffix)
    if kind is FileKind.OLE:
        return _ole_kind(content, suffix)
    if kind in (FileKind.OTHER, FileKind.TEXT):
        return _other_kind(content, suffix)
    return kind


def evident_reason(head: bytes, suffix: str) -> Reason | None:
    """Return why a file cannot be read where its first `HEAD_SIZE` bytes tell, and nothing else.

    Of one whose suffix promises no kind of file that is known.
    """
    if kind_of(head) is not FileKind.OTHER or is_wrapped(head) or head.startswith((_PLIST, _TNEF)):
        return None
    return None if _is_tar(head, suffix) or suffix == ".tga" else reason(head, suffix)


def _is_tar(content: bytes, suffix: str) -> bool:
    return content[257:262] == b"ustar" or suffix == ".tar"


def _zip_kind(content: bytes, suffix: str) -> FileKind:
    from chat.attachments.reading.office.package import Package  # loads lxml

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            kind = Package(archive).kind
            names = archive.namelist()
    # NotImplementedError is what zipfile raises of an archive of a version later than its own.
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as exc:
        raise CannotRead(reason(content, suffix)) from exc
    return kind or _other_zip(names, suffix)


def _other_zip(names: Collection[str], suffix: str) -> FileKind:
    for member, kind in _MEMBERS.items():
        if member in names:
            return kind
    if any(_IWORK.match(name) for name in names):
        return FileKind.IWORK
    if suffix in READABLE_TYPES and suffix != ".zip":
        raise CannotRead(Reason.BROKEN)
    return FileKind.ARCHIVE


def _is_late_zip(content: bytes, suffix: str) -> bool:
    """Tell whether something stands before an archive, as mail programs leave it."""
    return suffix in READABLE_TYPES and zipfile.is_zipfile(io.BytesIO(content))


def _other_kind(content: bytes, suffix: str) -> FileKind:
    if _is_tar(content, suffix):
        return FileKind.ARCHIVE
    if suffix == ".tga" or content.endswith(_TGA_END):
        return FileKind.IMAGE
    if content.startswith(_TNEF):
        return FileKind.TNEF
    if content.startswith(_PLIST) and b"WebMainResource" in content:
        return FileKind.WEB_ARCHIVE
    if _is_late_zip(content, suffix):
        return _zip_kind(content, suffix)
    raise CannotRead(reason(content, suffix))


def _ole_kind(content: bytes, suffix: str) -> FileKind:
    if _OUTLOOK in content:
        return FileKind.OUTLOOK
    if _is_workbook(content, suffix):
        return FileKind.BINARY_SHEETS
    raise CannotRead(_reason_of_ole(content, suffix))


def _is_workbook(content: bytes, suffix: str) -> bool:
    """Tell whether the old container is Excel's; a letter may have a workbook within."""
    if any(name in content for name in (_ENCRYPTED, _WORD, _SLIDES)):
        return False
    return _WORKBOOK in content or (_OLD_WORKBOOK in content and suffix.startswith(".xl"))


def _reason_of_ole(content: bytes, suffix: str) -> Reason:
    """Office wraps its newer files in the old container to encrypt them."""
    if _ENCRYPTED in content:
        return Reason.PASSWORD
    return Reason.OLD_OFFICE if suffix in OLD_OFFICE_TYPES else Reason.BINARY
