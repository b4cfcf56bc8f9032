"""Cameras' raw files: nobody here develops them, but nearly all hold a preview in JPEG."""

import io
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from PIL import Image, TiffImagePlugin

_TIFF = (b"II*\0", b"MM\0*")
_OTHERS = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0")
_SUBFILE, _MAKE, _ORIENTATION, _SUB_FOLDERS, _DNG_VERSION = 254, 271, 274, 330, 50706  # tags
_IS_REDUCED = 1  # a flag: the first picture stands for a larger one
_JPEG = re.compile(rb"\xff\xd8\xff[\xc0-\xfe]")
_MOST = 20  # previews that are looked at


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture within a raw file, and how that says it is turned."""

    jpeg: bytes
    orientation: int | None


def preview(content: bytes) -> Preview | None:
    """Return the largest preview of a raw file; None where it is none, or has none."""
    tags = _tags(content)
    if not _is_raw(content, tags):
        return None
    sizes: dict[int, int] = {}
    for found in islice(_JPEG.finditer(content), _MOST):
        with suppress(Exception):  # what only looks like one
            sizes[found.start()] = _size(content[found.start() :])
    if not sizes:
        return None
    return Preview(content[max(sizes, key=sizes.__getitem__) :], tags.get(_ORIENTATION))


def _tags(content: bytes) -> Mapping[int, Any]:
    """Return what the first folder of a TIFF says."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    if content.startswith(_TIFF):
        with suppress(Exception):  # a damaged one
            tags = TiffImagePlugin.ImageFileDirectory_v2(content[:8])
            file = io.BytesIO(content)
            file.seek(tags.next or 0)
            tags.load(file)
    return tags


def _is_raw(content: bytes, tags: Mapping[int, Any]) -> bool:
    if content.startswith(_OTHERS) or content[4:12] == b"ftypcrx " or content[8:10] == b"CR":
        return True
    is_reduced = tags.get(_SUBFILE, 0) == _IS_REDUCED
    return _DNG_VERSION in tags or (is_reduced and _MAKE in tags and _SUB_FOLDERS in tags)


def _size(jpeg: bytes) -> int:
    """Return how many pixels a JPEG has; raises where it cannot be decoded, such as raw data."""
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        size = image.width * image.height
        image.draft("L", (64, 64))
        image.load()
        return size
