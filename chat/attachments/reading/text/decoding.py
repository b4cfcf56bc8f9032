"""Bytes become text: by a mark, as UTF-8, by what the text says of itself, or by a guess. Pure."""

import codecs
import re
from dataclasses import dataclass, replace

from chat.attachments.reading.text import separators, terminal
from chat.attachments.reading.text.declared import codec_named, declared
from common.files.wide_text import narrowed, wide_encodings

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
_EBCDIC = "cp1140"
_EBCDIC_LETTERS = "".join(map(chr, [*range(48, 58), *range(65, 91), *range(97, 123), 32])).encode(
    _EBCDIC
)
_BLANKS, _MOSTLY = 40, 0.8  # one in so many bytes, and such a part of them
_APPENDED = "utf-16-le"
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SHIFTS = (
    (re.compile(rb"\x1b\$[@B]|\x1b\([IJ]|\x1b\$\("), "iso2022_jp_ext"),
    (re.compile(rb"\x1b\$\)C"), "iso2022_kr"),
)
_LINE_ENDS = re.compile(r"\r\n?")
# What programs write that keep text as UTF-16: each half of a character as if it were one (CESU-8).
_HALVES = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")
_HALF = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_UNSHOWN = re.compile(r"[\x01-\x07\x0e-\x1a\x1c-\x1f\x7f]")
# Letters that next to nobody writes; those of Chinese are among their bytes in UTF-8.
_RARE = re.compile(
    "[\u0180-\u0191\u0193-\u019f\u01a2-\u01ae\u01b1-\u01cc\u01dd-\u0217\u0250-\u036f\u0500-\u052f]"
)
_IDEOGRAPH = re.compile("[\u4e00-\u9fff]")
_FIRST, _LAST_COMMON = 0xB0, 0xD7  # first bytes of the common characters in GB 2312
_EAST_ASIAN = re.compile("[\u3000-\u30ff\u4e00-\uffef]")
_MOSTLY_ASCII = 30  # bytes for each that is not, of a log into which a program wrote some data
_BROKEN = 4  # one in so many bytes beside ASCII is bad in what is no text of an encoding
_NOT_ASCII = bytes(range(128, 256))
_MANY_BYTES = frozenset({"gb18030", "cp950", "big5hkscs", "cp932", "euc_jp", "cp949"})


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text; `bad` are the bytes that stand as � in it, `nuls` and `controls` what is left out.

    `guessed` is the codec where nothing said which it is, or what was said is wrong; of some lines
    alone where it `is_mixed`. `halves` are characters of two halves that were put together;
    `is_text` is False where the bytes are not like text in any encoding. `is_parted` is a table
    whose cells were parted by control characters, and are by tabs.
    """

    text: str
    bad: int = 0
    nuls: int = 0
    controls: int = 0
    halves: int = 0
    guessed: str | None = None
    is_sure: bool = True
    is_text: bool = True
    is_mixed: bool = False
    is_misnamed: bool = False
    is_parted: bool = False


def decode(content: bytes, *, named: str | None = None, is_whole: bool = True) -> Decoded:
    """Return the text of bytes, with `\\n` at the end of each line.

    `named` is the encoding that is said beside them. The last character may be cut where they are
    not the whole text.
    """
    decoded = _decoded(content, named and codec_named(named), is_whole)
    text = decoded.text.replace(_MARK, "")
    nuls = text.count("\0")
    text = _LINE_ENDS.sub("\n", text.replace("\0", "") if nuls else text).replace("\v", " ")
    text, codes = terminal.plain(text)
    text, is_parted = separators.plain(text)
    controls = codes + len(_UNSHOWN.findall(text))
    return replace(decoded, text=text, nuls=nuls, controls=controls, is_parted=is_parted)


def text_of(content: bytes) -> str:
    """Return the text of bytes that are a whole text, without saying what was guessed of it."""
    return decode(content).text


def _decoded(content: bytes, named: str | None, is_whole: bool) -> Decoded:
    if (single := narrowed(content)) is not None:
        found = _unmarked(single, named, is_whole)
        return replace(found, guessed=found.guessed or _APPENDED, is_mixed=True)
    for mark, codec in _MARKS:
        if content.startswith(mark):
            return _as(content, codec, is_whole)
    for shifts, codec in _SHIFTS:
        if shifts.search(content) and (shifted := _as(content, codec, is_whole)).bad == 0:
            return replace(shifted, guessed=None if named else codec)
    return _unmarked(content, named, is_whole)


def _unmarked(content: bytes, named: str | None, is_whole: bool) -> Decoded:
    if wide := _wide(content):
        return replace(_as(content, wide, is_whole), guessed=wide)
    whole, halves = _HALVES.subn(_put_together, content)
    whole, lone = _HALF.subn(_BAD.encode(), whole)
    text = _as(whole, "utf-8", is_whole)
    text = replace(text, bad=text.bad + lone, halves=halves)
    is_chance = _is_chance(text.text, content, named)
    if text.bad == lone and not is_chance:
        return text
    if mixed := _mixed(whole, text, is_whole):
        return mixed
    if _is_utf8(text) and text.bad and not is_chance:
        return text
    if codec := named or declared(content):
        return _named(content, codec, is_whole)
    return _guessed(content, is_whole)


def _put_together(halves: re.Match[bytes]) -> bytes:
    pair = halves[0].decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass")
    return pair.decode("utf-16").encode()


def _is_chance(text: str, content: bytes, named: str | None) -> bool:
    """Tell whether what is valid as UTF-8 is Chinese, as a single 元 is, or what is named."""
    letters = [it for it in text if not it.isascii() and it != _BAD]
    if not letters or _EAST_ASIAN.search(text):
        return False
    if named in _MANY_BYTES:
        return True
    return 2 * len(_RARE.findall(text)) >= len(letters) and _is_common_chinese(content)


def _is_common_chinese(content: bytes) -> bool:
    characters = _IDEOGRAPH.findall(content.decode("gb18030", "replace"))
    encoded = [it.encode("gb2312", "replace") for it in characters]
    return bool(encoded) and all(_FIRST <= it[0] <= _LAST_COMMON for it in encoded)


def _mixed(content: bytes, text: Decoded, is_whole: bool) -> Decoded | None:
    """Return a text of which some lines are UTF-8 and some are not; None where it is none."""
    if not text.bad:
        return None
    from chat.attachments.reading.text.lines import read_by_lines

    found = read_by_lines(content, is_whole=is_whole)
    if not found:
        return None
    bad = found.text.count(_BAD) - content.count(_BAD.encode())
    return replace(
        text, text=found.text, bad=bad, guessed=found.codec, is_sure=found.is_sure, is_mixed=True
    )


def _named(content: bytes, codec: str, is_whole: bool) -> Decoded:
    """Return a text in the encoding that it names, unless it is none of that encoding."""
    from chat.attachments.reading.text.guess import is_unlikely

    text = _as(content, codec, is_whole)
    guessed = _guessed(content, is_whole)
    if guessed.guessed == codec or (
        text.bad == 0 and not is_unlikely(content, codec, guessed.guessed)
    ):
        return text
    return replace(guessed, is_misnamed=True)


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

    if _is_data(content):
        return _as(content, "utf-8", is_whole)
    if _is_of_mainframes(content):
        text = _as(content, _EBCDIC, is_whole)
        return replace(text, text=text.text.replace("\x85", "\n"), guessed=_EBCDIC, is_sure=False)
    found = guess(content, wide_encodings(content[:_WIDE_WITHIN]))
    text = _as(content, found.codec, is_whole)
    if text.bad * _BROKEN > _high(content) and _is_mostly_ascii(content):
        return _as(content, "utf-8", is_whole)
    return replace(
        text,
        guessed=found.codec,
        is_sure=found.is_sure,
        is_text=found.is_text,
    )


def _is_of_mainframes(content: bytes) -> bool:
    """Tell whether it is EBCDIC, whose blanks are @, and whose letters are no ASCII."""
    head = content[:_WIDE_WITHIN]
    letters = len(head) - len(head.translate(None, _EBCDIC_LETTERS))
    is_blank = b" " not in head and head.count(b"@") * _BLANKS >= len(head)
    return is_blank and letters >= _MOSTLY * len(head)


def _is_data(content: bytes) -> bool:
    """Tell whether all that is not ASCII is data that a program wrote into its log."""
    lines = [it for it in content.split(b"\n") if not it.isascii()]
    return _is_mostly_ascii(content) and all(map(_CONTROLS.search, lines))


def _is_mostly_ascii(content: bytes) -> bool:
    return _high(content) * _MOSTLY_ASCII <= len(content)


def _high(content: bytes) -> int:
    return len(content) - len(content.translate(None, _NOT_ASCII))


def _as(content: bytes, codec: str, is_whole: bool) -> Decoded:
    text = codecs.getincrementaldecoder(codec)("replace").decode(content, is_whole)
    bad = text.count(_BAD)
    if bad and codec.startswith("utf"):
        bad -= content.count(_BAD.encode(codec))  # written so
    return Decoded(text, bad)
