"""Plain text of any encoding, and HTML."""

import re

from chat.attachments.reading.text.candidates import NAMES
from chat.attachments.reading.text.decoding import Decoded, decode
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import CannotRead, Reason, RemarkKind

_SAMPLE = 64_000
_SHARE = 10  # so many times more bytes than the buffer takes characters are looked at
# What was taken is never given back (`++`): a text of comments alone would be read in all ways.
_HTML = re.compile(
    r"\s*+(?:<\?xml[^>]*+>\s*+)?+(?:<!--(?:(?!-->).)*+-->\s*+)*+(?:<!doctype\s++html|<html\b)",
    re.IGNORECASE | re.DOTALL,
)
_HTML_SUFFIXES = frozenset({".html", ".htm", ".xhtml"})


def read(content: bytes, suffix: str, buffer: TextBuffer) -> None:
    """Write a text file; HTML becomes Markdown.

    Raises `CannotRead` of bytes that are like text in no encoding.
    """
    beginning = content[: max(_SAMPLE, buffer.limit * _SHARE)]
    decoded = decode(beginning, is_whole=len(beginning) == len(content))
    if not decoded.is_text:
        raise CannotRead(Reason.BINARY)
    _remark(decoded, buffer)
    text = decoded.text
    if suffix in _HTML_SUFFIXES or _HTML.match(text):
        text = _markdown(text)
    buffer.reached(min(buffer.limit, len(text)), len(text) * len(content) / len(beginning))
    buffer.write(text)


def _remark(decoded: Decoded, buffer: TextBuffer) -> None:
    if decoded.guessed:
        kind = RemarkKind.GUESSED if decoded.is_sure else RemarkKind.DOUBTED
        buffer.remark(kind, NAMES[decoded.guessed])
    if decoded.bad:
        buffer.remark(RemarkKind.BAD_BYTES, decoded.bad)
    if decoded.nuls:
        buffer.remark(RemarkKind.NULS, decoded.nuls)


def _markdown(html: str) -> str:
    from chat.attachments.reading import markup

    return markup.to_markdown(html)
