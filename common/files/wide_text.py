"""Text in UTF-16 or UTF-32 that does not begin with a mark. Pure."""

import codecs
import re

WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_FEWEST = 4  # characters: any two bytes could be one
_PRINTABLE = bytes(range(0x20, 0x7F))
_MOSTLY = 0.8  # of all bytes: then they are letters, of which any two are an ideograph, too
_FEW = 0.15  # of all bytes are NUL, where each letter of ASCII would have one
_SHARE = 0.97  # of the characters, to be of one script and of what all scripts use
_LONG = 30  # characters
_HALF = 0.5
_FEWEST_DIFFERENT = 8
_COMMON = re.compile(
    "[\t\n\r\f -~\xa0-\xff\u2010-\u2027\u2030-\u203a\u20a0-\u20c0\u2116\u2122\ufeff"
    "\U0001f300-\U0001faff]+"
)
_IDEOGRAPHS = "\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef"
_SPACED = 1 / 60
# The letters of a script, and the least of a longer text that are spaces, digits or ends of lines.
_SCRIPTS = tuple(
    (re.compile(f"[{ranges}]+"), least)
    for ranges, least in (
        ("\u0100-\u024f\u0300-\u036f\u1e00-\u1eff", _HALF),  # Latin, beside A to Z
        ("\u0370-\u03ff\u1f00-\u1fff", _SPACED),  # Greek
        ("\u0400-\u052f", _SPACED),  # Cyrillic
        ("\u0530-\u058f", _SPACED),  # Armenian
        ("\u0590-\u05ff", _SPACED),  # Hebrew
        ("\u0600-\u06ff\u200b-\u200f\ufb50-\ufdff\ufe70-\ufefc", _SPACED),  # Arabic
        ("\u0900-\u097f\u200b-\u200f", _SPACED),  # Devanagari
        ("\u0980-\u09ff\u200b-\u200f", _SPACED),  # Bengali
        ("\u0b80-\u0bff", _SPACED),  # Tamil
        ("\u0e00-\u0e7f", 0),  # Thai
        ("\u10a0-\u10ff", _SPACED),  # Georgian
        (f"\uac00-\ud7a3{_IDEOGRAPHS}", 0),  # Korean
        (_IDEOGRAPHS, 0),
    )
)
# Lines of Europe's letters in UTF-16, as PowerShell appends them to a log of single bytes, or the
# reverse
_STRETCH = re.compile(
    rb"(?:\A|(?<=\n))(?:[\t\n\r -~\xa0-\xff]\0|[\0-\xff][\1-\5]|\xff\xfe"
    rb"|[\x13\x14\x18-\x1a\x1c-\x1e\x22\x26\xac]\x20|[\x16\x22]\x21){8,}(?:\Z|(?<=\n\0))"
)
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def narrowed(content: bytes) -> bytes | None:
    """Return a text of which parts are in UTF-16 with those in UTF-8; None where it is none."""
    if b"\0" not in content:
        return None
    beside = _STRETCH.sub(b"", content)
    if len(beside) == len(content) or b"\n" not in beside or _CONTROL.search(beside):
        return None
    if _printable(beside) < _HALF * len(beside):
        return None
    return _STRETCH.sub(lambda it: it[0].decode("utf-16-le").encode(), content)


def wide_encodings(head: bytes) -> list[str]:
    """Return as what a beginning of bytes can well be text, the likeliest first."""
    if head.count(0) <= _FEW * len(head) and _printable(head) >= _MOSTLY * len(head):
        return []
    found = [(_common_share(text), codec) for codec in WIDE if (text := _decoded(head, codec))]
    found = [it for it in found if it[0] is not None]
    return [codec for _, codec in sorted(found, key=lambda it: -(it[0] or 0.0))]


def _printable(head: bytes) -> int:
    return len(head) - len(head.translate(None, _PRINTABLE))


def _decoded(head: bytes, codec: str) -> str:
    try:
        text = codecs.getincrementaldecoder(codec)().decode(head)  # its end may be cut
    except UnicodeDecodeError:
        return ""
    return text if len(text) >= _FEWEST or text.isascii() else ""


def _common_share(text: str) -> float | None:
    """Return the share of what all scripts use; None where it is not like text of one script."""
    rest = _COMMON.sub("", text)
    others, least = min((len(script.sub("", rest)), least) for script, least in _SCRIPTS)
    share = 1 - len(rest) / len(text)
    is_spaced = share >= least or len(text) < _LONG
    is_one_script = others <= (1 - _SHARE) * len(text)
    return share if is_one_script and is_spaced and _is_varied(rest, share) else None


def _is_varied(rest: str, share: float) -> bool:
    """Numbers of two bytes have few different ones, or the same over and over."""
    return share >= _HALF or len(rest) < _LONG or len(set(rest)) >= _FEWEST_DIFFERENT
