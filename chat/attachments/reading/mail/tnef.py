"""What Outlook packs into `winmail.dat` for others of its kind (MS-OXTNEF)."""

import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress

from chat.attachments.reading.mail.headers import decoded
from chat.attachments.reading.mail.rich import packed_text
from chat.attachments.reading.packed.parts import Part
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import RemarkKind

MARK = b"\x78\x9f\x3e\x22"
_HEAD = 6  # bytes: the mark and a key
_ATTRIBUTE = struct.Struct("<BII")
_CHECKSUM = 2  # bytes
_OF_ATTACHMENT = 2
_BEGIN_ATTACHMENT, _TITLE, _DATA, _ATTACHMENT = 0x9002, 0x8010, 0x800F, 0x9005
_SUBJECT, _BODY, _PROPERTIES, _CODE_PAGE = 0x8004, 0x800C, 0x9003, 0x9007
_PLAIN, _RTF, _HTML = 0x1000, 0x1009, 0x1013
_LONG_NAME, _CONTENT = 0x3707, 0x3701
_UTF16 = 0x1F
_LONG = frozenset({0x0D, 0x1E, _UTF16, 0x102})  # types of a length of their own
_SIZES: Mapping[int, int] = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xA: 4, 0xB: 4, 0x14: 8, 0x40: 8,
                             0x48: 16}  # fmt: skip
_SEVERAL, _NAMED = 0x1000, 0x8000
_OBJECT_HEAD = 16  # bytes: which interface an embedded object has

Properties = Mapping[int, bytes]
"""Values by their numbers; texts of Unicode as UTF-8, with a mark."""


class Package:
    """A message's text and files; of a damaged one what comes before the damage."""

    def __init__(self, content: bytes, buffer: TextBuffer) -> None:
        self._buffer = buffer
        self._of_message: dict[int, bytes] = {}
        self._properties: Properties = {}
        self._files: list[dict[int, bytes]] = []
        for level, number, data in _attributes(content):
            if level == _OF_ATTACHMENT:
                self._note_attachment(number, data)
            elif number == _PROPERTIES:
                self._properties = properties(data)
            else:
                self._of_message[number] = data

    def _note_attachment(self, number: int, data: bytes) -> None:
        if number == _BEGIN_ATTACHMENT or not self._files:
            self._files.append({})
        self._files[-1][number] = data

    def subject(self) -> str:
        """Return what the message is about."""
        return self._text(self._of_message.get(_SUBJECT, b""))

    def body(self) -> str:
        """Return the text: the plain one, else what the page or the rich text says."""
        plain = self._of_message.get(_BODY) or self._properties.get(_PLAIN, b"")
        if text := self._text(plain).strip():
            return text.replace("\r\n", "\n")
        if page := self._properties.get(_HTML):
            from chat.attachments.reading.pages import markup

            return markup.to_markdown(self._text(page), self._buffer.tally)
        try:
            return packed_text(self._properties.get(_RTF, b""))
        except Exception:  # noqa: BLE001 - what the library raises; the files are there all the same
            self._buffer.remark(RemarkKind.DAMAGED)
            return ""

    def parts(self) -> list[Part]:
        """Return what is attached."""
        return [self._part(it) for it in self._files]

    def _part(self, file: Mapping[int, bytes]) -> Part:
        more = properties(file.get(_ATTACHMENT, b""))
        content = file.get(_DATA) or more.get(_CONTENT, b"")[_OBJECT_HEAD:]
        name = self._text(more.get(_LONG_NAME) or file.get(_TITLE, b"")) or "file"
        return Part(name, len(content), lambda most: content[:most])

    def _text(self, raw: bytes) -> str:
        page = int.from_bytes(self._of_message.get(_CODE_PAGE, b"")[:4], "little")
        if raw.startswith(b"\xef\xbb\xbf"):
            return raw[3:].decode("utf-8", "replace").rstrip("\0")
        return decoded(raw.rstrip(b"\0"), f"cp{page}" if page else None, self._buffer)


def _attributes(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield level, number and data of each attribute."""
    at = _HEAD
    while at + _ATTRIBUTE.size <= len(content):
        level, tag, length = _ATTRIBUTE.unpack_from(content, at)
        at += _ATTRIBUTE.size
        if at + length > len(content):
            return
        yield level, tag & 0xFFFF, content[at : at + length]
        at += length + _CHECKSUM


def properties(data: bytes) -> Properties:
    """Return the first value of each of the properties of MAPI in an attribute."""
    found: dict[int, bytes] = {}
    with suppress(struct.error, ValueError):  # what comes before the damage is there
        at = 4
        for _ in range(_number(data, 0)):
            kind, name = struct.unpack_from("<HH", data, at)
            at = _after_name(data, at + 4) if name >= _NAMED else at + 4
            values, at = _values(data, at, kind)
            found.setdefault(name, values[0] if values else b"")
    return found


def _after_name(data: bytes, at: int) -> int:
    """Return where the value of a property begins that has a name, which is a number or a text."""
    kind, length = struct.unpack_from("<II", data, at + 16)
    return at + 24 + (_padded(length) if kind == 1 else 0)


def _values(data: bytes, at: int, kind: int) -> tuple[list[bytes], int]:
    base = kind & ~_SEVERAL
    is_long = base in _LONG
    count = 1
    if is_long or kind & _SEVERAL:
        count, at = _number(data, at), at + 4
    values: list[bytes] = []
    for _ in range(count):
        size = length = _SIZES.get(base, 0)
        if is_long:
            length, at = _number(data, at), at + 4
            size = _padded(length)
        if (not size and not is_long) or at + length > len(data):
            raise ValueError(kind)
        raw = data[at : at + length]
        values.append(_marked(raw) if base == _UTF16 else raw)
        at += size
    return values, at


def _marked(raw: bytes) -> bytes:
    return b"\xef\xbb\xbf" + raw.decode("utf-16-le", "replace").encode("utf-8", "replace")


def _number(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])


def _padded(length: int) -> int:
    return (length + 3) & ~3


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write a file that was saved from a message."""
    from chat.attachments.reading.mail.message import write_attached

    package = Package(content, buffer)
    subject, body = package.subject(), package.body().strip()
    buffer.write(f"Subject: {subject}\n" if subject else "")
    buffer.write(f"\n{body}\n" if body else "")
    write_attached(package.parts(), buffer)
