"""In which encoding the bytes of a font are, and which of its letters are symbols."""

import codecs
import re
from collections.abc import Mapping

from chat.attachments.reading import symbols

_WESTERN = "cp1252"
_SYMBOLS = 2  # a charset
_OF_THE_DOCUMENT = (0, 1)  # charsets that many programs write for any
_CHARSETS: Mapping[int, str] = {
    77: "mac_roman",
    78: "shift_jis",
    79: "euc_kr",
    80: "gb2312",
    81: "big5",
    83: "mac_arabic",
    85: "mac_greek",
    86: "mac_turkish",
    89: "mac_cyrillic",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gb18030",
    136: "big5hkscs",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    254: "cp437",
    255: "cp850",
}
_PAGES: Mapping[int, str] = {
    936: "gb18030",
    10_000: "mac_roman",
    10_001: "shift_jis",
    10_006: "mac_greek",
    10_007: "mac_cyrillic",
    10_029: "mac_latin2",
}
_ENDINGS: Mapping[str, str] = {  # of names of fonts, where no charset is said
    " cyr": "cp1251",
    " ce": "cp1250",
    " greek": "cp1253",
    " tur": "cp1254",
    " baltic": "cp1257",
}
_PRIVATE = re.compile("[\uf020-\uf0ff]")  # where Unicode has what is no letter


class Fonts:
    """The table of fonts, as far as it has come."""

    def __init__(self) -> None:
        self.page = _WESTERN
        self.default = 0
        self._charsets: dict[int, int] = {}
        self._pages: dict[int, str] = {}
        self._names: dict[int, str] = {}

    def set_page(self, number: int) -> None:
        """Note the code page of the document."""
        self.page = _page(number) or _WESTERN

    def set_charset(self, font: int, charset: int) -> None:
        """Note a font's character set."""
        self._charsets[font] = charset

    def set_font_page(self, font: int, number: int) -> None:
        """Note a font's code page."""
        if page := _page(number):
            self._pages[font] = page

    def add_name(self, font: int, text: bytes) -> None:
        """Note a piece of a font's name."""
        self._names[font] = self._names.get(font, "") + text.decode("latin-1")

    def encoding(self, font: int) -> str:
        """Return the encoding of what is written in a font."""
        charset = self._charsets.get(font, 1)
        if charset not in _OF_THE_DOCUMENT:
            return _CHARSETS.get(charset, self.page)
        name = self._name(font)
        named = next((page for end, page in _ENDINGS.items() if name.endswith(end)), None)
        return self._pages.get(font) or named or self._unsaid(charset)

    def _unsaid(self, charset: int) -> str:
        """Return what a document means that says it of other fonts only, or says it of none."""
        others = {*self._charsets.values()} - {*_OF_THE_DOCUMENT, _SYMBOLS}
        return _WESTERN if charset == 0 and others else self.page

    def shown(self, font: int, text: str) -> str:
        """Return what characters show in a font."""
        if self._charsets.get(font) == _SYMBOLS:
            return "".join(self._symbol(font, it) for it in text)
        return _PRIVATE.sub("•", text)

    def _symbol(self, font: int, character: str) -> str:
        found = symbols.shown(self._name(font), f"{ord(character) & 0xFF:x}")
        is_text = character.isascii() and (found == symbols.UNKNOWN or character.isspace())
        return character if is_text else found

    def _name(self, font: int) -> str:
        return self._names.get(font, "").strip("; ").casefold()


def _page(number: int) -> str | None:
    try:
        return codecs.lookup(_PAGES.get(number, f"cp{number}")).name
    except LookupError:
        return None
