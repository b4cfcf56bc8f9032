"""Grams: the short pieces of a text by which a search finds it through an index. Pure.

A text has all its runs of one, two and three characters. A needle of up to two characters is one of
them; a longer one has all its runs of three. An index keeps them as numbers, with one more that
says whose text it is.
"""

import zlib
from collections.abc import Iterable
from operator import add

LONGEST = 3
ENOUGH = 32  # grams of a needle; what they let through is compared with the text itself
REMEMBERED = 500_000
_OFFSET = 2**31  # the index holds signed numbers


class _Numbers(dict[str, int]):
    """The number of each piece, remembered: the same pieces come in all texts of a language."""

    def __missing__(self, piece: str) -> int:
        if len(self) >= REMEMBERED:
            self.clear()
        self[piece] = number = zlib.crc32(piece.encode()) - _OFFSET
        return number


_NUMBERS = _Numbers()


def grams_of(texts: Iterable[str], owner: str) -> set[int]:
    """Return the grams of folded texts of a user, named by id."""
    pieces: set[str] = set()
    for text in texts:
        pairs = list(map(add, text, text[1:]))
        pieces.update(text, pairs, map(add, pairs, text[2:]))
    return {_of_owner(owner), *map(_NUMBERS.__getitem__, pieces)}


def grams_of_needle(needle: str, owner: str) -> set[int]:
    """Return grams that each text of that user has in which the folded needle stands."""
    if len(needle) < LONGEST:
        return {_of_owner(owner), _NUMBERS[needle]}
    count = len(needle) - LONGEST + 1
    step = max(1, count // ENOUGH)
    pieces = (needle[at : at + LONGEST] for at in range(0, count, step))
    return {_of_owner(owner), *map(_NUMBERS.__getitem__, pieces)}


def _of_owner(owner: str) -> int:
    return zlib.crc32(f"owner {owner}".encode()) - _OFFSET
