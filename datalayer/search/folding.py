"""The form in which text is searched, and where in the text each part of it comes from. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

FOLDING = 3
"""The version of `fold`: with another one, maintenance folds anew what stores keep folded."""

# Marks are put in order one past the other: a million in a row would take hours. No language has
# more than a few; the two by name are marks that count as letters.
_MANY_MARKS = re.compile("(?:[^\\w\x00-\x7f]|[\uff9e\uff9f]){64}")

# What nobody sees and few type: soft hyphens, joiners, marks of direction, selectors of a variant.
_UNSEEN = (
    "\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
)
MARKUP = "*`\uff0a\ufe61\uff40\u1fef"
"""What Markdown sets around words and the page does not show, two asterisks or backticks, and what
folds to them.
"""

# Marks that are mostly left out in writing: vowels and hamza of Arabic with its stretched line,
# vowels of Hebrew.
_ARABIC = (
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
)
_HEBREW = "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
_LEFT_OUT = re.compile(f"[`{_UNSEEN}{_ARABIC}{_HEBREW}\U000e0000-\U000e0fff]+")
# Accents, and the letters of Latin, Greek and Cyrillic, on which they do not matter.
_ACCENTS = (
    "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u2de0-\u2dff"
    "\ua66f-\ua672\ua674-\ua67d\ua69e\ua69f\ufe20-\ufe2f"
)
_LETTERS = (
    "A-Za-z\u00aa\u00ba\u00c0-\u02af\u0370-\u0482\u048a-\u052f\u1c80-\u1c8f\u1d00-\u1dbf"
    "\u1e00-\u1fff\u2c60-\u2c7f\ua640-\ua66e\ua680-\ua69d\ua720-\ua7ff\uab30-\uab6f"
)
# It looks back from a mark, not ahead from each letter: so it is quick.
_ON_LETTERS = re.compile(f"[{_ACCENTS}](?<=[{_LETTERS}][{_ACCENTS}])[{_ACCENTS}]*")
# Letters that differ from others by no more than an accent, as collation has them (DUCET), though
# they are not made of two. The dotless i is what a capital one is in small, in Turkish.
_ALIKE = {
    "æ": "ae",
    "ð": "d",
    "ø": "o",
    "đ": "d",
    "ħ": "h",
    "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    "ł": "l",
    "œ": "oe",
    "ґ": "\N{CYRILLIC SMALL LETTER GHE}",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{MODIFIER LETTER APOSTROPHE}": "'",
}
_LIKE_OTHERS = re.compile(f"[{''.join(_ALIKE)}]")
_BLANKS = re.compile(r"\s+")
# Beside marks: what is left out, and the letters that end a Korean syllable.
_ATTACHED = re.compile(f"[{_UNSEEN}\u0640\u1160-\u11ff\ud7b0-\ud7ff]")


def fold(text: str) -> str:
    """Return the form in which text is searched.

    It tells nothing of case, width and compatible forms, nor of accents of Latin, Greek and
    Cyrillic letters, nor of the marks that Arabic and Hebrew mostly leave out, nor of what makes
    words strong or code in Markdown; a run of blanks, line breaks among them, is one blank, and
    none at the ends. Marks that make another letter stay: those of kana and of the scripts of India
    and South East Asia.

    Takes time by the text's length; of more than 64 marks on one letter only so many at once are
    put in order.
    """
    return " ".join(_folded(text).split())


def _folded(text: str) -> str:
    """Fold all but blanks."""
    if text.isascii():
        return text.replace("`", "").replace("**", "").lower()
    apart = _LEFT_OUT.sub("", _normalized("NFKD", text)).replace("**", "")
    plain = _ON_LETTERS.sub("", apart).casefold()
    return _normalized("NFC", _LIKE_OTHERS.sub(_alike, plain))


def _alike(letter: re.Match[str]) -> str:
    return _ALIKE[letter[0]]


def _normalized(form: Literal["NFC", "NFKD"], text: str) -> str:
    cuts = [0, *(found.end() for found in _MANY_MARKS.finditer(text)), len(text)]
    pieces = (text[start:end] for start, end in pairwise(cuts))
    return "".join(unicodedata.normalize(form, piece) for piece in pieces)


class Piece(NamedTuple):
    """Some characters of a text, from `start` to `end`, which fold apart from all others."""

    start: int
    end: int
    folded: str


def pieces(text: str, start: int, end: int, size: int = 1) -> Iterator[Piece]:
    """Yield a part of a text in pieces of `size` characters, or more where they fold together.

    Together they fold as the text does, but that blanks stay apart where a piece ends.
    """
    while start < end:
        cut = next_cut(text, start + size)
        yield Piece(start, cut, _BLANKS.sub(" ", _folded(text[start:cut])))
        start = cut


def next_cut(text: str, at: int) -> int:
    """Return where from there on a text may be cut: before a character that changes no other."""
    while at < len(text) and _attaches(text[at]):
        at += 1
    return min(at, len(text))


@lru_cache(10_000)
def _attaches(character: str) -> bool:
    """Tell whether a character may fold together with those before it, or to nothing."""
    if character in MARKUP or character.isascii():
        return character in MARKUP
    first = unicodedata.normalize("NFKD", character)[0]
    return unicodedata.category(first)[0] == "M" or bool(_ATTACHED.match(first))
