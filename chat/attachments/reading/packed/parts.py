"""Files within a file: what is text among them and small is read, by the room of its kind."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath

from chat.attachments.reading.kinds import readable_kind
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.reading.wrapped import unwrapped
from chat.attachments.results import CannotRead, Reason, RemarkKind
from chat.attachments.shares import share
from common.files.file_types import FileKind

MAX_PART = 5_000_000  # bytes of one file within another
_MAX_READ = 40_000_000  # bytes of all of them
_LEAST = 500  # characters that each may have, while there is room
_HEAD = 20  # characters that each costs besides its name and text
_DEEPEST = 3  # files within each other
_PICTURES = frozenset({FileKind.IMAGE, FileKind.SVG, FileKind.IWORK})


@dataclass(frozen=True, slots=True)
class Part:
    """A file within another: its name, its size in bytes as declared, and how it is unpacked.

    `load` returns at most so many bytes; it may raise whatever its library does.
    """

    name: str
    size: int
    load: Callable[[int], bytes]
    is_locked: bool = False
    stands_for: str = ""  # what is there instead of a file: a link or a device


def write(parts: Sequence[Part], buffer: TextBuffer) -> None:
    """Write what the parts hold, each under its name; count those that are not read.

    They share the room: small ones stay whole, and what one leaves is for those after it. Raises
    `BufferFull`.
    """
    left, spare = _MAX_READ, 0
    buffer.tally[RemarkKind.LOCKED] += sum(it.is_locked for it in parts)
    unlocked = [it for it in parts if it.size and not (it.is_locked or it.stands_for)]
    heads = sum(_HEAD + len(it.name) for it in unlocked)
    shares = share([it.size + 1 for it in unlocked], buffer.room - heads)
    for part, characters in zip(unlocked, shares, strict=True):
        spare += characters
        content = b""
        if part.size <= min(MAX_PART, left):
            with suppress(Exception):  # a broken one leaves the others
                content = part.load(MAX_PART)
        left -= len(content)
        read = TextBuffer(0)
        if content.strip():
            read = buffer.part(max(_LEAST, spare))
            _read(part.name, content, read)
        spare -= read.length
        _add(part.name, read, buffer)


def _add(name: str, part: TextBuffer, buffer: TextBuffer) -> None:
    if part.is_blank:
        buffer.tally[RemarkKind.PARTS] += 1
        return
    buffer.heading(f"\n\n## {' '.join(name.split())}\n\n")
    buffer.add(part)


def _read(name: str, content: bytes, part: TextBuffer) -> None:
    from chat.attachments.reading import readers

    suffix = PurePath(name).suffix.lower()
    with suppress(Exception):
        content, suffix, remark = unwrapped(content, suffix, MAX_PART)
        if remark:
            part.remark(remark)
        kind = readable_kind(content, suffix)
        if kind in _PICTURES or part.depth > _DEEPEST:
            raise CannotRead(Reason.BINARY)
        readers.write(kind, content, suffix, part)
