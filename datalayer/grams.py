"""Grams: the short pieces of a text by which a search finds it through an index. Pure.

A text has all its runs of one and two characters, and those of three in scripts of few characters:
in the others (Chinese, Japanese, Korean, emoji) two already say as much. An index keeps them as
numbers, with one more that says whose text it is. Where runs of three are too common to say much,
a signature tells: a Bloom filter of the runs of four and five.
"""

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import add

ENOUGH = 32  # grams of a needle; what they let through is compared with the text itself
SIGNATURE_BITS = 31_744  # two pieces of the size in which PostgreSQL keeps what is long
REMEMBERED = 500_000
_OFFSET = 2**31  # the index holds signed numbers
_FEW_CHARACTERS = re.compile("[^\u2e80-\U0010ffff]{3,}")  # runs in scripts of few characters


@dataclass(frozen=True, slots=True)
class Grams:
    """The numbers of grams, and a signature: its first bit is the highest of the first byte."""

    numbers: set[int]
    signature: bytes

    def __or__(self, other: "Grams") -> "Grams":
        """Return the grams of both, as of one text."""
        one, two = (int.from_bytes(grams.signature) for grams in (self, other))
        signature = (one | two).to_bytes(len(self.signature))
        return Grams(self.numbers | other.numbers, signature)


class _Numbers(dict[str, int]):
    """The number of each piece, remembered: the same pieces come in all texts of a language."""

    def __missing__(self, piece: str) -> int:
        if len(self) >= REMEMBERED:
            self.clear()
        self[piece] = number = zlib.crc32(piece.encode()) - _OFFSET
        return number


_NUMBERS = _Numbers()


def grams_of(texts: Iterable[str], owner: str) -> Grams:
    """Return the grams of folded texts of a user, named by id."""
    short: set[str] = set()
    long: set[str] = set()
    for text in texts:
        short.update(text, _runs(text, 2))
        for run in _FEW_CHARACTERS.findall(text):
            threes = _runs(run, 3)
            short.update(threes)
            long.update(map(add, threes, run[3:]), map(add, threes, _runs(run[3:], 2)))
    return Grams({_of_owner(owner), *map(_NUMBERS.__getitem__, short)}, _signature(long))


def grams_of_needle(needle: str, owner: str) -> Grams:
    """Return grams that each text of that user has in which the folded needle stands."""
    short = [pair for pair in _runs(needle, 2) if max(pair) >= "\u2e80"]
    long: list[str] = []
    for run in _FEW_CHARACTERS.findall(needle):
        short += _runs(run, 3)
        long += (*_runs(run, 4), *_runs(run, 5))
    pieces = (short or [needle])[:: max(1, len(short) // ENOUGH)]
    return Grams({_of_owner(owner), *map(_NUMBERS.__getitem__, pieces)}, _signature(long))


def _runs(text: str, length: int) -> Sequence[str]:
    if length == 2:
        return list(map(add, text, text[1:]))
    return list(map(add, _runs(text, length - 1), text[length - 1 :]))


def _signature(pieces: Iterable[str]) -> bytes:
    signature = bytearray(SIGNATURE_BITS // 8)
    for piece in pieces:
        bit = zlib.crc32(piece.encode()) % SIGNATURE_BITS
        signature[bit >> 3] |= 0x80 >> (bit & 7)
    return bytes(signature)


def _of_owner(owner: str) -> int:
    return _NUMBERS[f"owner {owner}"]
