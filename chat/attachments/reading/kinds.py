"""As what a file is read, or why it cannot be. Pure."""

import io
import struct
import zipfile

from chat.attachments.results import CannotRead, Reason
from common.file_types import OLD_OFFICE_TYPES, READABLE_TYPES, FileKind, kind_of

_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def readable_kind(content: bytes, suffix: str) -> FileKind:
    """Return what a file is read as, from its bytes and its name's lower-case suffix.

    Raises `CannotRead` where it is nothing that can be read.
    """
    if not content.strip():
        raise CannotRead(Reason.EMPTY)
    kind = kind_of(content)
    if kind is FileKind.ZIP:
        return _office_kind(content, suffix)
    if kind is FileKind.OLE:
        raise CannotRead(_reason_of_ole(content, suffix))
    if kind is FileKind.OTHER:
        raise _unreadable(suffix)
    return kind


def _office_kind(content: bytes, suffix: str) -> FileKind:
    from chat.attachments.reading.office.package import Package  # loads lxml

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            kind = Package(archive).kind
    # The third is what zipfile raises of an archive of a version later than its own.
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as exc:
        raise _unreadable(suffix) from exc
    if kind is None:
        raise _unreadable(suffix)
    return kind


def _reason_of_ole(content: bytes, suffix: str) -> Reason:
    """Office wraps its newer files in the old container to encrypt them."""
    if _ENCRYPTED in content:
        return Reason.PASSWORD
    return Reason.OLD_OFFICE if suffix in OLD_OFFICE_TYPES else Reason.BINARY


def _unreadable(suffix: str) -> CannotRead:
    """Return what is wrong with bytes that are not what their name says."""
    return CannotRead(Reason.BROKEN if suffix in READABLE_TYPES else Reason.BINARY)
