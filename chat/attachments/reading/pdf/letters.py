"""Whether the fonts of a page say which letters their signs are."""

import pypdfium2
from pypdfium2 import raw

_SAMPLE = 200  # characters
_MOST = 0.5  # of them


def are_known(text: pypdfium2.PdfTextPage) -> bool:
    """Tell whether most letters of a page are known: else it shows a text that cannot be read."""
    number = text.count_chars()
    sample = range(0, number, number // _SAMPLE + 1)
    unknown = sum(raw.FPDFText_HasUnicodeMapError(text, it) == 1 for it in sample)
    return bool(unknown <= _MOST * len(sample))
