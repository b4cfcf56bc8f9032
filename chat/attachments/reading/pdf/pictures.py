"""How many pictures stand on a page."""

from itertools import islice

import pypdfium2
from pypdfium2 import raw

_Box = tuple[float, float, float, float]
_MOST = 500  # images of a page that are looked at: some programs cut a picture into strips
_DEEPEST = 5  # forms within each other
_SMALLEST = 20  # points: what is lower or narrower is a bullet or a line
_APART = 1  # points, at which strips of one picture may stand


def count(page: pypdfium2.PdfPage) -> int:
    """Return how many images a person sees, where those that touch are one."""
    boxes: list[_Box] = []
    images = page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=_DEEPEST)
    for image in islice(images, _MOST):
        box = image.get_bounds()
        touching = [it for it in boxes if _touch(it, box)]
        boxes = [it for it in boxes if it not in touching]
        boxes.append(_around([*touching, box]))
    return sum(min(right - left, top - low) >= _SMALLEST for left, low, right, top in boxes)


def _touch(one: _Box, other: _Box) -> bool:
    return all(
        one[side] <= other[side + 2] + _APART and other[side] <= one[side + 2] + _APART
        for side in (0, 1)
    )


def _around(boxes: list[_Box]) -> _Box:
    left, low, right, top = zip(*boxes, strict=True)
    return min(left), min(low), max(right), max(top)
