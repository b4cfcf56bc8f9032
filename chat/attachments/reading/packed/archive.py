"""Archives: the list of what is in them, and their small texts."""

import io
import tarfile
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from itertools import islice

from chat.attachments.reading.packed import parts
from chat.attachments.reading.packed.names import member_names
from chat.attachments.reading.packed.parts import Part
from chat.attachments.reading.text_buffer import TextBuffer

_ENCRYPTED = 1  # a flag
_LISTED = 500  # names
_LIST_SHARE = 4  # such a part of the room the list may take
_OF_SYSTEMS = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_MOST_MEMBERS = 100_000  # of a tape archive, which has no directory


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write the list, and after it the texts, each under its name."""
    found = _zipped(content) if content.startswith(b"PK") else _taped(content)
    members = [it for it in found if not _is_of_system(it.name)]
    buffer.counts["files"] = len(members)
    _write_list(members, buffer)
    parts.write(members, buffer)


def _is_of_system(name: str) -> bool:
    return name.startswith(_OF_SYSTEMS[0]) or name.rpartition("/")[2] in _OF_SYSTEMS


def _write_list(members: Sequence[Part], buffer: TextBuffer) -> None:
    room = buffer.room // _LIST_SHARE
    for number, member in enumerate(members):
        line = f"- {' '.join(member.name.split())} ({member.size:,} bytes)\n"
        room -= len(line)
        if number >= _LISTED or room < 0:
            buffer.write(f"- and {len(members) - number:,} more\n")
            return
        buffer.write(line)
    if not members:
        buffer.write("There are no files in this archive.")


def _zipped(content: bytes) -> list[Part]:
    archive = zipfile.ZipFile(io.BytesIO(content))
    members = [it for it in archive.infolist() if not it.is_dir()]

    def load(member: zipfile.ZipInfo, most: int) -> bytes:
        with archive.open(member) as opened:
            return opened.read(most)

    names = member_names(members)
    return [
        Part(name, it.file_size, partial(load, it), bool(it.flag_bits & _ENCRYPTED))
        for name, it in zip(names, members, strict=True)
    ]


def _taped(content: bytes) -> list[Part]:
    archive = tarfile.open(fileobj=io.BytesIO(content), errors="surrogateescape")  # noqa: SIM115

    def load(member: tarfile.TarInfo, most: int) -> bytes:
        opened = archive.extractfile(member)
        return opened.read(most) if opened else b""

    members: list[Part] = []
    with suppress(tarfile.TarError):  # what comes before the damage is there
        members.extend(
            Part(it.name, it.size, partial(load, it))
            for it in islice(archive, _MOST_MEMBERS)
            if it.isfile()
        )
    return members
