"""Rich text as a run of control words, bytes and braces."""

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

_TOKEN = re.compile(
    rb"\\(?P<word>[A-Za-z]{1,32})(?P<number>-?\d{1,10})?[ ]?|\\'(?P<byte>[0-9A-Fa-f]{2})"
    rb"|\\(?P<symbol>.)|(?P<open>\{)|(?P<close>\})|(?P<text>[^\\{}\r\n]+)|[\r\n]+",
    re.DOTALL,
)
_ESCAPED = (b"\\", b"{", b"}")


class Brace(Enum):
    """Where a group begins or ends."""

    OPEN = auto()
    CLOSE = auto()


class Word(NamedTuple):
    """A control word, or a control symbol, with its number."""

    name: str
    number: int | None = None


Token = Word | Brace | bytes


def tokens(content: bytes) -> Iterator[tuple[int, Token]]:
    """Yield where each token begins, and the token; what is not encoded as text is passed over."""
    place = 0
    while found := _TOKEN.match(content, place):
        begins, place = place, found.end()
        token = _token(found)
        if isinstance(token, Word) and token.name == "bin":
            place += max(0, token.number or 0)
        elif token is not None:
            yield begins, token


def _token(found: re.Match[bytes]) -> Token | None:
    match found.lastgroup:
        case "word" | "number":
            number = found["number"]
            return Word(found["word"].decode("ascii"), int(number) if number else None)
        case "byte":
            return bytes.fromhex(found["byte"].decode("ascii"))
        case "symbol":
            symbol = found["symbol"]
            return symbol if symbol in _ESCAPED else Word(symbol.decode("latin-1"))
        case "open" | "close":
            return Brace.OPEN if found["open"] else Brace.CLOSE
        case "text":
            return found["text"]
    return None
