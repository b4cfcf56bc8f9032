"""The text of a page, also where it lies on its side: PDFium then glues lines together."""

import math
from collections import Counter
from contextlib import closing

import pypdfium2
from pypdfium2 import raw

_SAMPLE = 200  # characters
_TURNS = ((1, 0), (0, 1), (-1, 0), (0, -1))  # cosine and sine of each number of quarters


def text_of(document: pypdfium2.PdfDocument, index: int, text: pypdfium2.PdfTextPage) -> str:
    """Return a page's text, of which `text` is as the page has it."""
    quarters = _quarters(text)
    if not quarters and not text.page.get_rotation():
        return str(text.get_text_bounded())
    with closing(document[index]) as upright:
        box = _turn(upright, *_TURNS[quarters])
        with closing(upright.get_textpage()) as turned:
            return str(turned.get_text_bounded(*box))


def _quarters(text: pypdfium2.PdfTextPage) -> int:
    """Return by how many quarters most letters are turned, clockwise."""
    number = text.count_chars()
    sample = range(0, number, number // _SAMPLE + 1)
    angles = (raw.FPDFText_GetCharAngle(text, it) for it in sample)
    quarters = Counter(round(it / (math.pi / 2)) % 4 for it in angles if it >= 0)
    return max(quarters, key=quarters.__getitem__, default=0)


def _turn(page: pypdfium2.PdfPage, cosine: int, sine: int) -> tuple[float, ...]:
    """Turn what is on a page, and return left, bottom, right and top of where it is then."""
    left, bottom, right, top = page.get_bbox()
    page.set_rotation(0)
    for it in page.get_objects(max_depth=1):
        raw.FPDFPageObj_Transform(it, cosine, sine, -sine, cosine, 0, 0)
    across = [cosine * x - sine * y for x, y in ((left, bottom), (right, top))]
    up = [sine * x + cosine * y for x, y in ((left, bottom), (right, top))]
    return min(across), min(up), max(across), max(up)
