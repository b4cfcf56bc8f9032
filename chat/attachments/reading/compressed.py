"""A single file that is compressed is read as what is in it."""

import bz2
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Mapping

from chat.attachments.results import CannotRead, Reason

_GZIP = b"\x1f\x8b\x08"
_OPENERS: Mapping[bytes, Callable[[io.BytesIO], io.BufferedIOBase]] = {
    _GZIP: lambda packed: gzip.GzipFile(fileobj=packed),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
_HAS_NAME = 8  # a flag of gzip's
_NAME = re.compile(rb"[^\0]*(\.[A-Za-z0-9]{1,10})\0")
_CHUNK = 1 << 20


def unpacked(content: bytes, suffix: str, most: int) -> tuple[bytes, str]:
    """Return a file and its suffix, without the compression around it where there is one.

    Of what is longer than `most` bytes come the first, and one more. Raises `CannotRead`.
    """
    for mark, opener in _OPENERS.items():
        if content.startswith(mark):
            return _unpacked(opener(io.BytesIO(content)), most + 1), _suffix_within(content)
    return content, suffix


def _unpacked(packed: io.BufferedIOBase, most: int) -> bytes:
    """Return the beginning, as far as it is undamaged."""
    parts: list[bytes] = []
    try:
        while most > 0 and (chunk := packed.read(min(most, _CHUNK))):
            parts.append(chunk)
            most -= len(chunk)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as exc:
        if not parts:
            raise CannotRead(Reason.BROKEN, str(exc)) from exc
    return b"".join(parts)


def _suffix_within(content: bytes) -> str:
    """Return the suffix of the name that gzip keeps of a file, in lower case."""
    if content.startswith(_GZIP) and content[3] & _HAS_NAME and (found := _NAME.match(content, 10)):
        return found[1].decode("ascii").lower()
    return ""
