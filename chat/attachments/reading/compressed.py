"""A single file that is compressed is read as what is in it."""

import bz2
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

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


class Unpacked(NamedTuple):
    """A file without compression; `suffix` is that of the name that gzip keeps, or empty."""

    content: bytes
    suffix: str
    is_damaged: bool


def is_compressed(content: bytes) -> bool:
    """Tell whether something begins as a compressed file does."""
    return content.startswith(tuple(_OPENERS))


def unpacked(content: bytes, most: int) -> Unpacked:
    """Return a compressed file without its compression.

    Of what is longer than `most` bytes come the first, and one more; of what is damaged the
    beginning. Raises `CannotRead` where there is none.
    """
    opener = next(opener for mark, opener in _OPENERS.items() if content.startswith(mark))
    found, is_damaged = _beginning(opener(io.BytesIO(content)), most + 1)
    return Unpacked(found, _suffix_within(content), is_damaged)


def _beginning(packed: io.BufferedIOBase, most: int) -> tuple[bytes, bool]:
    """Return what is undamaged, and whether something is damaged behind it."""
    parts: list[bytes] = []
    try:
        while most > 0 and (chunk := packed.read1(min(most, _CHUNK))):
            parts.append(chunk)
            most -= len(chunk)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as exc:
        if not parts:
            raise CannotRead(Reason.BROKEN, str(exc)) from exc
        return b"".join(parts), True
    return b"".join(parts), False


def _suffix_within(content: bytes) -> str:
    """Return the suffix of the name that gzip keeps of a file, in lower case."""
    if content.startswith(_GZIP) and content[3] & _HAS_NAME and (found := _NAME.match(content, 10)):
        return found[1].decode("ascii").lower()
    return ""
