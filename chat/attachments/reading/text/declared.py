"""What a text says of its own encoding, near its beginning. Pure."""

import codecs
import re
from collections.abc import Mapping

_WITHIN = 2_048  # bytes
_DECLARATIONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rb"\A\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([\w.:-]+)",
        rb"<meta\s[^>]*?charset\s*=\s*[\"']?([\w.:-]+)",
        rb"\A@charset\s+[\"']([\w.:-]+)[\"'];",
        rb"\A(?:[^\n]*\n)?[^\n\w]*?\bcoding[:=]\s*([\w.-]+)",  # Python's and Emacs'
        rb"\A(?:[^\n]*\n)?[^\n]*?\bfileencoding=([\w.-]+)",  # Vim's
        rb"(?m)^[\"']?Content-Type:\s*text/[^\n]*?charset=[\"']?([\w.:-]+)",  # mail, catalogues
    )
)
# What is declared as the first is written as the second.
_MEANT: Mapping[str, str] = {
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "cp950",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "utf-16": "utf-8",  # whoever can read that it is, reads single bytes
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
}
_WINDOWS = re.compile(r"(?:x-|windows-|cp-?)+(\d+)")
_ALIASES: Mapping[str, str] = {
    **dict.fromkeys(("x-gbk", "cn-gb", "euc-cn"), "gb18030"),
    **dict.fromkeys(("x-sjis", "ms_kanji", "windows-31j"), "cp932"),
    **dict.fromkeys(("iso-8859-8-i", "iso-8859-8-e", "logical"), "iso8859-8"),
    "ks_c_5601": "cp949",
    "iso-8859-11": "cp874",
    "x-mac-cyrillic": "mac-cyrillic",
}


def declared(content: bytes) -> str | None:
    """Return the codec that a text names; None where it names none that is known."""
    head = content[:_WITHIN]
    for declaration in _DECLARATIONS:
        if found := declaration.search(head):
            return codec_named(found[1].decode("ascii", "replace"))
    return None


def codec_named(name: str) -> str | None:
    """Return what is written where an encoding is named; None where it is none that is known."""
    plain = name.strip("\"' ").lower()
    try:
        info = codecs.lookup(_ALIASES.get(plain, _WINDOWS.sub(r"cp\1", plain)))
    except (LookupError, ValueError):
        return None
    return _MEANT.get(info.name, info.name) if _is_of_text(info) else None


def _is_of_text(info: codecs.CodecInfo) -> bool:
    """Some of Python's codecs make no text, some would run what they read, ASCII says nothing."""
    special = (
        "ascii",
        "idna",
        "punycode",
        "raw_unicode_escape",
        "unicode_escape",
        "undefined",
        "utf-7",
    )
    return getattr(info, "_is_text_encoding", True) and info.name.replace("-", "_") not in {
        it.replace("-", "_") for it in special
    }
