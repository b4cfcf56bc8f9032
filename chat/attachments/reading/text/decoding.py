"""Bytes become text: by a mark, as UTF-8, by what the text says of itself, or by a guess. Pure."""

import codecs
import re
from dataclasses import dataclass, replace

from chat.attachments.reading.text.declared import declared
from common.wide_text import wide_encodings

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARK = "\ufeff"  # also where files were put one after the other
_BAD = "\ufffd"
_WIDE_WITHIN = 65_536  # bytes
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SHIFTS = (
    (re.compile(rb"\x1b\$[@B]|\x1b\([IJ]|\x1b\$\("), "iso2022_jp_ext"),
    (re.compile(rb"\x1b\$\)C"), "iso2022_kr"),
)
_LINE_ENDS = re.compile(r"\r\n?")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text; `bad` are the bytes that stand as � in it, `nuls` those that were left out.

    `guessed` is the codec where nothing said which it is; `is_text` is False where the bytes are
    not like text in any encoding.
    """

    text: str
    bad: int = 0
    nuls: int = 0
    guessed: str | None = None
    is_sure: bool = True
    is_text: bool = True


def decode(content: bytes, *, is_whole: bool = True) -> Decoded:
    """Return the text of bytes, with `\\n` at the end of each line.

    The last character may be cut where they are not the whole file.
    """
    decoded = _decoded(content, is_whole)
    text = decoded.text.replace(_MARK, "")
    nuls = text.count("\0")
    text = _LINE_ENDS.sub("\n", text.replace("\0", "") if nuls else text)
    return replace(decoded, text=text, nuls=nuls)


def text_of(content: bytes) -> str:
    """Return the text of bytes that are a whole text, without saying what was guessed of it."""
    return decode(content).text


def _decoded(content: bytes, is_whole: bool) -> Decoded:
    for mark, codec in _MARKS:
        if content.startswith(mark):
            return _as(content, codec, is_whole)
    for shifts, codec in _SHIFTS:
        if shifts.search(content) and (shifted := _as(content, codec, is_whole)).bad == 0:
            return replace(shifted, guessed=codec)
    return _unmarked(content, is_whole)


def _unmarked(content: bytes, is_whole: bool) -> Decoded:
    if wide := _wide(content):
        return replace(_as(content, wide, is_whole), guessed=wide)
    text = _as(content, "utf-8", is_whole)
    if text.bad == 0 or _is_utf8(text):
        return text
    if (codec := declared(content)) and (named := _as(content, codec, is_whole)).bad == 0:
        return named
    return _guessed(content, is_whole)


def _wide(content: bytes) -> str | None:
    """Return the encoding of UTF-16 or UTF-32, whose bytes mostly look like control characters."""
    head = content[:_WIDE_WITHIN]
    found = wide_encodings(head) if _CONTROLS.search(head) else []
    return found[0] if found else None


def _is_utf8(text: Decoded) -> bool:
    """Tell whether more is UTF-8 than is not: by chance next to nothing is."""
    return sum(1 + (it > "\uffff") for it in text.text if not it.isascii()) > 2 * text.bad


def _guessed(content: bytes, is_whole: bool) -> Decoded:
    from chat.attachments.reading.text.guess import guess  # its tables take time to load

    found = guess(content, wide_encodings(content[:_WIDE_WITHIN]))
    return replace(
        _as(content, found.codec, is_whole),
        guessed=found.codec,
        is_sure=found.is_sure,
        is_text=found.is_text,
    )


def _as(content: bytes, codec: str, is_whole: bool) -> Decoded:
    text = codecs.getincrementaldecoder(codec)("replace").decode(content, is_whole)
    bad = text.count(_BAD)
    if bad and codec.startswith("utf"):
        bad -= content.count(_BAD.encode(codec))  # written so
    return Decoded(text, bad)
