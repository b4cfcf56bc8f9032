"""Plain text of any encoding, and HTML."""

import re

from chat.attachments.reading.text.decoding import decode
from chat.attachments.reading.text.noted import noted
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import CannotRead, Reason

_SAMPLE = 64_000
_SHARE = 10  # so many times more bytes than the buffer takes characters are looked at
# What was taken is never given back (`++`): a text of comments alone would be read in all ways.
_HTML = re.compile(
    r"\s*+(?:<\?xml[^>]*+>\s*+)?+(?:<!--(?:(?!-->).)*+-->\s*+)*+(?:<!doctype\s++html|<html\b)",
    re.IGNORECASE | re.DOTALL,
)
_HTML_SUFFIXES = frozenset({".html", ".htm", ".xhtml"})
# What programs give to Office under its own endings is a page, at times without its beginning.
_PIECE_OF_HTML = re.compile(
    r"\s*+(?:<!--(?:(?!-->).)*+-->\s*+)*+<(?:meta|style|head|body|table|div|center|p|h[1-6])\b",
    re.IGNORECASE | re.DOTALL,
)
_OFFICE_SUFFIXES = frozenset({".xls", ".xlsx", ".doc", ".docx"})


def read(content: bytes, suffix: str, buffer: TextBuffer) -> None:
    """Write a text file; HTML becomes Markdown.

    Raises `CannotRead` of bytes that are like text in no encoding.
    """
    beginning = content[: max(_SAMPLE, buffer.limit * _SHARE)]
    decoded = decode(beginning, is_whole=len(beginning) == len(content))
    if not decoded.is_text:
        raise CannotRead(Reason.BINARY)
    text = noted(decoded, buffer)
    if _is_html(text, suffix):
        text = _markdown(text, buffer)
    buffer.reached(min(buffer.limit, len(text)), len(text) * len(content) / len(beginning))
    buffer.write(text)


def _is_html(text: str, suffix: str) -> bool:
    if suffix in _HTML_SUFFIXES or _HTML.match(text):
        return True
    return suffix in _OFFICE_SUFFIXES and _PIECE_OF_HTML.match(text) is not None


def _markdown(html: str, buffer: TextBuffer) -> str:
    from chat.attachments.reading.pages import markup

    return markup.to_markdown(html, buffer.tally)
