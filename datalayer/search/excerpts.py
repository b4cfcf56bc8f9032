"""The part of a text that a search shows: around what was found, which is marked. Pure."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from datalayer.records import Excerpt
from datalayer.search.folding import MARKUP, Piece, next_cut, pieces

LENGTH = 160  # characters of an excerpt
ELLIPSIS = "…"
_BEFORE = 40  # of them before what was found
_NEAR = 120  # characters within which terms stand together
_MOST_FOUND = 500  # places of which the best is taken
_PART = 4_096  # characters that are folded at a time, until something is found
_PIECE = 64  # characters whose places are told apart only where something is found
_SLACK = 16  # characters by which an excerpt may be longer, so as not to part what belongs together
_WORD = re.compile(r"\S+")


class _Found(NamedTuple):
    """Where a term stands in a text."""

    start: int
    end: int
    term: str


def excerpt(text: str, terms: Sequence[str]) -> Excerpt:
    """Return the part of a text in which most of the folded terms stand, the first such one.

    Without any of them it is the beginning.
    """
    found = _found(text, terms)
    start, end = _window(text, *_best(found))
    return _one_line(text, start, end, [it for it in found if it.start < end and it.end > start])


# Where the terms are


def _found(text: str, terms: Sequence[str]) -> list[_Found]:
    """Return where terms stand around the first place where one does, in order."""
    places = _Places(text, *_first_part(text, terms))
    return [
        _Found(places.start(at), places.end(at + len(term) - 1), term)
        for at, term in sorted(_occurrences(places.folded, terms))[:_MOST_FOUND]
    ]


def _first_part(text: str, terms: Sequence[str]) -> tuple[int, int]:
    longest = max(map(len, terms), default=0)
    before, begun = "", 0
    for part in pieces(text, 0, len(text), _PART):
        both = before + part.folded
        if any(term in both for term in terms):
            return begun, next_cut(text, part.end + _PART)
        before, begun = both[-longest:], part.start
    return 0, 0


def _occurrences(folded: str, terms: Iterable[str]) -> Iterator[tuple[int, str]]:
    for term in terms:
        at = folded.find(term)
        while at >= 0:
            yield at, term
            at = folded.find(term, at + 1)


class _Places:
    """A part of a text, folded, and where each character of that comes from."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text = text
        self._pieces = list(_joined(pieces(text, start, end, _PIECE)))
        self._starts = list(accumulate((len(it.folded) for it in self._pieces), initial=0))
        self._known: dict[int, list[Piece]] = {}
        self.folded = "".join(it.folded for it in self._pieces)

    def piece(self, at: int) -> Piece:
        """Return the smallest piece that the folded character there comes from."""
        number = bisect_right(self._starts, at) - 1
        start = self._starts[number]
        for piece in self._smallest(number):
            start += len(piece.folded)
            if start > at:
                return piece
        return self._pieces[number]

    def start(self, at: int) -> int:
        """Return where that piece begins, without a letter before a sign of Markdown."""
        piece = self.piece(at)
        return piece.start + (len(self._letters(piece)) if self.folded[at] == "*" else 0)

    def end(self, at: int) -> int:
        """Return where that piece ends, without signs of Markdown behind it that say nothing."""
        piece = self.piece(at)
        return piece.end if self.folded[at] == "*" else piece.start + len(self._letters(piece))

    def _letters(self, piece: Piece) -> str:
        return self._text[piece.start : piece.end].rstrip(MARKUP)

    def _smallest(self, number: int) -> list[Piece]:
        if number not in self._known:
            coarse, before = self._pieces[number], self.folded[: self._starts[number]]
            self._known[number] = list(
                _joined(pieces(self._text, coarse.start, coarse.end), before)
            )
        return self._known[number]


def _joined(parts: Iterable[Piece], before: str = "") -> Iterator[Piece]:
    """Yield pieces, with one blank where two of them meet with theirs."""
    for part in parts:
        folded = part.folded
        if before.endswith(" ") and folded.startswith(" "):
            folded = folded[1:]
        yield part._replace(folded=folded)
        before = folded or before


# What is shown


def _best(found: Sequence[_Found]) -> tuple[int, int]:
    """Return the first place from which on most terms are nearest."""

    def near(number: int) -> tuple[int, int]:
        ahead = found[number : number + _NEAR]
        begun = ahead[0].start
        first = {it.term: it.start - begun for it in reversed(ahead) if it.start < begun + _NEAR}
        return len(first), -max(first.values())

    if not found:
        return 0, 0
    best = found[max(range(len(found)), key=near)]
    return best.start, best.end


def _window(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the part of a text around a place, from one word's beginning to another's end."""
    first = max(0, start - _BEFORE)
    if first:
        blank = _blank_after(text, first - 1, start)
        first = min(start, _cut(text, first) if blank is None else blank + 1)
    last = first + LENGTH
    if last >= len(text):
        return first, len(text)
    blank = _blank_before(text, max(first, min(end, last), last - _BEFORE), last)
    return first, _cut(text, last) if blank is None else blank


def _blank_after(text: str, start: int, end: int) -> int | None:
    return next((at for at in range(start, end) if text[at].isspace()), None)


def _blank_before(text: str, start: int, end: int) -> int | None:
    return next((at for at in range(end, start - 1, -1) if text[at].isspace()), None)


def _cut(text: str, at: int) -> int:
    return min(next_cut(text, at), at + _SLACK)


def _one_line(text: str, start: int, end: int, found: Iterable[_Found]) -> Excerpt:
    """Return a part of a text with single blanks, and an ellipsis where something is left out."""
    words = list(_WORD.finditer(text, start, end))
    if not words:
        return Excerpt("", ())
    before = ELLIPSIS if not text[:start].isspace() and start else ""
    after = ELLIPSIS if end < len(text) and not text[end:].isspace() else ""
    starts = list(accumulate((len(word[0]) + 1 for word in words), initial=len(before)))

    def place(at: int) -> int:
        number = max(0, bisect_right(words, at, key=re.Match.start) - 1)
        word = words[number]
        return starts[number] + max(0, min(at, word.end()) - word.start())

    marks = [(place(max(it.start, start)), place(min(it.end, end))) for it in found]
    line = " ".join(word[0] for word in words)
    return Excerpt(f"{before}{line}{after}", tuple(_merged(marks)))


def _merged(marks: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    last: tuple[int, int] | None = None
    for start, end in sorted(marks):
        if last and start <= last[1]:
            last = (last[0], max(last[1], end))
            continue
        if last:
            yield last
        last = (start, end)
    if last:
        yield last
