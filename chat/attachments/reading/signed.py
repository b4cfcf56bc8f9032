"""A file in a signature (CMS, `.p7m`) is read as what is signed. Pure.

As invoices and mail are signed in Italy and elsewhere: `invoice.xml.p7m`.
"""

import binascii
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

_SIGNED = bytes.fromhex("06092a864886f70d010702")  # the type of what holds it
_WITHIN = 30  # bytes
_ARMOURED = re.compile(rb"\s*(?:-----BEGIN (?:PKCS7|CMS)-----\s+)?(MI[IA][A-Za-z0-9+/=\s]+)")
_SEQUENCE, _NUMBERED, _TYPE, _BYTES, _PIECES = 0x30, 0xA0, 0x06, 0x04, 0x24
_ENDLESS = 0x80  # instead of a length
_END = b"\0\0"


class _Element(NamedTuple):
    """A value of ASN.1: its tag, and where its content and what follows it begin."""

    tag: int
    begin: int
    end: int
    after: int


def is_signed(head: bytes) -> bool:
    """Tell whether a file begins as one in a signature does."""
    return head.startswith(b"\x30") and _SIGNED in head[:_WITHIN]


def signed(content: bytes) -> bytes | None:
    """Return what is signed; None where it is no signature, or one that stands beside its file."""
    if armoured := _ARMOURED.match(content):
        with suppress(binascii.Error):
            content = binascii.a2b_base64(armoured[1])
    if not is_signed(content):
        return None
    try:
        return _content(content)
    except (IndexError, RecursionError):
        return None


def _content(der: bytes) -> bytes | None:
    """Follow ContentInfo, SignedData and EncapsulatedContentInfo (RFC 5652)."""
    place: _Element | None = _element(der, 0)
    for tag in (_NUMBERED, _SEQUENCE, _SEQUENCE, _NUMBERED):
        place = next((it for it in _within(der, place) if it.tag == tag), None) if place else None
    found = next(_within(der, place), None) if place else None
    return _octets(der, found) if found else None


def _octets(der: bytes, element: _Element) -> bytes:
    """Return bytes that are in one piece or several."""
    if element.tag != _PIECES:
        return der[element.begin : element.end]
    return b"".join(_octets(der, it) for it in _within(der, element))


def _within(der: bytes, element: _Element) -> Iterator[_Element]:
    at = element.begin
    while at < element.end:
        found = _element(der, at)
        yield found
        at = found.after


def _element(der: bytes, at: int) -> _Element:
    """Return the value at a place; raises `IndexError` where there is none."""
    tag, length, begin = der[at], der[at + 1], at + 2
    if length == _ENDLESS:
        end = begin
        while der[end] or der[end + 1]:
            end = _element(der, end).after
        return _Element(tag, begin, end, end + len(_END))
    if length > _ENDLESS:
        size = length - _ENDLESS
        length, begin = int.from_bytes(der[begin : begin + size]), begin + size
    if (end := begin + length) > len(der):
        raise IndexError
    return _Element(tag, begin, end, end)
