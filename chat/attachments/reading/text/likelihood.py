"""How likely a text is in the languages that are written in an encoding. Pure.

All numbers are natural logarithms of likelihoods, of one character after another.
"""

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from chat.attachments.reading.text.candidates import IDEOGRAPHIC
from chat.attachments.reading.text.letters import ALONE, characters, pairs

_IMPOSSIBLE = -16.0
_FOREIGN = -15.0  # a character that the language does not have
_UNKNOWN = -12.0  # one where it never is
_UNSEEN = -2.5  # a letter after one that it is hardly ever after, to the letter alone
_CASE = -6.0  # a capital after a small letter
_CAPITALS = -0.7  # a capital after a capital
_KINDS = {
    "“": "“„‘‚«‹",  # noqa: RUF001 - they are meant
    "”": "”»›",  # noqa: RUF001 - they are meant
    "–": "–—",
    "€": "€£₪₫",
    "°": "°º²³ªµ",
    "§": "©®™§•·¶½¼¾±×¥÷№",  # noqa: RUF001 - they are meant
    "‡": "†‡‰¦¬ƒˆ˜¨´¸¯¤¢¹",  # noqa: RUF001 - they are meant
    "¡": "¡¿",
    "…": "…",
    "’": "’",
}
# Marks are too rare in the tables: after a letter, a digit, a space, anything else.
_MARKS: Mapping[str, tuple[float, float, float, float]] = {
    "“": (_IMPOSSIBLE, -9, -6.5, -7),
    "”": (-6.5, -7, -10, -6),
    "–": (-8, -6, -6, -8),
    "€": (-10, -5.5, -6, -6),
    "°": (-9, -5, -7, -9),
    "§": (-13, -8, -7, -8),
    "‡": (_IMPOSSIBLE, -12, -12, -12),
    "¡": (_IMPOSSIBLE, -9, -8, -8),
    "…": (-6.5, -8, -8.5, -8),
    "\xa0": (-8.5, -7, -9, -7),
}
_FOLLOW = {"€": "0 .", "\xa0": "0.”–°€", "°": " .0C"}
_ENDING = "”§‡"  # no letter is after these
_GREEK = "\u0370"  # the first letter that is not Latin
_LEAST_ASCII = -8.0  # of two characters that are the same in all encodings
_MIXED, _MIXED_OTHERWISE = 4.0, 6.0  # so much less likely is a text in a language and in English
_HALF_WIDTH = -4.0  # a Katakana of half a width after another one
_UNITS = "元円圆圓원"  # after a number
_BOXES = ("─", "▟")

_Pairs = Mapping[tuple[str, str], int]


def _shapes() -> dict[int, str]:
    shapes = {ord(it): kind for kind, marks in _KINDS.items() for it in marks}
    shapes[ord("İ")] = "i"  # its small letter is two characters
    for code in range(128):
        character = chr(code)
        if code <= 32:
            shapes[code] = " "
        elif character.isdigit():
            shapes[code] = "0"
        elif not character.isalpha() and character != "'":
            shapes[code] = "."
    return shapes


_SHAPES = _shapes()


def shaped(text: str) -> str:
    """Return a text in which what behaves alike is alike: digits, spaces, kinds of marks."""
    return f" {text} ".translate(_SHAPES)


def likelihood(text: str, languages: Sequence[str]) -> float:
    """Return how likely a text is in that of the languages in which it is the likeliest.

    What is in ASCII may be English instead: so a name stands in a text.
    """
    plain, others = _counted(shaped(text))
    english = _in_ascii(plain, "en")
    if languages[0] in IDEOGRAPHIC:
        return english + max(_ideographic(others, language) for language in languages)
    mixed = _MIXED if "en" in languages else _MIXED_OTHERWISE
    case = sum(number * _case(first, then) for (first, then), number in others.items())
    small = _lowered(others)
    return case + max(
        _alphabetic(small, pairs(language)) + max(english - mixed, _in_ascii(plain, language))
        for language in languages
    )


def _counted(shape: str) -> tuple[_Pairs, _Pairs]:
    """Return how often a character is after another one, of two in ASCII and of all others."""
    plain: Counter[tuple[str, str]] = Counter()
    others: Counter[tuple[str, str]] = Counter()
    for pair, number in Counter(pairwise(shape)).items():
        (plain if pair[0].isascii() and pair[1].isascii() else others)[pair] += number
    return _lowered(plain), others


def _lowered(counts: _Pairs) -> _Pairs:
    small: Counter[tuple[str, str]] = Counter()
    for (first, then), number in counts.items():
        small[first.lower(), then.lower()] += number
    return small


