"""Ngrams: the short pieces of a text by which a search finds it through an index. Pure.

A text has all its runs of one and two characters, and those of three in scripts of few characters:
in the others (Chinese, Japanese, Korean, emoji) two already say as much. An index keeps them as
numbers, with one more that says whose text it is. Where runs of three are too common to say much,
a signature tells: a Bloom filter of the runs of five letters within words.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import add
from zlib import crc32

ENOUGH = 32  # ngrams of a needle; what they let through is compared with the text itself
SIGNATURE_BITS = 15_872  # of which three fit a page of PostgreSQL, with what else a row needs
REMEMBERED = 100_000
SLICE = 20_000  # characters; what runs in C lets no other thread go on until it ends
_OFFSET = 2**31  # the index holds signed numbers
_FEW_CHARACTERS = re.compile("[^\u2e80-\U0010ffff]{3,}")  # runs in scripts of few characters


@dataclass(frozen=True, slots=True)
class Ngrams:
    """The numbers of a text's ngrams, and its signature: the highest bit of a byte is the first."""

    numbers: set[int]
    signature: bytes

    def __or__(self, other: "Ngrams") -> "Ngrams":
        """Return the ngrams of both, as of one text."""
        one, two = (int.from_bytes(ngrams.signature) for ngrams in (self, other))
        signature = (one | two).to_bytes(len(self.signature))
        return Ngrams(self.numbers | other.numbers, signature)


@dataclass(frozen=True, slots=True)
class NeedleNgrams:
    """Numbers of ngrams, and bits of the signature, that each text has in which a needle stands."""

    numbers: set[int]
    bits: Sequence[int]


class _Numbers(dict[str, int]):
    """The number of each piece, remembered: the same pieces come in all texts of a language."""

    def __missing__(self, piece: str) -> int:
        if len(self) >= REMEMBERED:
            self.clear()
        self[piece] = number = crc32(piece.encode()) - _OFFSET
        return number


_NUMBERS = _Numbers()


def ngrams_of(texts: Iterable[str], owner: str) -> Ngrams:
    """Return the ngrams of folded texts of a user, named by id."""
    pieces: set[str] = set()
    fives: set[str] = set()
    for part in _slices(texts):
        pieces.update(part, _pairs(part))
        for run in _FEW_CHARACTERS.findall(part):
            threes = _threes(run)
            pieces.update(threes)
            fives.update(_fives(run, threes))
    signature = bytearray(SIGNATURE_BITS // 8)
    for bit in _bits(fives):
        signature[bit >> 3] |= 0x80 >> (bit & 7)
    return Ngrams({_of_owner(owner), *map(_NUMBERS.__getitem__, pieces)}, bytes(signature))


def ngrams_of_needle(needle: str, owner: str) -> NeedleNgrams:
    """Return what each text of that user has in which the folded needle stands."""
    pieces = [pair for pair in _pairs(needle) if max(pair) >= "\u2e80"]
    bits: list[int] = []
    for run in _FEW_CHARACTERS.findall(needle):
        threes = _threes(run)
        pieces += threes
        bits += _bits(_fives(run, threes))
    some = pieces[:: max(1, len(pieces) // ENOUGH)] or [needle]
    return NeedleNgrams({_of_owner(owner), *map(_NUMBERS.__getitem__, some)}, bits)


def _pairs(text: str) -> Sequence[str]:
    return list(map(add, text, text[1:]))


def _threes(text: str) -> Sequence[str]:
    return list(map(add, _pairs(text), text[2:]))


def _fives(text: str, threes: Sequence[str]) -> Iterator[str]:
    """Return the runs of five within words; those across them would fill a signature."""
    return filter(str.isalnum, map(add, threes, _pairs(text[3:])))


def _bits(pieces: Iterable[str]) -> Iterator[int]:
    """Yield the bits of pieces, two of each: one alone may be that of a frequent piece as well."""
    for piece in pieces:
        high, low = divmod(crc32(piece.encode()), SIGNATURE_BITS)
        yield low
        yield high % SIGNATURE_BITS


def _of_owner(owner: str) -> int:
    return _NUMBERS[f"owner {owner}"]


def _slices(texts: Iterable[str]) -> Iterator[str]:
    """Yield texts in slices that have all their runs of up to five characters."""
    for text in texts:
        for start in range(0, len(text), SLICE):
            yield text[start : start + SLICE + 4]
