"""An Open XML file: parts, and the relations by which one finds another.

Names are compared as Office does: in any case, whichever slash a program wrote.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import IO
from urllib.parse import unquote

from chat.attachments.reading import archives, xml
from chat.attachments.results import CannotRead, Reason
from common.files.file_types import MAIN_PARTS, FileKind

_ROOTS = {
    "document": FileKind.DOCUMENT,
    "workbook": FileKind.SHEETS,
    "presentation": FileKind.SLIDES,
}
_MAIN_TYPE = re.compile(r"(?:\.main\+xml|sheet\.binary\.macroEnabled\.main)\Z")
_BINARY_WORKBOOK = b"\x83\x01"  # as its first record begins
_BEGINNING = 65_536  # bytes
_TYPES = "[content_types].xml"


@dataclass(frozen=True, slots=True)
class Relation:
    """Where a part leads: `kind` is the last word of its type, `target` a part or an address."""

    kind: str
    target: str
    is_external: bool


class Package:
    """The parts of an archive."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {_plain(member.filename): member for member in archive.infolist()}

    @classmethod
    def of(cls, content: bytes) -> "Package":
        """Open the bytes of a file."""
        return cls(zipfile.ZipFile(io.BytesIO(content)))

    @cached_property
    def main(self) -> str | None:
        """The part that is the document itself; None where this is no Office file."""
        named = (it.target for it in self.relations("").values() if it.kind == "officeDocument")
        for part in (*named, *self._typed_as_main(), *MAIN_PARTS):
            if part in self:
                return part
        return None

    @property
    def kind(self) -> FileKind | None:
        """What the document is by its own first element; None where it is none of Office's."""
        if self.main is None:
            return None
        if self.is_binary:
            return FileKind.BINARY_SHEETS
        return _ROOTS.get(xml.root_name(self._begins(self.main)))

    @property
    def is_binary(self) -> bool:
        """Whether it is a workbook whose parts are no XML."""
        return self.main is not None and self._begins(self.main).startswith(_BINARY_WORKBOOK)

    def _begins(self, part: str) -> bytes:
        with self.open(part) as source:
            return source.read(_BEGINNING)

    def _typed_as_main(self) -> Iterator[str]:
        types = self.xml(_TYPES)
        for override in xml.children(types, "Override"):
            if _MAIN_TYPE.search(override.get("ContentType") or ""):
                yield _plain(override.get("PartName") or "")

    def __contains__(self, part: str) -> bool:
        return part in self._members

    def open(self, part: str) -> IO[bytes]:
        """Open a part; raises `KeyError` where there is none of this name."""
        return self._archive.open(self._members[part])

    def size(self, part: str) -> int:
        """Return how many bytes a part has."""
        return self._members[part].file_size

    def read(self, part: str) -> bytes:
        """Return the bytes of a part; raises `KeyError`, and `CannotRead` where it is huge."""
        if self.size(part) > archives.MAX_UNPACKED:
            raise CannotRead(Reason.TOO_LARGE, f"{part} has {self.size(part)} bytes")
        return self._archive.read(self._members[part])

    def xml(self, part: str) -> xml.Element | None:
        """Return a part's root, None where the part is missing."""
        return xml.parse(self.read(part)) if part in self else None

    def relations(self, part: str) -> Mapping[str, Relation]:
        """Return where a part leads, by the relations' ids; `""` is the file as a whole."""
        folder, name = posixpath.split(part)
        root = self.xml(posixpath.join(folder, "_rels", f"{name}.rels"))
        return {
            str(it.get("Id")): _relation(it, folder) for it in xml.children(root, "Relationship")
        }

    def related(self, part: str, kind: str) -> Iterator[str]:
        """Yield the parts that are there of those to which a part has relations of a kind."""
        for it in self.relations(part).values():
            if it.kind == kind and not it.is_external and it.target in self:
                yield it.target

    @property
    def has_macros(self) -> bool:
        """Whether it brings a program of its own."""
        return any(name.endswith("vbaproject.bin") for name in self._members)


def _relation(element: xml.Element, folder: str) -> Relation:
    target = element.get("Target") or ""
    is_external = element.get("TargetMode") == "External"
    if not is_external:
        target = _plain(posixpath.normpath(posixpath.join("/", folder, target.replace("\\", "/"))))
    return Relation((element.get("Type") or "").rpartition("/")[2], target, is_external)


def _plain(name: str) -> str:
    return unquote(name).replace("\\", "/").lstrip("/").casefold()
