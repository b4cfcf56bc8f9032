"""Headers and bodies of mail in whatever encoding they say, or are."""

import re
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message

from chat.attachments.reading.text.decoding import decode
from chat.attachments.reading.text.noted import noted
from chat.attachments.reading.text_buffer import TextBuffer

_SEVEN_BITS = re.compile(r"(unicode-1-1-)?utf-7|hz(-gb-2312)?|utf-?(16|32)([lb]e|-[lb]e)?")
_FOLD = re.compile(r"\r?\n[ \t]*")


def decoded(content: bytes, charset: str | None, buffer: TextBuffer) -> str:
    """Return a text in the encoding that is said, or if it is not, in the likely one."""
    named = (charset or "").strip("\"' ").lower()
    if _SEVEN_BITS.fullmatch(named):  # which look like something else
        with suppress(UnicodeDecodeError):
            return content.decode(named.removeprefix("unicode-1-1-"))
    return noted(decode(content, named=named), buffer) if content.strip() else ""


def header(message: Message, name: str, buffer: TextBuffer) -> str:
    """Return a header as people read it; empty where there is none."""
    # `get` would lose what is written without any encoding.
    raw = (value for it, value in message.raw_items() if it.lower() == name.lower())
    return plain(str(next(raw, "")), buffer)


def plain(value: str, buffer: TextBuffer) -> str:
    """Return a header's value without its encoding and folds."""
    unfolded = _FOLD.sub(" ", value)
    try:
        pieces = decode_header(unfolded)
    except (HeaderParseError, ValueError):
        return unfolded
    return " ".join("".join(_piece(*it, buffer) for it in pieces).split())


def _piece(text: str | bytes, charset: str | None, buffer: TextBuffer) -> str:
    raw = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    return decoded(raw, charset, buffer) if charset or not raw.isascii() else raw.decode("ascii")
