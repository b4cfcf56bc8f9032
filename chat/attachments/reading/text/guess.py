"""Which encoding is the likeliest where nothing says it. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chat.attachments.reading.text.candidates import CANDIDATES, WIDE, Candidate
from chat.attachments.reading.text.usual import likelihood_of

_FIRST = 1_000  # bytes that sort out the unlikely
_SAMPLE = 8_000
_BEHIND = 40.0  # as a logarithm: what is so much less likely after the first bytes is given up
_SURE = 4.0  # as a logarithm: the next reading is 50 times less likely
_LEAST = -6.2  # as a logarithm, of a byte: what is less likely than that is no text
_FAR, _FAR_A_LETTER = 20.0, 2.0  # as logarithms: so much less likely is what is named and is not so
_SHORT = 32  # bytes: of fewer anything may be a text
# No longer character has a byte below @, but for a few of GB 18030: what is after one is whole.
_NOT_ASCII = re.compile(rb"(?<![\x40-\xff])[\x40-\x7f]{0,200}[\x80-\xff][^\n]{0,400}")

_LOOKED_AT = 400_000  # bytes of lines that are not all ASCII
_HIGH = re.compile(rb"[\x80-\xff]")
_DIGITS = re.compile(rb"[0-9]+")
_CONTEXT = re.compile(
    rb"[\x20-\x7f]{0,2}[\x80-\xff][\x40-\xff]*[\x20-\x7f]?"
)  # of what is no ASCII


@dataclass(frozen=True, slots=True)
class Guess:
    """The likeliest encoding; not sure where another one gives another text nearly as likely."""

    codec: str
    is_sure: bool
    is_text: bool


@dataclass(frozen=True, slots=True)
class _Read:
    candidate: Candidate
    text: str
    likelihood: float


def guess(
    content: bytes, wide: Iterable[str] = (), known: Sequence[Candidate] = CANDIDATES
) -> Guess:
    """Return the likeliest encoding of bytes that are no UTF-8, of those that are known.

    `wide` are the encodings of UTF-16 that are possible, too.
    """
    candidates = [*known, *(it for it in WIDE if it.codec in set(wide))]
    sample = content[:_SAMPLE] if len(candidates) > len(known) else _sampled(_varied(content))
    readings = _ranked(sample[:_FIRST], candidates)
    best = readings[0].likelihood
    if len(sample) > _FIRST:
        left = [it.candidate for it in readings if it.likelihood > best - _BEHIND]
        readings = _ranked(sample, left)
    return _judged(readings, len(sample))


def is_unlikely(content: bytes, named: str, guessed: str | None) -> bool:
    """Tell whether a text is far less likely in the encoding that it names than in another one."""
    known = {it.codec: it for it in CANDIDATES}
    if named == guessed or named not in known or guessed not in known:
        return False
    sample = _sampled(_varied(content))
    behind = _read(sample, known[guessed]).likelihood - _read(sample, known[named]).likelihood
    return behind > max(_FAR, _FAR_A_LETTER * sum(byte > 127 for byte in sample))


def _judged(readings: Sequence[_Read], size: int) -> Guess:
    best, *others = readings
    next_best = max((it.likelihood for it in others if it.text != best.text), default=-1e9)
    same = [it.candidate for it in readings if it.text == best.text]
    return Guess(
        min(same, key=lambda it: it.rarity).codec,
        is_sure=best.likelihood - next_best >= _SURE,
        is_text=size < _SHORT or best.likelihood >= _LEAST * size,
    )


def _ranked(sample: bytes, candidates: Iterable[Candidate]) -> list[_Read]:
    readings = [_read(sample, it) for it in candidates]
    return sorted(readings, key=lambda it: -it.likelihood)


def _read(sample: bytes, candidate: Candidate) -> _Read:
    text = sample.decode(candidate.codec, "replace")
    return _Read(candidate, text, likelihood_of(text, candidate.languages) - candidate.rarity)


def _varied(content: bytes) -> bytes:
    """Return the lines that have something new: what a table repeats in each says no more."""
    known: set[bytes] = set()
    lines: list[bytes] = []
    looked_at = end = 0
    while looked_at < _LOOKED_AT and (found := _HIGH.search(content, end)):
        begin = content.rfind(b"\n", 0, found.start()) + 1
        end = content.find(b"\n", found.end())
        end = len(content) if end < 0 else end
        line = content[begin:end]
        looked_at += len(line)
        here = set(_CONTEXT.findall(_DIGITS.sub(b"0", line)))
        if not here <= known:
            known |= here
            lines.append(line)
    return b"\n".join(lines)


def _sampled(content: bytes) -> bytes:
    """Return what is around the bytes that are no ASCII, all of a short text."""
    if len(content) <= _FIRST:
        return content
    parts: list[bytes] = []
    length = 0
    for found in _NOT_ASCII.finditer(content):
        parts.append(found[0])
        length += len(found[0])
        if length >= _SAMPLE:
            break
    return b"\n".join(parts)[:_SAMPLE] or content[:_SAMPLE]
