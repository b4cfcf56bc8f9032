"""Records: each a line with its version, the bytes of a write, their checksum and the write. Pure.

No write as JSON has a line break in it. So whatever is damaged, the next line is found again, and
nothing that people write can look like a record. A later version may have another form of the
write, but the same checksum: so what is newer is known from what is damaged.
"""

from collections.abc import Iterator
from hashlib import blake2b

from datalayer.errors import NewerWrite, UnreadableWrite
from datalayer.serialization import decode, encode
from datalayer.writes import Write

VERSION = 1

_CHECKSUM_SIZE = 8  # bytes, twice as many hexadecimal digits


def encode_record(write: Write) -> bytes:
    """Return the line, with its line break."""
    written = encode(write)
    head = b"%d %d" % (VERSION, len(written))
    return b"%s %s %s\n" % (head, _checksum(head, written), written)


def decode_record(line: bytes) -> Write:
    """Return the write of a line; raises `UnreadableWrite` for anything else.

    That is `NewerWrite` for one that a newer version of the program has written.
    """
    version, size, checksum, written = [*line.removesuffix(b"\n").split(b" ", 3), *[b""] * 3][:4]
    if checksum != _checksum(b"%s %s" % (version, size), written):
        message = f"A record of {len(line)} bytes was damaged: its checksum is another one."
        raise UnreadableWrite(message)
    if version != b"%d" % VERSION:
        message = (
            f"A record of {len(line)} bytes is of version {version.decode()}, which is not known "
            "here: start the newer Keepchat that wrote it."
        )
        raise NewerWrite(message)
    return decode(written)


def split_lines(raw: bytes) -> Iterator[bytes]:
    """Yield the lines of what was read as one: a line break may be damaged after a whole record."""
    while end := _end_without_break(raw):
        yield raw[:end] + b"\n"
        raw = raw[end + 1 :]
    if raw:
        yield raw


def _end_without_break(raw: bytes) -> int:
    """Return where a whole record ends that something else than a line break follows, or 0."""
    version, size, checksum, rest = [*raw.split(b" ", 3), *[b""] * 3][:4]
    length = int(size) if size.isdigit() else len(rest)
    written = rest[:length]
    if rest[length : length + 1] in (b"", b"\n"):
        return 0
    is_whole = checksum == _checksum(b"%s %s" % (version, size), written)
    return len(raw) - len(rest) + length if is_whole else 0


def _checksum(head: bytes, written: bytes) -> bytes:
    return blake2b(head + written, digest_size=_CHECKSUM_SIZE).hexdigest().encode()
