"""Archives: the list of what is in them, and their small texts."""

import io
import stat
import tarfile
import zipfile
from collections.abc import Sequence
from functools import partial
from itertools import islice

from chat.attachments.reading.packed import parts
from chat.attachments.reading.packed.names import member_names, of_tapes
from chat.attachments.reading.packed.parts import Part
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import RemarkKind

_ENCRYPTED = 1  # a flag
_MODE_AT = 16  # the bit where Unix' permissions begin
_LISTED = 500  # names
_LIST_SHARE = 4  # such a part of the room the list may take
_OF_SYSTEMS = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_MOST_MEMBERS = 100_000  # of a tape archive, which has no directory


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write the list, and after it the texts, each under its name."""
    found = _zipped(content, buffer) if content.startswith(b"PK") else _taped(content, buffer)
    members = [it for it in found if not _is_of_system(it.name)]
    buffer.counts["files"] = len(members)
    _write_list(members, buffer)
    parts.write(members, buffer)


def _is_of_system(name: str) -> bool:
    return name.startswith(_OF_SYSTEMS[0]) or name.rpartition("/")[2] in _OF_SYSTEMS


def _write_list(members: Sequence[Part], buffer: TextBuffer) -> None:
    room = buffer.room // _LIST_SHARE
    for number, member in enumerate(members):
        what = " ".join(member.stands_for.split()) or f"{member.size:,} bytes"
        line = f"- {' '.join(member.name.split())} ({what})\n"
        room -= len(line)
        if number >= _LISTED or room < 0:
            buffer.write(f"- and {len(members) - number:,} more\n")
            return
        buffer.write(line)
    if not members:
        buffer.write("There are no files in this archive.")


def _zipped(content: bytes, buffer: TextBuffer) -> list[Part]:
    archive = zipfile.ZipFile(io.BytesIO(content))
    members = [it for it in archive.infolist() if not it.is_dir()]

    def load(member: zipfile.ZipInfo, most: int) -> bytes:
        with archive.open(member) as opened:
            return opened.read(most)

    names = member_names(members, buffer)
    return [
        Part(
            name,
            it.file_size,
            partial(load, it),
            bool(it.flag_bits & _ENCRYPTED),
            "link" if stat.S_ISLNK(it.external_attr >> _MODE_AT) else "",
        )
        for name, it in zip(names, members, strict=True)
    ]


def _taped(content: bytes, buffer: TextBuffer) -> list[Part]:
    archive = tarfile.open(fileobj=io.BytesIO(content), errors="surrogateescape")  # noqa: SIM115

    def load(member: tarfile.TarInfo, most: int) -> bytes:
        opened = archive.extractfile(member)
        return opened.read(most) if opened else b""

    members: list[tarfile.TarInfo] = []
    try:
        members.extend(it for it in islice(archive, _MOST_MEMBERS) if not it.isdir())
    except tarfile.TarError:  # what comes before the damage is there
        buffer.remark(RemarkKind.DAMAGED)
    names = of_tapes([it.name for it in members], buffer)
    return [
        Part(name, it.size, partial(load, it), stands_for=_stands_for(it))
        for name, it in zip(names, members, strict=True)
    ]


def _stands_for(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return f"link to {member.linkname}"
    return "" if member.isreg() else "device"
