"""Tables whose cells are parted by control characters, as databases export them."""

import re

_CELLS = "\x01\x14\x1f"  # of Hive, of Concordance, of ASCII itself
_ROWS = "\x1c\x1d\x1e"
_WITHIN = str.maketrans({"\x02": ",", "\x03": ":"})  # lists and their pairs in a cell, of Hive
_ROW = re.compile(rf"[\n{_ROWS}]")
_CELL = re.compile(rf"[{_CELLS}]")
_OTHER = re.compile(r"[\x04-\x07\x0e-\x13\x15-\x1a\x7f]")
_LOOKED_AT = 20_000  # characters
_LINES = 20


def plain(text: str) -> tuple[str, bool]:
    """Return a text with tabs between cells and a line for each row, and whether it had others."""
    head = text[:_LOOKED_AT]
    lines = [it for it in _ROW.split(head) if it.strip()][:_LINES]
    if len(lines) < 2 or not all(map(_CELL.search, lines)) or _OTHER.search(head):
        return text, False
    return _ROW.sub("\n", _CELL.sub("\t", text)).translate(_WITHIN), True
