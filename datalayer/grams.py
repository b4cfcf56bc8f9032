"""Grams: the short pieces of a text by which a search finds it through an index. Pure.

A text has all its runs of one and two characters, and those of three in scripts of few characters:
in the others (Chinese, Japanese, Korean, emoji) two already say as much. An index keeps them as
numbers, with one more that says whose text it is. Where runs of three are too common to say much,
a signature tells: a Bloom filter of the runs of five.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from operator import add, xor

ENOUGH = 32  # grams of a needle; what they let through is compared with the text itself
SIGNATURE_BITS = 15_872  # of which three fit a page of PostgreSQL, with what else a row needs
REMEMBERED = 100_000
SLICE = 20_000  # characters; what runs in C lets no other thread go on until it ends
_OFFSET = 2**31  # the index holds signed numbers
_FEW_CHARACTERS = re.compile("[^\u2e80-\U0010ffff]{3,}")  # runs in scripts of few characters


@dataclass(frozen=True, slots=True)
class Grams:
    """The numbers of a text's grams, and its signature: the highest bit of a byte is the first."""

    numbers: set[int]
    signature: bytes

    def __or__(self, other: "Grams") -> "Grams":
        """Return the grams of both, as of one text."""
        one, two = (int.from_bytes(grams.signature) for grams in (self, other))
        signature = (one | two).to_bytes(len(self.signature))
        return Grams(self.numbers | other.numbers, signature)


@dataclass(frozen=True, slots=True)
class Needle:
    """Numbers of grams, and bits of the signature, that each text has in which a needle stands."""

    numbers: set[int]
    bits: Sequence[int]


class _Numbers(dict[str, int]):
    """The number of each piece, remembered: the same pieces come in all texts of a language."""

    def __missing__(self, piece: str) -> int:
        if len(self) >= REMEMBERED:
            self.clear()
        # Numbers are combined below, so those of similar pieces must have nothing in common.
        digest = blake2b(piece.encode(), digest_size=4).digest()
        self[piece] = number = int.from_bytes(digest) - _OFFSET
        return number


_NUMBERS = _Numbers()


def grams_of(texts: Iterable[str], owner: str) -> Grams:
    """Return the grams of folded texts of a user, named by id."""
    short: set[str] = set()
    numbers = {_of_owner(owner)}
    fives: set[int] = set()
    for part in _slices(texts):
        short.update(part, _pairs(part))
        for run in _FEW_CHARACTERS.findall(part):
            threes = _threes(run)
            numbers.update(threes)
            fives.update(_fives(threes))
    numbers.update(map(_NUMBERS.__getitem__, short))
    signature = bytearray(SIGNATURE_BITS // 8)
    for five in fives:
        bit = five % SIGNATURE_BITS
        signature[bit >> 3] |= 0x80 >> (bit & 7)
    return Grams(numbers, bytes(signature))


def grams_of_needle(needle: str, owner: str) -> Needle:
    """Return what each text of that user has in which the folded needle stands."""
    pairs = [pair for pair in _pairs(needle) if max(pair) >= "\u2e80"]
    numbers = list(map(_NUMBERS.__getitem__, pairs))
    bits: list[int] = []
    for run in _FEW_CHARACTERS.findall(needle):
        threes = _threes(run)
        numbers += threes
        bits += [five % SIGNATURE_BITS for five in _fives(threes)]
    some = numbers[:: max(1, len(numbers) // ENOUGH)] or [_NUMBERS[needle]]
    return Needle({_of_owner(owner), *some}, bits)


def _slices(texts: Iterable[str]) -> Iterator[str]:
    """Yield texts in slices that have all their runs of up to five characters."""
    for text in texts:
        for start in range(0, len(text), SLICE):
            yield text[start : start + SLICE + 4]


def _pairs(text: str) -> Sequence[str]:
    return list(map(add, text, text[1:]))


def _threes(text: str) -> Sequence[int]:
    return list(map(_NUMBERS.__getitem__, map(add, _pairs(text), text[2:])))


def _fives(threes: Sequence[int]) -> Iterable[int]:
    """Return numbers of the runs of five characters, by the first and the last three of each."""
    return map(xor, threes, threes[2:])


def _of_owner(owner: str) -> int:
    return _NUMBERS[f"owner {owner}"]
