"""Headers and bodies of mail in whatever encoding they say, or are."""

import re
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message

from chat.attachments.reading.text.decoding import text_of

# What programs of old say, and what they mean.
_MEANT = {
    **dict.fromkeys(("gb2312", "gbk", "cn-gb", "x-gbk", "euc-cn"), "gb18030"),
    **dict.fromkeys(("iso-8859-1", "latin-1", "latin1", "us-ascii", "ascii"), "cp1252"),
    **dict.fromkeys(("ks_c_5601-1987", "euc-kr", "ks_c_5601"), "cp949"),
    **dict.fromkeys(("shift_jis", "shift-jis", "x-sjis"), "cp932"),
    "big5": "big5hkscs",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "unicode-1-1-utf-7": "utf-7",
}
_OF_ONE_BYTE = re.compile(r"(us-)?ascii|iso-8859-\d+|latin-?1|(windows-|cp)125\d")
_FOLD = re.compile(r"\r?\n[ \t]*")


def decoded(content: bytes, charset: str | None) -> str:
    """Return a text in the encoding that is said, or if it is not, in the likely one."""
    named = (charset or "").strip("\"' ").lower()
    likely = ["utf-8"] if _OF_ONE_BYTE.fullmatch(named) else []  # which programs often mean
    for encoding in [*likely, _MEANT.get(named, named)] if named else ():
        with suppress(UnicodeDecodeError, LookupError):
            return content.decode(encoding)
    return text_of(content) if content.strip() else ""


def header(message: Message, name: str) -> str:
    """Return a header as people read it; empty where there is none."""
    # `get` would lose what is written without any encoding.
    raw = (value for it, value in message.raw_items() if it.lower() == name.lower())
    return plain(str(next(raw, "")))


def plain(value: str) -> str:
    """Return a header's value without its encoding and folds."""
    unfolded = _FOLD.sub(" ", value)
    try:
        pieces = decode_header(unfolded)
    except (HeaderParseError, ValueError):
        return unfolded
    return " ".join("".join(map(_piece, pieces)).split())


def _piece(piece: tuple[str | bytes, str | None]) -> str:
    text, charset = piece
    raw = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    return decoded(raw, charset) if charset or not raw.isascii() else raw.decode("ascii")
