"""Letters of the fonts Symbol and Wingdings, which stand for something else than their codes."""

import re
from collections.abc import Mapping

_CODES = (
    *range(0x41, 0x5B),  # capitals
    *range(0x61, 0x7B),  # small letters
    *bytes.fromhex("222427405ea3a5abacadaeafb0b1b3b4b5b6b7b8b9babb"),
    *bytes.fromhex("c7c8cccdcecfd0d1d5d6d7d8d9dadbdee5f2"),
)
_SYMBOL: Mapping[int, str] = dict(
    zip(
        _CODES,
        "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ"
        "αβχδεφγηιϕκλμνοπθρστυϖωξψζ"
        "∀∃∋≅⊥≤∞↔←↑→↓°±≥×∝∂•÷≠≡≈"  # noqa: RUF001
        "∩∪⊂⊆∈∉∠∇∏√⋅¬∧∨⇔⇒∑∫",  # noqa: RUF001
        strict=True,
    )
)
_PICTURES: Mapping[int, str] = dict(  # of all Wingdings
    zip(
        bytes.fromhex("a8fefdfcfbe0dfa76c6e6f784a4c5253504fa3d8767175"),
        "☐☑☒✓✗→←▪●■☐☒☺☹☑☒✓✗☐➢❖❑◆",
        strict=True,
    )
)
_CODE = re.compile("[!-\xff\uf021-\uf0ff]")
UNKNOWN = "\N{WHITE SQUARE}"


def in_font(font: str, text: str) -> str:
    """Return what letters show in a font: as they are, but in Symbol and Wingdings."""
    family = font.casefold()
    if family != "symbol" and not family.startswith("wingdings"):
        return text
    return "".join(shown(font, f"{ord(it):x}") if _CODE.match(it) else it for it in text)


def shown(font: str, code: str) -> str:
    """Return what a code in hexadecimal digits shows in a font, a square where that is unknown."""
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    family = font.casefold()
    if family == "symbol":
        return _SYMBOL.get(number & 0xFF, UNKNOWN)
    if family.startswith("wingdings"):
        return _PICTURES.get(number & 0xFF, UNKNOWN)
    return chr(number) if 0x20 <= number < 0xD800 else UNKNOWN
