"""Drawings in SVG: drawn as an image, with what is written in them."""

import re
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import resvg_py
from lxml import etree
from PIL import ImageFont

from chat.attachments.reading.images import pictures
from chat.attachments.reading.walls.landlock import FONTS
from chat.attachments.results import CannotRead, Picture, Reason

_PLAIN = ("DejaVuSans", "LiberationSans-Regular", "NotoSans-Regular")  # the best is first
_SVG = "{http://www.w3.org/2000/svg}"
_FOREIGN = f"{_SVG}foreignObject"  # HTML, which is not drawn
_WORDS = (f"{_SVG}title", f"{_SVG}desc", f"{_SVG}text", _FOREIGN)
_DPI = 96  # of sizes in points, inches and centimetres, as CSS has it
_MOST_WORDS = 2_000  # characters
_LINKS = ("href", "{http://www.w3.org/1999/xlink}href")
_WITHIN = ("#", "data:image/")  # a link that leads nowhere else
_NUMBER = re.compile(r"[\d.]+")
_SMALLEST = 512  # pixels of the longer side: icons are small, and can be drawn in any size


def read(content: bytes, pixels: int) -> Picture:
    """Return a drawing as an image whose longer side has at most so many pixels.

    Nothing is loaded that it refers to.
    """
    root = _tree(content)
    for element in root.iter(etree.Element):
        for name in _LINKS:
            if not element.get(name, "#").lstrip().startswith(_WITHIN):
                del element.attrib[name]
    width, height = _size(root, pixels)
    family = _family()
    try:
        drawn = resvg_py.svg_to_bytes(
            svg_string=etree.tostring(root, encoding="unicode"),
            background="white",
            width=width,
            height=height,
            dpi=_DPI,
            skip_system_fonts=bool(family),
            font_dirs=list(FONTS) if family else None,
            serif_family=family,  # what stands in for those that are not there
            sans_serif_family=family,
        )
    except ValueError as exc:
        raise CannotRead(Reason.BROKEN, str(exc)) from exc
    return replace(pictures.read(bytes(drawn), pixels), words=_words(root))


def _tree(content: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities="internal", no_network=True, remove_pis=True)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as exc:
        raise CannotRead(Reason.BROKEN, str(exc)) from exc


def _size(root: Any, pixels: int) -> tuple[int | None, int | None]:
    """Return in which width or height it is drawn: the other one follows from it."""
    width, height = _proportions(root)
    longer = int(min(pixels, max(_SMALLEST, width, height)))
    return (longer, None) if width >= height else (None, longer)


def _proportions(root: Any) -> tuple[float, float]:
    box = _NUMBER.findall(root.get("viewBox") or "")
    sizes = [root.get(name) or "" for name in ("width", "height")]
    if not any("%" in size or not _NUMBER.match(size) for size in sizes):
        box = ["0", "0", *(_NUMBER.match(size)[0] for size in sizes)]  # type: ignore[index]
    return (float(box[-2]), float(box[-1])) if len(box) == 4 else (1.0, 1.0)


def _family() -> str | None:
    """Return a family of letters of this computer; None where its system says where they are.

    On Linux the system's list is behind the walls, the letters themselves are not.
    """
    files = [it for folder in FONTS for it in sorted(Path(folder).rglob("*.[ot]t[cf]"))]
    plain = sorted(
        files, key=lambda it: _PLAIN.index(it.stem) if it.stem in _PLAIN else len(_PLAIN)
    )
    with suppress(OSError, IndexError):
        return ImageFont.truetype(str(plain[0])).getname()[0]
    return None


def _words(root: Any) -> str:
    elements = [it for it in root.iter(*_WORDS) if not _stands_in(it)]
    texts = (
        " ".join(it.itertext()) if it.tag == _FOREIGN else "".join(it.itertext()) for it in elements
    )
    return "\n".join(" ".join(text.split()) for text in texts)[:_MOST_WORDS].strip()


def _stands_in(element: Any) -> bool:
    """Tell whether it is shown by programs alone that do not know what stands before it."""
    chain = [element, *element.iterancestors()]
    return any(
        above.tag == f"{_SVG}switch" and above.index(below) > 0 for below, above in pairwise(chain)
    )
