"""Messages as Outlook keeps them: one file of properties by their numbers (MS-OXMSG)."""

import datetime
import io
import struct
from collections import Counter
from collections.abc import Iterator
from functools import cached_property

import olefile

from chat.attachments.reading.mail.headers import decoded
from chat.attachments.reading.mail.message import write_attached
from chat.attachments.reading.mail.rich import packed_text
from chat.attachments.reading.packed.parts import Part
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import RemarkKind

_SUBJECT, _BODY, _HTML, _RTF = 0x0037, 0x1000, 0x1013, 0x1009
_REPLY_TO, _TO, _CC, _BCC = 0x0050, 0x0E04, 0x0E03, 0x0E02
_SENDER, _ADDRESSES = (0x0C1A, 0x0042), (0x5D01, 0x5D02, 0x0C1F, 0x0065)
_DATES = (0x0039, 0x0E06, 0x3007)  # when it was sent, arrived, was made
_CODE_PAGES = (0x3FFD, 0x3FDE)
_NAMES, _DATA, _MESSAGE = (0x3707, 0x3704, 0x3001), 0x3701, 0x3701000D
_TIME, _UTF16, _EIGHT_BIT, _BINARY = 0x0040, 0x001F, 0x001E, 0x0102
_UTF8_PAGE = 65001
_HEAD_OF_ALL, _HEAD_OF_OTHERS, _HEAD_WITHIN = 32, 8, 24  # bytes before the fixed properties
_ATTACHED = "__attach_version1.0_"
_EPOCH = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".emf", ".wmf")


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write a message's headers and text, and what is attached to it."""
    with olefile.OleFileIO(io.BytesIO(content)) as opened:
        _write(_Storage(opened, (), _HEAD_OF_ALL, buffer), buffer)


def _write(message: "_Storage", buffer: TextBuffer) -> None:
    for name, value in (
        ("From", message.sender()),
        ("Reply-To", message.text(_REPLY_TO)),
        ("To", message.text(_TO)),
        ("Cc", message.text(_CC)),
        ("Bcc", message.text(_BCC)),
        ("Date", message.date()),
        ("Subject", message.text(_SUBJECT)),
    ):
        buffer.write(f"{name}: {value}\n" if value else "")
    buffer.write(f"\n{_body(message, buffer.tally).strip()}\n")
    attached = [it for it in message.attached() if not _is_picture(it, buffer)]
    write_attached([it.part() for it in attached if not it.is_message], buffer)
    for it in attached:
        if it.is_message:
            buffer.heading("\n\n## An attached message\n\n")
            _write(it.message(), buffer)


def _is_picture(attached: "_Storage", buffer: TextBuffer) -> bool:
    is_picture = attached.name().lower().endswith(_PICTURES)
    buffer.tally[RemarkKind.PICTURES] += is_picture
    return is_picture


def _body(message: "_Storage", tally: Counter[RemarkKind]) -> str:
    """Return the text: the plain one, else what the page or the rich text says."""
    if text := message.text(_BODY).strip():
        return text.replace("\r\n", "\n")
    if html := message.html():
        from chat.attachments.reading.pages import markup

        return markup.to_markdown(html, tally)
    return packed_text(message.binary(_RTF))


class _Storage:
    """A message or an attachment: a folder in the file."""

    def __init__(
        self, opened: olefile.OleFileIO, path: tuple[str, ...], head: int, buffer: TextBuffer
    ) -> None:
        self._opened = opened
        self._buffer = buffer
        self._path = path
        self._head = head

    def _stream(self, name: str) -> bytes:
        path = [*self._path, name]
        return bytes(self._opened.openstream(path).read()) if self._opened.exists(path) else b""

    @cached_property
    def _fixed(self) -> dict[int, int]:
        """The properties of fixed length, by number and type, as whole numbers."""
        raw = self._stream("__properties_version1.0")[self._head :]
        return {
            tag: value for tag, _, value in struct.iter_unpack("<IIQ", raw[: len(raw) // 16 * 16])
        }

    def binary(self, number: int) -> bytes:
        """Return a property of bytes."""
        return self._stream(f"__substg1.0_{number:04X}{_BINARY:04X}")

    def text(self, number: int) -> str:
        """Return a property of characters."""
        name = f"__substg1.0_{number:04X}"
        if wide := self._stream(f"{name}{_UTF16:04X}"):
            return wide.decode("utf-16-le", "replace").rstrip("\0")
        narrow = self._stream(f"{name}{_EIGHT_BIT:04X}").rstrip(b"\0")
        return decoded(narrow, self._charset(), self._buffer) if narrow else ""

    def _charset(self) -> str:
        pages = (self._fixed.get(number << 16 | 3, 0) & 0xFFFF_FFFF for number in _CODE_PAGES)
        page = next((it for it in pages if it), 0)
        return "utf-8" if page == _UTF8_PAGE else f"cp{page}" if page else ""

    def html(self) -> str:
        """Return the body as a page, where it has one."""
        if raw := self.binary(_HTML):
            page = self._fixed.get(_CODE_PAGES[1] << 16 | 3, 0) & 0xFFFF_FFFF
            charset = "utf-8" if page == _UTF8_PAGE else f"cp{page}" if page else None
            return decoded(raw, charset, self._buffer)
        return self.text(_HTML)

    def date(self) -> str:
        """Return when it was sent."""
        for number in _DATES:
            if ticks := self._fixed.get(number << 16 | _TIME):
                sent = _EPOCH + datetime.timedelta(microseconds=ticks // 10)
                return sent.isoformat(" ", "seconds")
        return ""

    def sender(self) -> str:
        """Return who sent it, with the address where there is one."""
        name = next(filter(None, map(self.text, _SENDER)), "")
        address = next((it for it in map(self.text, _ADDRESSES) if "@" in it), "")
        return f"{name} <{address}>" if name and address and name != address else name or address

    def attached(self) -> Iterator["_Storage"]:
        """Yield what is attached."""
        depth = len(self._path)
        folders = {
            tuple(it[: depth + 1])
            for it in self._opened.listdir()
            if tuple(it[:depth]) == self._path and it[depth].startswith(_ATTACHED)
        }
        for path in sorted(folders):
            yield _Storage(self._opened, path, _HEAD_OF_OTHERS, self._buffer)

    @property
    def is_message(self) -> bool:
        """Whether what is attached is a message of Outlook's."""
        return bool(self._opened.exists([*self._path, f"__substg1.0_{_MESSAGE:08X}"]))

    def message(self) -> "_Storage":
        """Return the message that is attached."""
        path = (*self._path, f"__substg1.0_{_MESSAGE:08X}")
        return _Storage(self._opened, path, _HEAD_WITHIN, self._buffer)

    def name(self) -> str:
        """Return what an attachment is called."""
        return next(filter(None, map(self.text, _NAMES)), "file")

    def part(self) -> Part:
        """Return an attachment as a file within the message."""
        content = self.binary(_DATA)
        return Part(self.name(), len(content), lambda most: content[:most])
