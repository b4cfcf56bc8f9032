"""Thoughts that a model puts between tags at the start of its answer. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from chat.models.base import Piece, Rethought

_NAMES = ("think", "thinking", "thought", "thoughts", "reasoning")
_OPENING_TAGS = tuple(f"<{name}>" for name in _NAMES)
_CLOSING_TAGS = tuple(f"</{name}>" for name in _NAMES)
_OPENING = re.compile(rf"\s*<({'|'.join(_NAMES)})>", re.IGNORECASE)
_CLOSING = re.compile("|".join(_CLOSING_TAGS), re.IGNORECASE)
_FENCE = "```"
_MOST_BLANKS = 4_096  # that are kept while nothing else comes

Told = Iterator[Piece | Rethought]


class _Where(Enum):
    START = auto()  # nothing was said that is no blank
    THOUGHT = auto()
    AFTER = auto()  # behind thoughts, and nothing but blanks was said since
    ANSWER = auto()


@dataclass(slots=True)
class ThoughtSplitter:
    """Tells thoughts and answer apart in a text that comes in parts, cut anywhere.

    Tags count before the first word of the answer only: later ones are part of it. Blanks around
    thoughts are left out. Thoughts that are never ended go on to the end. Some servers hide the tag
    that opens: one that closes, on a line of its own and outside of code, says so afterwards.
    """

    _where: _Where = _Where.START
    _held: str = ""
    _closing: str = ""
    _has_thought: bool = False
    _late: "_LateTag | None" = field(default_factory=lambda: _LateTag())  # noqa: PLW0108

    def feed(self, text: str) -> Told:
        """Yield what is sure of the text up to here."""
        if self._where is _Where.ANSWER:
            yield from self._answer(text)
        else:
            kept = self._held[-_MOST_BLANKS:] if self._held.isspace() else self._held
            self._held = kept + text
            yield from self._sure()

    def thoughts_came(self) -> None:
        """Note that thoughts came by another way, so that what follows is told from them."""
        self._late = None
        if self._where is _Where.START:
            self._where = _Where.AFTER

    def end(self) -> Told:
        """Yield what was held back, since it might have become a tag."""
        held = self._late.held if self._where is _Where.ANSWER and self._late else self._held
        if held.strip():
            yield Piece(held.rstrip(), True) if self._where is _Where.THOUGHT else Piece(held)

    def _sure(self) -> Told:
        if self._where is not _Where.THOUGHT and (tag := _OPENING.match(self._held)):
            self._where, self._late = _Where.THOUGHT, None
            self._closing, self._has_thought = f"</{tag[1].lower()}>", False
            self._held = self._held[tag.end() :]
        if self._where is _Where.THOUGHT:
            yield from self._thought()
        if self._where is _Where.AFTER:
            self._held = self._held.lstrip()
        if self._where is not _Where.THOUGHT and _is_no_tag(self._held):
            self._where = _Where.ANSWER
            held, self._held = self._held, ""
            yield from self._answer(held)

    def _thought(self) -> Told:
        if not self._has_thought:
            self._held = self._held.lstrip()
        tag = re.search(self._closing, self._held, re.IGNORECASE)
        end = tag.start() if tag else _sure_length(self._held, (self._closing,))
        if said := self._held[:end].rstrip():
            self._has_thought = True
            yield Piece(said, True)
        self._held = self._held[tag.end() if tag else len(said) :]
        if tag:
            self._where = _Where.AFTER
            yield from self._sure()

    def _answer(self, text: str) -> Told:
        if self._late is None:
            yield Piece(text)
            return
        yield from map(Piece, filter(None, [self._late.feed(text)]))
        if self._late.rest is not None:
            self._where, self._held, self._late = _Where.AFTER, self._late.rest, None
            yield Rethought()
            yield from self._sure()


@dataclass(slots=True)
class _LateTag:
    """Looks for a tag that ends thoughts in what was taken for the answer."""

    held: str = ""
    rest: str | None = None
    """What followed the tag, once there was one."""
    _line_has_words: bool = False
    _fences: int = 0
    _ticks: int = 0  # at the end of what was said, of which a fence may be made

    def feed(self, text: str) -> str:
        """Return what is sure of the text up to here, and before the tag."""
        text = self.held + text
        seen = 0
        for tag in _CLOSING.finditer(text):
            self._note(text[seen : tag.start()])
            seen = tag.start()
            if self._may_end_thoughts():
                self.rest = text[tag.end() :]
                return text[:seen]
        sure = _sure_length(text, _CLOSING_TAGS) if "<" in text else len(text)
        self._note(text[seen:sure])
        self.held = text[sure:]
        return text[:sure]

    def _note(self, said: str) -> None:
        """Remember of what was said what decides about a tag behind it."""
        _, newline, line = said.rpartition("\n")
        self._line_has_words = bool(line.strip()) or (self._line_has_words and not newline)
        whole = "`" * self._ticks + said
        before = whole.rstrip("`")
        self._fences += before.count(_FENCE)
        # Of what is left an even number of fences changes nothing.
        self._ticks = (len(whole) - len(before)) % (2 * len(_FENCE))

    def _may_end_thoughts(self) -> bool:
        """Tell whether a tag here stands on a line of its own, and outside of code."""
        fences = self._fences + self._ticks // len(_FENCE)
        return not self._line_has_words and fences % 2 == 0


def _is_no_tag(text: str) -> bool:
    words = text.lstrip().lower()
    return bool(words) and not any(tag.startswith(words) for tag in _OPENING_TAGS)


def _sure_length(text: str, tags: tuple[str, ...]) -> int:
    """Return how much of a text cannot be the beginning of a tag."""
    at = text.rfind("<")
    is_tag = at >= 0 and any(tag.startswith(text[at:].lower()) for tag in tags)
    return at if is_tag else len(text)
