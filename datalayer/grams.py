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
from operator import add, sub, xor

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
    numbers = {_of_owner(owner)}
    longer: set[int] = set()
    for text in texts:
        short.update(text, _pairs(text))
        for run in _FEW_CHARACTERS.findall(text):
            threes = _threes(run)
            numbers.update(threes)
            longer.update(*_longer(threes))
    numbers.update(map(_NUMBERS.__getitem__, short))
    return Grams(numbers, _signature(longer))


def grams_of_needle(needle: str, owner: str) -> Grams:
    """Return grams that each text of that user has in which the folded needle stands."""
    pairs = [pair for pair in _pairs(needle) if max(pair) >= "\u2e80"]
    numbers = list(map(_NUMBERS.__getitem__, pairs))
    longer: set[int] = set()
    for run in _FEW_CHARACTERS.findall(needle):
        threes = _threes(run)
        numbers += threes
        longer.update(*_longer(threes))
    some = numbers[:: max(1, len(numbers) // ENOUGH)] or [_NUMBERS[needle]]
    return Grams({_of_owner(owner), *some}, _signature(longer))


def _pairs(text: str) -> Sequence[str]:
    return list(map(add, text, text[1:]))


def _threes(text: str) -> Sequence[int]:
    return list(map(_NUMBERS.__getitem__, map(add, _pairs(text), text[2:])))


def _longer(threes: Sequence[int]) -> tuple[Iterable[int], Iterable[int]]:
    """Return numbers of the runs of four and of five characters, by the two threes in each."""
    return map(sub, threes, threes[1:]), map(xor, threes, threes[2:])


def _signature(numbers: Iterable[int]) -> bytes:
    signature = bytearray(SIGNATURE_BITS // 8)
    for number in numbers:
        bit = number % SIGNATURE_BITS
        signature[bit >> 3] |= 0x80 >> (bit & 7)
    return bytes(signature)


def _of_owner(owner: str) -> int:
    return _NUMBERS[f"owner {owner}"]
