"""`python -m chat.attachments.reading '{"suffix": ..., ...}' < file`: prints one line of JSON.

Before that, an empty one says that it is about to look at the file.

Before it looks at the file it gives up what it does not need, for ever.
"""

import json
import os
import sys
import warnings
from contextlib import suppress
from dataclasses import dataclass

from chat.attachments.reading import readers, walls
from chat.attachments.reading.kinds import readable_kind
from chat.attachments.reading.text_buffer import BufferFull, TextBuffer
from chat.attachments.reading.wrapped import unwrapped
from chat.attachments.results import (
    STARTED,
    CannotRead,
    Reading,
    Reason,
    RemarkKind,
    Unread,
    to_json,
)
from common.files.file_types import FileKind

WALLS = "walls"
MAX_INPUT = 200_000_000  # bytes; of text that is longer the beginning is read
DEEPEST = 20_000  # calls: the libraries walk down nested HTML and XML
MAX_WRITTEN = 1_000_000  # bytes of any file that this process could write


@dataclass(frozen=True, slots=True)
class ReadingRequest:
    """What is asked: characters of text, pixels of an image's longer side, and the limits.

    `memory` is in bytes, `seconds` are of processor time, `nice` says how far it stands back.
    """

    suffix: str
    characters: int
    pixels: int
    memory: int
    nice: int
    seconds: int


def main() -> None:
    """Read the file on standard input; asked for `walls`, tell which stand."""
    if sys.argv[1] == WALLS:
        sys.stdout.write(json.dumps(walls.close()))
        return
    request = ReadingRequest(**json.loads(sys.argv[1]))
    limit_resources(request.memory, request.seconds)
    if hasattr(os, "nice"):
        os.nice(request.nice)
    os.chdir(os.sep)
    sys.stdout.buffer.write(STARTED)
    sys.stdout.buffer.flush()
    walls.close()
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(DEEPEST)
    content = sys.stdin.buffer.read(MAX_INPUT + 1)
    sys.stdout.buffer.write(to_json(read(content, request)))


def limit_resources(memory: int, seconds: int) -> None:
    """Let the system end this process when it takes too much, where the system can."""
    try:
        import resource
    except ImportError:
        return
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, MAX_WRITTEN),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # macOS knows some of them by name only
            resource.setrlimit(kind, (most, most))


def read(content: bytes, request: ReadingRequest) -> Reading:
    """Return what a file holds; whatever goes wrong is a reading too."""
    try:
        return _read(content, request)
    except CannotRead as exc:
        return exc.unread
    except MemoryError:
        return Unread(reason=Reason.TOO_LARGE, detail="out of memory")
    except Exception as exc:  # noqa: BLE001 - a broken file may raise anything in its library
        return Unread(reason=Reason.BROKEN, detail=f"{type(exc).__name__}: {exc}"[:500])


def _read(content: bytes, request: ReadingRequest) -> Reading:
    content, suffix, remark = unwrapped(content, request.suffix, MAX_INPUT)
    kind = readable_kind(content, suffix)
    if kind is not FileKind.TEXT and len(content) > MAX_INPUT:
        raise CannotRead(Reason.TOO_LARGE)
    if picture := readers.picture(kind, content, request.pixels):
        return picture
    buffer = TextBuffer(request.characters)
    if remark:
        buffer.remark(remark)
    with suppress(BufferFull):
        readers.write(kind, content, suffix, buffer)
    return _text(buffer)


def _text(buffer: TextBuffer) -> Reading:
    if buffer.is_blank:
        is_scan = buffer.tally[RemarkKind.PICTURES] > 0
        raise CannotRead(Reason.SCAN if is_scan else Reason.NO_TEXT)
    return buffer.text()


if __name__ == "__main__":
    main()
