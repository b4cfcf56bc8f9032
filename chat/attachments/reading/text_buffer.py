"""What is read is written into a buffer until that is full."""

import re
from collections import Counter

from chat.attachments.results import ExtractedText, Remark, RemarkKind

# Control characters say nothing to a model; a lone surrogate cannot be sent at all.
_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class BufferFull(Exception):
    """Nothing more is taken: reading may end."""


class TextBuffer:
    """Takes at most `limit` characters, and knows how far in the file they reach."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._parts: list[str] = []
        self._length = 0
        self._through = 0.0
        self._blank = True
        self.counts: dict[str, int] = {}
        self.tally: Counter[RemarkKind] = Counter()
        """How much of each kind was left out so far; becomes remarks at the end."""
        self._remarks: list[Remark] = []
        self.depth = 0  # of how many files this one is within

    @property
    def is_blank(self) -> bool:
        """Tell whether nothing was written but headings."""
        return self._blank

    @property
    def room(self) -> int:
        """How many characters it still takes."""
        return self.limit - self._length

    @property
    def length(self) -> int:
        """How many characters it has taken."""
        return self._length

    def part(self, limit: int) -> "TextBuffer":
        """Return a buffer for a file within this one; `add` then takes what it holds."""
        part = TextBuffer(min(limit, self.room))
        part.depth = self.depth + 1
        return part

    def add(self, part: "TextBuffer") -> None:
        """Write what the buffer of a part holds; raises `BufferFull`."""
        text = part.text()
        self.tally += part.tally
        for remark in part._remarks:
            self.remark(remark.kind, remark.detail)
        is_whole = text.total is not None and len(text.text) >= text.total
        self.tally[RemarkKind.CUT_PARTS] += not is_whole
        self.write(text.text if is_whole else f"{text.text}\n[… cut …]")

    def heading(self, text: str) -> None:
        """Write what is not of the file itself."""
        self._write(text)

    def write(self, text: str) -> None:
        """Write a piece of the file's text; raises `BufferFull`."""
        self._blank = self._blank and not text.strip()
        self._write(text)

    def _write(self, text: str) -> None:
        part = _UNWANTED.sub("", text)[: self.limit - self._length]
        self._parts.append(part)
        self._length += len(part)
        if self._length >= self.limit:
            raise BufferFull

    def remark(self, kind: RemarkKind, detail: object = "") -> None:
        """Note what was guessed, changed or left out; what is noted twice is told once."""
        remark = Remark(kind, str(detail))
        if remark not in self._remarks:
            self._remarks.append(remark)

    def reached(self, done: float, whole: float) -> None:
        """Note that so much of the whole is written, in whatever unit."""
        self._through = min(1.0, done / whole) if whole > 0 else 1.0

    def text(self) -> ExtractedText:
        """Return what was written, with an estimate of how much the file has."""
        text = "".join(self._parts).strip()
        tallied = (Remark(kind, str(number)) for kind, number in (+self.tally).items())
        remarks = (*self._remarks, *tallied)
        return ExtractedText(
            text=text, total=self._total(text), counts=self.counts, remarks=remarks
        )

    def _total(self, text: str) -> int | None:
        if self._length < self.limit:
            return len(text)
        return max(round(self._length / self._through), len(text) + 1) if self._through else None
