"""Where an answer is gone on with: what the model says again is left out, and words are kept apart.

Asked to go on, models mostly begin with the next word, but often say their last words once more,
begin with an ellipsis, or leave out the blank that belongs before the next word. Pure.
"""

import re
from dataclasses import dataclass, field

LOOKED_AT = 1_000  # characters at the end of an answer that may be said again
LEAST = (
    12  # bytes of UTF-8 that are said again, rather than there twice: four characters of Chinese
)

_ELLIPSES = ("…", "...")
_BEFORE_WORD = frozenset(".,;:!?)]}%”’»")  # what a blank follows on, before a word
_FENCES = ("```", "~~~")
# Thai and Lao, Burmese, Khmer, Japanese and Chinese are written without blanks.
_WITHOUT_BLANKS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
_LAST_WORD = re.compile(r"[^\W\d_]{3,}$")


@dataclass(slots=True)
class Seam:
    """Takes what is said after a text, and gives back what is to be put behind it.

    Only the beginning is held back, as long as it may be what was said before. After an empty text
    nothing is changed.
    """

    text: str
    _held: str = ""
    _is_decided: bool = field(init=False)

    def __post_init__(self) -> None:
        self._is_decided = not self.text

    def feed(self, more: str) -> str:
        """Return what can be shown now."""
        if self._is_decided:
            return more
        self._held += more
        return "" if self._may_be_more() else self._decide()

    def end(self) -> str:
        """Return what was held back, when no more comes."""
        return "" if self._is_decided else self._decide()

    @property
    def held(self) -> str:
        """What was said and not given back so far."""
        return self._held

    @property
    def _tail(self) -> str:
        return self.text.rstrip()[-LOOKED_AT:]

    def _may_be_more(self) -> bool:
        """Tell whether what follows may change what is to be left out."""
        said = _bare(self._held, is_code=_is_in_code(self.text)).rstrip()
        is_ellipsis = any(mark.startswith(said) for mark in _ELLIPSES)
        return is_ellipsis or said in self._tail

    def _decide(self) -> str:
        self._is_decided = True
        held, self._held = self._held, ""
        is_code = _is_in_code(self.text)
        said = _bare(held, is_code=is_code)
        if again := _said_again(self._tail, said):
            return _fitted(self.text, said[again:])
        begun = _without_ellipsis(held, is_code=is_code)
        is_apart = is_code or not _run_together(self.text, begun)
        return _fitted(self.text, begun if is_apart else f" {begun}")


def _without_ellipsis(said: str, *, is_code: bool) -> str:
    """Return what is said without an ellipsis at its beginning, which is code where there is code.

    A blank after it is no part of what goes on.
    """
    bare = said.lstrip()
    mark = "" if is_code else next((mark for mark in _ELLIPSES if bare.startswith(mark)), "")
    return bare.removeprefix(mark).lstrip(" ") if mark else said


def _bare(said: str, *, is_code: bool) -> str:
    return _without_ellipsis(said, is_code=is_code).lstrip()


def _said_again(tail: str, said: str) -> int:
    """Return how many characters at the beginning of what is said are the end of what was.

    A word that was cut in two is mostly said once more, too.
    """
    lengths = range(min(len(tail), len(said)), 0, -1)
    found = next((length for length in lengths if tail.endswith(said[:length])), 0)
    if len(said[:found].encode("utf-8", "replace")) >= LEAST:
        return found
    part = _LAST_WORD.search(tail)
    is_part = part and said.startswith(part[0]) and said[len(part[0]) :][:1].isalpha()
    return len(part[0]) if part and is_part else 0


def _fitted(text: str, more: str) -> str:
    """Return what goes on without the blanks, and the line ends, that are there already."""
    rest = more.lstrip()
    if not rest or text == text.rstrip():
        return more
    ends, begins = _newlines(text, text.rstrip()), _newlines(more, rest)
    indent = more[: len(more) - len(rest)].rpartition("\n")[2]
    if begins:
        return "\n" * max(0, begins - ends) + indent + rest
    return indent + rest if ends else rest


def _newlines(text: str, bare: str) -> int:
    return text.count("\n") - bare.count("\n")


def _run_together(text: str, more: str) -> bool:
    """Tell whether two words would be one: what begins a reply has no blank before it.

    Where a word was cut in two nobody can know; three in four tokens are whole words.
    """
    last, first = text[-1:], more[:1]
    if _WITHOUT_BLANKS.match(last) or _WITHOUT_BLANKS.match(first) or not first.isalnum():
        return False
    is_number = first.isdigit() and (last.isdigit() or last in ".,:")
    return not is_number and (last.isalnum() or last in _BEFORE_WORD)


def _is_in_code(text: str) -> bool:
    """Tell whether a text ends within a block of code."""
    lines = (line.lstrip() for line in text.splitlines())
    return sum(line.startswith(_FENCES) for line in lines) % 2 == 1
