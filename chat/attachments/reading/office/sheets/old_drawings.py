"""What is drawn upon the sheets of an .xls file, and printed around them; xlrd knows none of it."""

import struct
from collections import Counter
from collections.abc import Iterator

from chat.attachments.reading.office.sheets import page_edges
from chat.attachments.results import RemarkKind

_HEAD = struct.Struct("<HH")  # kind and length of a record
_BOF, _EOF, _CONTINUE = 0x809, 0x0A, 0x3C
_EDGES = {0x14: "header", 0x15: "footer"}
_OBJECT, _TEXT, _CHART_TEXT = 0x5D, 0x1B6, 0x100D
_CHART = 0x20  # what a sequence of records is
_PICTURE, _NOTE = 0x08, 0x19  # what an object is

_Record = tuple[int, bytes]


def texts(stream: bytes, tally: Counter[RemarkKind]) -> Iterator[str]:
    """Yield what headers, footers, text boxes and charts say, and count pictures."""
    words: list[str] = []  # of the chart that is read
    is_chart = is_note = is_text = False
    for kind, content in _records(stream):
        if kind == _BOF:
            is_chart, words = content[2:4] == bytes((_CHART, 0)), []
        elif kind == _EOF and is_chart:
            is_chart = False
            yield f"[chart: {'; '.join(words)}]" if words else "[chart]"
        elif kind == _CHART_TEXT:
            words += filter(None, [_string(content[3:], content[2])])
        elif kind in _EDGES and (said := page_edges.shown(_edge(content))):
            yield f"[{_EDGES[kind]}] {said}"
        elif kind == _OBJECT:
            is_note = content[4:5] == bytes((_NOTE,))
            tally[RemarkKind.PICTURES] += content[4:5] == bytes((_PICTURE,))
        elif kind == _CONTINUE and is_text and not is_note:
            yield from filter(None, [_string(content, len(content)).strip()])
        is_text = kind == _TEXT


def _records(stream: bytes) -> Iterator[_Record]:
    at = 0
    while at + _HEAD.size <= len(stream):
        kind, length = _HEAD.unpack_from(stream, at)
        at += _HEAD.size
        yield kind, stream[at : at + length]
        at += length


def _edge(content: bytes) -> str:
    return _string(content[2:], int.from_bytes(content[:2], "little"))


def _string(content: bytes, length: int) -> str:
    """Return a text behind its first byte, which says whether letters have two bytes or one."""
    if content[:1] == b"\1":
        return content[1 : 1 + 2 * length].decode("utf-16-le", "replace")
    return content[1 : 1 + length].decode("latin-1")
