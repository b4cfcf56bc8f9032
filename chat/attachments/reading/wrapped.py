"""A single file that is compressed, signed or flat is read as what is in it."""

import re
from typing import NamedTuple

from chat.attachments.reading import compressed, signed
from chat.attachments.results import RemarkKind

_OFFICE_XML = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?[^>]*>\s*)*<(?:\w+:)?(?:(package)|wordDocument)\s[^>]*"
    rb"http://schemas\.microsoft\.com/office/(?:2006/xmlPackage|word/2003/wordml)"
)
_BEGINNING = 4_096  # bytes


class Unwrapped(NamedTuple):
    """A file as its own program wrote it; `remark` says what became of it on the way."""

    content: bytes
    suffix: str
    remark: RemarkKind | None = None


def is_wrapped(head: bytes) -> bool:
    """Tell whether something begins as what is compressed or signed does."""
    return compressed.is_compressed(head) or signed.is_signed(head)


def unwrapped(content: bytes, suffix: str, most: int) -> Unwrapped:
    """Return a file and its lower-case suffix, without what is around it.

    Of what is longer than `most` bytes unpacked come the first, and one more. Raises `CannotRead`.
    """
    if compressed.is_compressed(content):
        found = compressed.unpacked(content, most)
        is_damaged = found.is_damaged
        return Unwrapped(found.content, found.suffix, RemarkKind.DAMAGED if is_damaged else None)
    if (within := signed.signed(content)) is not None:
        return Unwrapped(within, "", RemarkKind.SIGNED)
    return Unwrapped(_zipped(content), suffix)


def _zipped(content: bytes) -> bytes:
    found = _OFFICE_XML.search(content[:_BEGINNING])
    if not found:
        return content
    # Both load lxml.
    from chat.attachments.reading.office import flat
    from chat.attachments.reading.office.word import xml_2003

    return flat.zipped(content) if found[1] else xml_2003.zipped(content)
