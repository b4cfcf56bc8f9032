"""Plain text of any encoding, and HTML."""

import codecs
import re

import charset_normalizer

from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import CannotRead, Reason

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 64_000
_SHARE = 10  # so many times more bytes than the buffer takes characters are looked at
# What was taken is never given back (`++`): a text of comments alone would be read in all ways.
_HTML = re.compile(
    r"\s*+(?:<\?xml[^>]*+>\s*+)?+(?:<!--(?:(?!-->).)*+-->\s*+)*+(?:<!doctype\s++html|<html\b)",
    re.IGNORECASE | re.DOTALL,
)
_HTML_SUFFIXES = frozenset({".html", ".htm", ".xhtml"})


def read(content: bytes, suffix: str, buffer: TextBuffer) -> None:
    """Write a text file; HTML becomes Markdown."""
    beginning = content[: max(_SAMPLE, buffer.limit * _SHARE)]
    text = decode(beginning)
    if suffix in _HTML_SUFFIXES or _HTML.match(text):
        text = _markdown(text)
    buffer.reached(min(buffer.limit, len(text)), len(text) * len(content) / len(beginning))
    buffer.write(text)


def _markdown(html: str) -> str:
    from chat.attachments.reading import markup

    return markup.to_markdown(html)


def decode(content: bytes) -> str:
    """Return the text: by its byte order mark, as UTF-8, or by what is most likely."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(content)  # its end may be cut
    except UnicodeDecodeError:
        return content.decode(_likely(content), "replace")


def _likely(content: bytes) -> str:
    found = charset_normalizer.from_bytes(content[:_SAMPLE]).best()
    if found is None:
        raise CannotRead(Reason.BINARY)
    return found.encoding