def _in_ascii(counts: _Pairs, language: str) -> float:
    table = pairs(language)
    return sum(
        number * max(_LEAST_ASCII, table.get(first + then, _LEAST_ASCII))
        for (first, then), number in counts.items()
    )


def _case(first: str, then: str) -> float:
    if not then.isupper():
        return 0.0
    return _CASE if first.islower() else _CAPITALS if first.isupper() else 0.0


def _alphabetic(counts: Mapping[tuple[str, str], int], table: Mapping[str, float]) -> float:
    return sum(number * _after(first, then, table) for (first, then), number in counts.items())


def _after(first: str, then: str, table: Mapping[str, float]) -> float:
    """Return how likely a character is after another one."""
    known = table.get(first + then)
    if known is not None:
        return known
    if first == "’":
        return _after("'", then, table)
    if then == "’":
        return _apostrophe(first, table)
    if first in _MARKS:
        return _after_mark(first, then, table)
    if then in _MARKS:
        return _MARKS[then][_place(first)]
    if _is_box(first) or _is_box(then):
        return _box(first, then)
    if _are_of_two_scripts(first, then):
        return _FOREIGN
    alone = table.get(ALONE + then)
    return _FOREIGN if alone is None else max(_UNKNOWN, alone + _UNSEEN)


def _are_of_two_scripts(first: str, then: str) -> bool:
    low, high = sorted((first, then))
    return low.isascii() and low.isalpha() and high >= _GREEK and high.isalpha()


def _apostrophe(first: str, table: Mapping[str, float]) -> float:
    return -9.0 if _place(first) == 2 else max(_UNKNOWN, table.get(first + "'", -9.0) - 1.5)


def _after_mark(mark: str, then: str, table: Mapping[str, float]) -> float:
    if then in _FOLLOW.get(mark, ""):
        return -2.5
    alone = table.get(ALONE + then, _UNKNOWN)
    if then in _MARKS:
        return _UNKNOWN
    if mark in _FOLLOW:
        return alone - 4
    begins = table.get(f" {then}")
    if mark in _ENDING and then.isalpha():
        return (_UNKNOWN + 3 if begins is None else begins) - 6
    if begins is not None:
        return begins
    return alone if then in " ." else max(_UNKNOWN, alone - 2)


def _place(character: str) -> int:
    if character.isalpha() or character == "'":
        return 0
    if character == "0":
        return 1
    return 2 if character in " \xa0“" else 3


def _is_box(character: str) -> bool:
    return _BOXES[0] <= character <= _BOXES[1]


def _box(first: str, then: str) -> float:
    """Lines and boxes come in rows, and not within words."""
    if first == then:
        return -0.7
    if _is_box(first):
        return -5.5 if _is_box(then) else -10.0 if then.isalpha() else -3.0
    return -14.0 if first.isalpha() else -7.0


def _ideographic(counts: Mapping[tuple[str, str], int], language: str) -> float:
    total = 0.0
    for (first, then), number in counts.items():
        if first == "0" and then in _UNITS:
            total += number * -4.0
        elif "\uff61" <= then <= "\uff9f":
            total += number * _half_width(first, then)
        elif not then.isascii():
            total += number * (_character(language, then) + _begun(first))
        else:
            total += number * -4.5
    return total


def _half_width(first: str, then: str) -> float:
    """Return how likely a Katakana of half a width is, with which no word begins if it is small."""
    if "\uff61" <= first <= "\uff9f":
        return _HALF_WIDTH
    return (-6.0 if "\uff71" <= then <= "\uff9d" else _FOREIGN) + _begun(first)


def _begun(first: str) -> float:
    return -3.0 if first.isascii() and first.isalpha() else -2.0 if first == " " else 0.0


# The standards that sort characters by how common they are, and where the common ones end.
_STANDARDS = {"zh": ("gb2312", 0xD7), "zt": ("big5", 0xC6), "ja": ("euc-jp", 0xCF)}


@functools.cache
def _character(language: str, character: str) -> float:
    known = characters(language).get(character)
    if known is not None:
        return max(known, -9.5)
    if "\u3000" <= character <= "\u303f" or "\uff00" <= character <= "\uff60":
        return -8.0
    codec, last_common = _STANDARDS.get(language, ("euc-kr", 0xC8))
    try:
        encoded = character.encode(codec)
    except UnicodeEncodeError:
        return _IMPOSSIBLE
    return -11.0 if len(encoded) == 2 and 0xA4 <= encoded[0] <= last_common else -14.0
