"""Records: each a line with its version, the bytes of a write, their checksum and the write. Pure.

No write as JSON has a line break in it. So whatever is damaged, the next line is found again, and
nothing that people write can look like a record. A later version may have another form of the
write, but the same checksum: so what is newer is known from what is damaged.
"""

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


def _checksum(head: bytes, written: bytes) -> bytes:
    return blake2b(head + written, digest_size=_CHECKSUM_SIZE).hexdigest().encode()
