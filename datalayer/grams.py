"""Grams: the short pieces of a text by which a search finds it through an index. Pure.

A text has all its runs of one, two and three characters. A needle of up to two characters is one of
them; a longer one has all its runs of three. They are numbers, salted with whose text it is, so
that what others wrote makes nobody's search slower.
"""

import zlib
from operator import add

LONGEST = 3
ENOUGH = 32  # grams of a needle; what they let through is compared with the text itself
_OFFSET = 2**31  # the index holds signed numbers


def grams_of(text: str, owner: str) -> set[int]:
    """Return the grams of a folded text of a user, named by id."""
    second, third = text[1:], text[2:]
    pairs = list(map(add, text, second))
    return _numbers({*text, *pairs, *map(add, pairs, third)}, owner)


def grams_of_needle(needle: str, owner: str) -> set[int]:
    """Return grams that each text of that user has in which the folded needle stands."""
    if len(needle) < LONGEST:
        return _numbers({needle}, owner)
    count = len(needle) - LONGEST + 1
    step = max(1, count // ENOUGH)
    return _numbers({needle[at : at + LONGEST] for at in range(0, count, step)}, owner)


def _numbers(pieces: set[str], owner: str) -> set[int]:
    salt = zlib.crc32(owner.encode())
    return {zlib.crc32(piece.encode(), salt) - _OFFSET for piece in pieces}
