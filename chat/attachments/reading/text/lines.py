"""Texts of several programs in one file: some lines are UTF-8, the others are not. Pure."""

import re
from dataclasses import dataclass

from chat.attachments.reading.text.candidates import CANDIDATES
from chat.attachments.reading.text.guess import Guess, guess
from chat.attachments.reading.text.likelihood import likelihood

_FEWEST = 2  # bytes: a single one is rather damage
_SAMPLE = 4_000
# A character that is cut, as programs leave it that write so many bytes of a line
_CUT = re.compile(rb"[\xe0-\xf4][\x80-\xbf]{1,2}\Z")


@dataclass(frozen=True, slots=True)
class ByLines:
    """A text, and the encoding of those of its lines that are not UTF-8."""

    text: str
    codec: str
    is_sure: bool


def read_by_lines(content: bytes, *, is_whole: bool) -> ByLines | None:
    """Return a text each line of which is read as what it is; None where all are of one kind.

    The last character may be cut where it is not the whole.
    """
    lines = content.split(b"\n")
    unicode = [it for it in lines if not it.isascii() and _is_utf8(it)]
    others = [it for it in lines if not it.isascii() and _is_other(it)]
    found = _guess(unicode, others)
    if not found:
        return None
    codecs = dict.fromkeys(others, found.codec)
    errors = ["replace"] * len(lines) if is_whole else ["replace"] * (len(lines) - 1) + ["ignore"]
    text = "\n".join(
        line.decode(codecs.get(line, "utf-8"), on_error)
        for line, on_error in zip(lines, errors, strict=True)
    )
    return ByLines(text, found.codec, found.is_sure)


def _guess(unicode: list[bytes], others: list[bytes]) -> Guess | None:
    joined = b"\n".join(others)
    if not unicode or sum(byte > 127 for byte in joined) < _FEWEST:
        return None
    found = guess(joined)
    return found if found.is_text and _is_likelier(b"\n".join(unicode), found.codec) else None


def _is_likelier(lines: bytes, codec: str) -> bool:
    """Tell whether lines are likelier UTF-8 than what the other lines are in."""
    [candidate] = [it for it in CANDIDATES if it.codec == codec]
    sample = lines[:_SAMPLE]
    as_unicode, as_other = (
        likelihood(sample.decode(it, "replace"), candidate.languages) for it in ("utf-8", codec)
    )
    return as_unicode > as_other


def _is_utf8(line: bytes) -> bool:
    return "\ufffd" not in line.decode("utf-8", "replace")


def _is_other(line: bytes) -> bool:
    """Tell whether more of a line is bad as UTF-8 than is not."""
    text = _CUT.sub(b"", line).decode("utf-8", "replace")
    bad = text.count("\ufffd")
    return bad > sum(not it.isascii() and it != "\ufffd" for it in text)
