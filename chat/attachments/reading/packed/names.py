"""The names of an archive's members, as whoever packed it wrote them."""

import struct
import zipfile
from collections.abc import Sequence
from zlib import crc32

from chat.attachments.reading.text.candidates import CANDIDATES, IN_ARCHIVES, NAMES, Candidate
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import RemarkKind

_IS_UNICODE = 0x800  # a flag
_UNICODE_NAME = 0x7075  # a field beside a name in an older encoding
_FIELD = struct.Struct("<HH")
_SEPARATOR = b"\n"


def member_names(members: Sequence[zipfile.ZipInfo], buffer: TextBuffer) -> list[str]:
    """Return the names; those that do not say their encoding are all in one, which is guessed.

    Windows writes them in the code page that DOS had in its language, macOS in UTF-8 without
    saying so.
    """
    said = [_said(it) for it in members]
    raw = [_raw(it) for it, name in zip(members, said, strict=True) if name is None]
    guessed = iter(_decoded(raw, IN_ARCHIVES, buffer))
    names = (
        next(guessed, it.filename) if name is None else name
        for it, name in zip(members, said, strict=True)
    )
    return [name.replace("\\", "/") for name in names]


def of_tapes(names: Sequence[str], buffer: TextBuffer) -> list[str]:
    """Return names of a tape archive, which never says their encoding.

    As `tarfile` gives them, with `surrogateescape`: those that are no UTF-8 are all in one other
    encoding, which is guessed.
    """
    odd = [it.encode("utf-8", "surrogateescape") for it in names if not _is_unicode(it)]
    guessed = iter(_decoded(odd, CANDIDATES, buffer))
    return [it if _is_unicode(it) else next(guessed) for it in names]


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _said(member: zipfile.ZipInfo) -> str | None:
    """Return the name where its encoding is said: for the whole name, or of one beside it."""
    if member.flag_bits & _IS_UNICODE:
        return member.filename
    extra = member.extra
    while len(extra) >= _FIELD.size:
        kind, length = _FIELD.unpack_from(extra)
        content, extra = extra[_FIELD.size :][:length], extra[_FIELD.size + length :]
        if kind == _UNICODE_NAME and content[1:5] == crc32(_raw(member)).to_bytes(4, "little"):
            return content[5:].decode("utf-8", "replace")
    return None


def _raw(member: zipfile.ZipInfo) -> bytes:
    return member.orig_filename.encode("cp437")


def _decoded(raw: Sequence[bytes], known: Sequence[Candidate], buffer: TextBuffer) -> list[str]:
    names = _SEPARATOR.join(it.replace(_SEPARATOR, b" ") for it in raw)
    try:
        return names.decode().split("\n")
    except UnicodeDecodeError:
        from chat.attachments.reading.text.guess import guess  # its tables take time to load

        codec = guess(names, known=known).codec
        buffer.remark(RemarkKind.NAMES, NAMES[codec])
        return names.decode(codec, "replace").split("\n")
